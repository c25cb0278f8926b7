"""What an index says of itself."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from mmqa.cli import main
from mmqa.commands.state import size

pytestmark = pytest.mark.weights
Run = Callable[..., tuple[int, list[dict[str, Any]]]]


def test_status_counts_kinds_modalities_and_bytes(run: Run, index: Path, media: Path) -> None:
    picture = Image.new("RGB", (200, 150), "red")
    exif = picture.getexif()
    exif[0x0132], exif[0x9010] = "2024:06:11 12:00:00", "+02:00"
    picture.save(media / "harbour.jpg", exif=exif)
    run("add", media, "--no-ocr", "--tag", "trip")
    run("remove", media / "a.txt")
    code, (status,) = run("status", "--items")
    assert code == 0
    assert (status["item_count"], status["segments"]) == (3, 3)
    assert status["by_kind"] == {"image": 1, "text": 2}
    assert status["by_modality"] == {"text": 3, "visual": 1}  # the picture's name is words
    media_bytes = sum(p.stat().st_size for p in media.rglob("*") if p.is_file())
    assert status["media_bytes"] == media_bytes - (media / "a.txt").stat().st_size
    (thumbnail,) = (index / "thumbs").iterdir()
    assert status["thumbnail_bytes"] == thumbnail.stat().st_size
    assert status["catalogue_bytes"] > 10_000
    assert status["faiss_bytes"] == sum(p.stat().st_size for p in (index / "segments").iterdir())
    assert status["tombstones"] == 1
    assert status["pending"] == 0
    assert status["generation"] > 0
    assert {"image_encoder", "text_encoder", "mapping"} <= set(status["fingerprints"])
    (file,) = status["faiss_files"]
    assert (file["index_type"], file["nlist"], file["recall"]) == ("flat", 0, None)
    assert file["rows"] >= 3
    items = {Path(item["path"]).name: item for item in status["items"]}
    assert items["harbour.jpg"]["taken"] == "2024-06-11T10:00:00+00:00"
    assert items["b.txt"]["taken"] is None
    assert all(item["tags"] == ["trip"] for item in items.values())


def test_status_is_readable(
    run: Run, index: Path, media: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run("add", media, "--tag", "trip")
    assert main(["status", "--items", "--index", str(index)]) == 0
    printed = capsys.readouterr().out
    assert "3 (3 text)" in printed
    assert "flat, exact" in printed
    assert f"{media}/a.txt  #trip" in printed


def test_missing_media_are_a_warning_with_its_remedy_and_no_problem(
    run: Run, index: Path, media: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run("add", media)
    shutil.rmtree(media / "deep")
    gone = str(media / "deep" / "c.txt")
    assert run("verify") == (0, [{"problems": [], "missing_media": [gone]}])
    assert main(["verify", "--index", str(index)]) == 0
    printed = capsys.readouterr().err
    assert gone in printed.replace("\n", "")
    assert "mmqa sync" in printed
    assert "the index is sound" in printed


def test_a_problem_is_named_and_gives_exit_code_1(
    run: Run, index: Path, media: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run("add", media)
    (media / "a.txt").unlink()
    (file,) = (index / "segments").glob("*.faiss")
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(bytes(content))
    code, (found,) = run("verify")
    assert code == 1
    assert file.name in found["problems"][0]
    assert found["missing_media"] == [str(media / "a.txt")]
    assert main(["verify", "--index", str(index)]) == 1
    assert file.name in capsys.readouterr().out
    assert run("rebuild")[0] == 0
    assert run("verify")[0] == 0


def test_sizes_are_written_with_a_fitting_unit() -> None:
    written = [size(n) for n in (0, 999, 1000, 999_949, 999_950, 1_500_000_000, 10**16)]
    assert written == ["0 B", "999 B", "1.0 kB", "999.9 kB", "1.0 MB", "1.5 GB", "10000.0 TB"]
