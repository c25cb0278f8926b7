"""Bad files and bad questions: each is refused with a sentence, and everything else goes on.

These run the real flow with the real weights: a refusal is worth nothing if the rest is lost.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw, PngImagePlugin

from mmqa import Library
from mmqa.cli import main
from mmqa.errors import IndexFolderError
from mmqa.fusion.concat import load
from mmqa.index.identity import IndexIdentity
from mmqa.index.store import IndexStore

pytestmark = pytest.mark.weights


def photograph(path: Path, seed: int = 0) -> Path:
    """A smooth picture, big enough to be no icon."""
    grain = np.random.default_rng(seed).integers(0, 255, (12, 16, 3), dtype=np.uint8)
    Image.fromarray(grain).resize((320, 240), Image.Resampling.BICUBIC).save(path)
    return path


def bomb(path: Path) -> None:
    """A 20,000 × 20,000 PNG: 1.2 GB of pixels in a small file."""
    picture = Image.new("1", (20_000, 20_000))
    picture.save(path, compress_level=9)


def silence(path: Path, seconds: float = 2.0) -> None:
    import wave

    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, 16_000, 0, "NONE", ""))
        file.writeframes(b"\0\0" * int(16_000 * seconds))


def truncated(path: Path) -> None:
    photograph(path)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


BAD: dict[str, Callable[[Path], object]] = {
    "truncated.jpg": truncated,
    "really-text.png": lambda path: path.write_text("no picture at all, only words\n"),
    "empty.wav": lambda path: path.write_bytes(b""),
    "bomb.png": bomb,
    "noise.jpg": lambda path: path.write_bytes(os.urandom(4_000)),
    "fifo": lambda path: os.mkfifo(path),
}


def add(folder: Path, index: Path, capsys: pytest.CaptureFixture[str]) -> tuple[int, list[dict]]:
    code = main(["add", str(folder), "--index", str(index), "--json", "--no-ocr"])
    lines = capsys.readouterr().out.splitlines()
    return code, [json.loads(line) for line in lines]


def test_bad_files_are_refused_with_a_reason_and_the_good_ones_are_added(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "media"
    folder.mkdir()
    for name, make in BAD.items():
        make(folder / name)
    photograph(folder / "good.png")
    (folder / "loop").symlink_to(folder)
    code, events = add(folder, tmp_path / "index", capsys)
    by_name = {Path(e["path"]).name: e for e in events if "path" in e}
    assert code == 3
    assert by_name["good.png"]["event"] == "added"
    for name in BAD:
        assert by_name[name]["event"] == "refused", name
        assert len(by_name[name]["reason"]) > 10, name
    assert events[-1]["added"] == 1
    assert events[-1]["refused"] >= len(BAD)


def test_a_huge_picture_is_refused_before_it_is_decoded(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bomb(tmp_path / "bomb.png")
    started = time.monotonic()
    code, events = add(tmp_path / "bomb.png", tmp_path / "index", capsys)
    assert code == 3
    assert "pixel" in events[0]["reason"]
    assert time.monotonic() - started < 20


@pytest.mark.parametrize(
    "name",
    [
        "with space.png",
        'it\'s "quoted".png',
        "line\nbreak.png",
        "🦊 fox.png",
        "照片.png",
        "-dash.png",
        "[brackets]*?.png",
        os.fsdecode(b"latin-\xe9.png"),
    ],
)
def test_hostile_names_are_added_found_and_removed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    folder, index = tmp_path / "media", tmp_path / "index"
    folder.mkdir()
    photograph(folder / "plain.png").rename(folder / name)
    code, events = add(folder, index, capsys)
    assert (code, events[0]["event"]) == (0, "added")
    assert main(["search", "colours", "--index", str(index), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["hits"]
    assert main(["remove", str(folder / name), "--index", str(index), "--json"]) == 0
    capsys.readouterr()
    assert main(["status", "--index", str(index), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["item_count"] == 0


def test_a_recording_of_silence_is_added_and_flagged_without_invented_words(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    silence(tmp_path / "nothing.wav")
    code, events = add(tmp_path / "nothing.wav", tmp_path / "index", capsys)
    assert code == 0
    assert "silent" in events[0]["flags"]
    assert main(["status", "--index", str(tmp_path / "index"), "--json", "--items"]) == 0
    (item,) = json.loads(capsys.readouterr().out)["items"]
    assert item["path"] == str(tmp_path / "nothing.wav")


RED = (220, 30, 30)


def moving(path: Path, **how: object) -> None:
    """Red, then blue."""
    later = Image.new("RGB", (80, 60), (30, 30, 220))
    Image.new("RGB", (80, 60), RED).save(path, save_all=True, append_images=[later], **how)


def cut_out(path: Path) -> None:
    """A square that is in the alpha channel alone."""
    picture = Image.new("LA", (80, 60), (0, 0))
    picture.paste((0, 255), (20, 10, 60, 50))
    picture.save(path)


ODD: dict[str, Callable[[Path], object]] = {
    "dot.png": lambda path: Image.new("RGB", (1, 1), RED).save(path),
    "thread.png": lambda path: Image.new("RGB", (30_000, 10), RED).save(path),
    "pole.jpg": lambda path: Image.new("RGB", (10, 30_000), RED).save(path),
    "moving.gif": moving,
    "moving.webp": lambda path: moving(path, lossless=True),
    "print.jpg": lambda path: Image.new("CMYK", (80, 60), (0, 230, 230, 20)).save(path),
    "deep.png": lambda path: Image.fromarray(np.full((60, 80), 40_000, np.uint16)).save(path),
    "cut-out.png": cut_out,
    "dot.gif": lambda path: Image.new("P", (1, 1)).save(path),
}
"""Pictures that are unusual, and nothing is wrong with them."""


@pytest.fixture(scope="module")
def seeing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    """The embedded model, loaded once, over an index of one note."""
    folder = tmp_path_factory.mktemp("seeing")
    (folder / "note.txt").write_text("The ferry leaves at nine.")
    with Library.open(folder / "index") as library:
        library.add(folder / "note.txt")
        yield library


@pytest.mark.parametrize("name", ODD)
def test_an_unusual_picture_is_looked_at_by_the_embedded_model(
    seeing: Library, tmp_path: Path, name: str
) -> None:
    ODD[name](tmp_path / name)
    answer = seeing.ask("What colour is it?", images=[tmp_path / name], retrieval=False)
    assert answer.source == "seen"
    assert [citation.path for citation in answer.citations] == [tmp_path / name]


@pytest.mark.parametrize("name", ["moving.gif", "moving.webp"])
def test_of_an_animation_the_first_frame_is_what_is_looked_at(
    seeing: Library, tmp_path: Path, name: str
) -> None:
    moving(tmp_path / name, **({"lossless": True} if name.endswith("webp") else {}))
    Image.new("RGB", (80, 60), RED).save(tmp_path / "still.png")
    moved, still = (
        seeing.ask("What colour is it?", images=[tmp_path / one], retrieval=False).text
        for one in (name, "still.png")
    )
    assert moved == still


def test_all_unusual_pictures_together_are_looked_at(seeing: Library, tmp_path: Path) -> None:
    for name, make in ODD.items():
        make(tmp_path / name)
    answer = seeing.ask(
        "Are they the same colour?", images=[tmp_path / name for name in ODD], retrieval=False
    )
    assert answer.source == "seen"
    assert len(answer.citations) == seeing._parts.config.max_pictures


@pytest.mark.parametrize(
    ("name", "fact"),
    [
        ("invisible.png", "wholly transparent"),
        ("bomb.png", "pixel"),
        ("truncated.jpg", "cut short"),
        ("really-text.png", "not a picture"),
    ],
)
def test_a_picture_that_cannot_be_looked_at_is_refused_with_its_name_and_a_reason(
    index_of_a_note: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, fact: str
) -> None:
    make = {**BAD, "invisible.png": lambda path: Image.new("LA", (50, 50)).save(path)}[name]
    make(tmp_path / name)
    words = ["ask", "What colour is it?", "--image", str(tmp_path / name), "--no-retrieval"]
    assert main([*words, "--index", str(index_of_a_note)]) in (1, 2)
    told = " ".join(capsys.readouterr().err.split())
    assert name in told
    assert fact in told


@pytest.fixture
def index_of_a_note(seeing: Library) -> Path:
    return seeing._store.folder


def test_a_folder_that_vanishes_while_adding_is_a_refusal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from mmqa.media.reader import FileReader

    folder = tmp_path / "media"
    folder.mkdir()
    for number in range(3):
        photograph(folder / f"{number}.png", seed=number)
    original = FileReader.read

    def read(self: FileReader, path: Path) -> object:
        if path.name == "1.png":
            path.unlink()
        return original(self, path)

    monkeypatch.setattr(FileReader, "read", read)
    code, events = add(folder, tmp_path / "index", capsys)
    assert code == 3
    assert {Path(e["path"]).name: e["event"] for e in events[:-1]} == {
        "0.png": "added",
        "1.png": "refused",
        "2.png": "added",
    }


def test_a_path_that_is_not_there_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, events = add(tmp_path / "missing", tmp_path / "index", capsys)
    assert code == 3
    assert events[0]["event"] == "refused"


def test_asking_where_there_is_no_index_is_a_clear_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["search", "a cat", "--index", str(tmp_path / "none")]) == 1
    message = capsys.readouterr().err
    assert "there is no index" in message
    assert str(tmp_path / "none") in message


def test_an_index_made_by_other_encoders_is_a_clear_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    index, fuser = tmp_path / "index", load()
    other = IndexIdentity("other", {"text_encoder": "another"}, "concat", fuser.width)
    IndexStore.create(index, other, fuser).close()
    assert main(["search", "a cat", "--index", str(index)]) == 1
    assert "other" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("question", "words"), [("", "empty"), ("   ", "empty"), ("a" * 100_000, "100,000")]
)
@pytest.mark.parametrize("command", ["search", "ask"])
def test_an_empty_or_endless_question_is_wrong_usage(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], command: str, question: str, words: str
) -> None:
    photograph(tmp_path / "a.png")
    index = tmp_path / "index"
    assert add(tmp_path / "a.png", index, capsys)[0] == 0
    assert main([command, question, "--index", str(index)]) == 2
    assert words in capsys.readouterr().err


def test_interrupting_keeps_what_was_reported_as_added(tmp_path: Path) -> None:
    folder, index = tmp_path / "media", tmp_path / "index"
    folder.mkdir()
    for number in range(400):
        photograph(folder / f"{number:03}.png", seed=number)
    command = [
        sys.executable,
        "-m",
        "mmqa",
        "add",
        str(folder),
        "--index",
        str(index),
        "--json",
        "--no-ocr",
    ]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    first = process.stdout.readline()
    process.send_signal(signal.SIGINT)
    rest, _ = process.communicate(timeout=60)
    assert process.returncode == 130
    told = [json.loads(line) for line in [first, *rest.splitlines()] if '"added"' in line]
    status = subprocess.run(
        [sys.executable, "-m", "mmqa", "status", "--index", str(index), "--json", "--items"],
        capture_output=True,
        text=True,
        check=True,
    )
    kept = {item["path"] for item in json.loads(status.stdout)["items"]}
    reported = {event["path"] for event in told if event["event"] == "added"}
    assert reported
    assert reported <= kept
    assert len(kept) < 400


def test_a_picture_with_hostile_metadata_is_added(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    info = PngImagePlugin.PngInfo()
    info.add_text("Description", "x" * 50_000 + "\x00\x07'; DROP TABLE items; --")
    picture = Image.new("RGB", (64, 64), "white")
    ImageDraw.Draw(picture).ellipse((8, 8, 56, 56), fill="red")
    picture.save(tmp_path / "a.png", pnginfo=info)
    code, events = add(tmp_path / "a.png", tmp_path / "index", capsys)
    assert (code, events[0]["event"]) == (0, "added")


def test_a_file_from_the_far_future_is_added_once(tmp_path: Path) -> None:
    note = tmp_path / "media" / "ferry.txt"
    note.parent.mkdir()
    note.write_text("The ferry leaves at seven.\n")
    os.utime(note, ns=(0, 10_413_792_000 * 10**9))  # the year 2300: beyond 64 bits of nanoseconds
    with Library.open(tmp_path / "index") as library:
        assert library.add(note.parent).added == 1
        assert library.add(note.parent).skipped == 1
        assert library.verify() == ()


def test_small_pictures_that_cannot_be_written_are_a_clear_error(tmp_path: Path) -> None:
    picture = tmp_path / "media" / "pier.png"
    picture.parent.mkdir()
    Image.new("RGB", (64, 64), "navy").save(picture)
    with Library.open(tmp_path / "index") as library:
        (tmp_path / "index" / "thumbs").write_text("in the way")
        with pytest.raises(IndexFolderError, match=r"thumbs/\w+\.jpg' cannot be written"):
            library.add(picture)
        (tmp_path / "index" / "thumbs").unlink()
        assert library.add(picture).added == 1
        assert library.verify() == ()
