"""The one door: what comes through it, and what it refuses."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mmqa.errors import MediaError
from mmqa.interfaces import Reader
from mmqa.media.reader import FileReader
from mmqa.records import Passage, Picture, Recording

Write = Callable[..., Path]


def photo(path: Path, size: tuple[int, int] = (200, 150)) -> Path:
    noise = np.random.default_rng(0).integers(0, 255, (size[1], size[0], 3), np.uint8)
    Image.fromarray(noise).save(path, "JPEG")
    return path


def test_a_picture_comes_with_all_that_is_known_about_it(tmp_path: Path) -> None:
    path = photo(tmp_path / "ferry_at_dawn.jpg")
    (tmp_path / "ferry_at_dawn.jpg.txt").write_text("Our first ferry")
    reader: Reader = FileReader()
    media = reader.read(path)
    assert media.item.kind == "image"
    assert media.item.path == path.resolve()
    assert media.item.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert media.item.size_bytes == path.stat().st_size
    assert media.item.mtime_ns == path.stat().st_mtime_ns
    assert media.caption == "Our first ferry"
    assert "captioned" in media.item.flags
    assert media.name_words == "ferry at dawn"
    [part] = media.parts
    assert isinstance(part, Picture)
    assert part.pixels.shape == (150, 200, 3)


def test_recordings_notes_and_documents_come_through_the_same_door(
    tmp_path: Path, write_sound: Write, write_pdf: Write
) -> None:
    (tmp_path / "note.md").write_text("# A\nThe ferry leaves at nine.")
    reader = FileReader()
    kinds = {
        path.name: (media.item.kind, [type(part) for part in media.parts])
        for path in (
            write_sound("a.wav"),
            tmp_path / "note.md",
            write_pdf("a.pdf", [["Hello all"]]),
        )
        for media in [reader.read(path)]
    }
    assert kinds == {
        "a.wav": ("audio", [Recording]),
        "note.md": ("text", [Passage]),
        "a.pdf": ("text", [Passage, Picture]),
    }


def test_content_decides_and_the_extension_is_not_believed(tmp_path: Path) -> None:
    Image.new("RGB", (60, 60), "red").save(tmp_path / "really_a_png.jpg", "PNG")
    assert FileReader().read(tmp_path / "really_a_png.jpg").item.kind == "image"


def test_a_link_is_read_under_the_name_of_its_target(tmp_path: Path) -> None:
    path = photo(tmp_path / "a.jpg")
    (tmp_path / "link.jpg").symlink_to(path)
    assert FileReader().read(tmp_path / "link.jpg").item.path == path.resolve()


def test_flags_of_file_and_content_are_sorted(tmp_path: Path) -> None:
    Image.new("RGB", (20, 20), (3, 3, 3)).save(tmp_path / "a.png")
    assert FileReader().read(tmp_path / "a.png").item.flags == ("dark", "tiny")


def test_describe_streams_the_same_hash(tmp_path: Path) -> None:
    path = tmp_path / "big"
    path.write_bytes(b"abc" * 1_000_000)
    sha256, size_bytes, mtime_ns = FileReader().describe(path)
    assert sha256 == hashlib.sha256(b"abc" * 1_000_000).hexdigest()
    assert (size_bytes, mtime_ns) == (3_000_000, path.stat().st_mtime_ns)


def test_every_bad_file_of_a_folder_is_refused_with_a_sentence(
    tmp_path: Path, write_sound: Write, write_pdf: Write, write_plain_png: Write
) -> None:
    cut = photo(tmp_path / "cut.jpg")
    cut.write_bytes(cut.read_bytes()[:3000])
    (tmp_path / "words.png").write_text("I am no picture")
    (tmp_path / "empty.wav").touch()
    write_plain_png("huge.png", 20_000, rows=1)
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    (tmp_path / "folder").mkdir()
    long = write_sound("long.wav", seconds=4.0)
    locked = write_pdf("locked.pdf", [["x"]], password="y")
    expected = {
        "cut.jpg": "the JPEG picture is cut short",
        "words.png": "it is a text file named .png",
        "empty.wav": "the file is empty",
        "huge.png": "400,000,000 pixels, more than the 100,000,000 allowed",
        "pipe": "it is a named pipe",
        "loop": "leads back to itself",
        "folder": "it is a folder",
        "vanished.jpg": "there is no such file",
        long.name: "longer than the 3 s allowed",
        locked.name: "asks for a password",
    }
    reader = FileReader(max_audio_s=3.0)
    for name, words in expected.items():
        with pytest.raises(MediaError) as caught:
            reader.read(tmp_path / name)
        assert words in caught.value.reason, name
        assert repr(str(tmp_path / name)) in str(caught.value)


@pytest.mark.parametrize(
    "name",
    ["a b.jpg", 'it\'s "so".jpg', "two\nlines.jpg", "🐙.jpg", "渡轮.jpg", os.fsdecode(b"\xff.jpg")],
)
def test_files_of_any_name_are_read(tmp_path: Path, name: str) -> None:
    assert FileReader().read(photo(tmp_path / name)).item.path.name == name


@pytest.mark.skipif(not hasattr(os, "setuid"), reason="needs users as on Unix")
def test_a_file_without_permission_is_refused() -> None:
    """Root may read everything, so the reading is done by a process that is nobody."""
    folder = Path(tempfile.mkdtemp(dir="/tmp"))
    try:
        folder.chmod(0o755)
        photo(folder / "closed.jpg").chmod(0o000)
        code = (
            "import os, sys\nfrom pathlib import Path\nfrom mmqa.media.reader import FileReader\n"
            "os.getuid() == 0 and os.setuid(65534)\n"
            "try: FileReader().read(Path(sys.argv[1]))\n"
            "except Exception as error: print(type(error).__name__, error)\n"
        )
        result = subprocess.run(
            [sys.executable, "-c", code, str(folder / "closed.jpg")],
            capture_output=True,
            text=True,
            check=False,
            cwd=Path(__file__).parents[2],
        )
    finally:
        shutil.rmtree(folder)
    assert result.stdout.startswith("MediaError"), result.stderr
    assert "permission to read it is denied" in result.stdout


def test_a_caption_that_cannot_be_read_is_a_flag_and_no_refusal(tmp_path: Path) -> None:
    path = photo(tmp_path / "a.jpg")
    (tmp_path / "a.jpg.txt").mkdir()
    media = FileReader().read(path)
    assert media.caption == ""
    assert media.item.flags == ("unreadable-caption",)
