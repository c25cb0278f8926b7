"""Reading ahead: in order, never stopped by a file, unchanged files not read."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from PIL import Image

from mmqa.errors import MediaError
from mmqa.fusion.concat import load
from mmqa.index.identity import IndexIdentity
from mmqa.index.layout import thumbnail_path
from mmqa.index.store import IndexStore
from mmqa.media.reader import FileReader
from mmqa.media.scan import scan
from mmqa.reading import ReadAhead, same_beside, same_file
from mmqa.records import Media, MediaItem, Segment, SegmentText

READER = FileReader(max_pixels=1_000_000, max_text_bytes=1_000_000, max_audio_s=60.0)


@pytest.fixture
def store(tmp_path: Path) -> IndexStore:
    fuser = load()
    return IndexStore.create(
        tmp_path / "index", IndexIdentity("embedded", {}, "concat", fuser.width), fuser
    )


def notes(folder: Path, count: int) -> list[Path]:
    folder.mkdir()
    paths = [folder / f"{n:02}.txt" for n in range(count)]
    for path in paths:
        path.write_text(f"note {path.stem}")
    return paths


def test_files_come_in_the_order_in_which_they_are_found(tmp_path: Path, store: IndexStore) -> None:
    paths = notes(tmp_path / "media", 25)
    found: list[int] = []
    outcomes = list(
        ReadAhead(store, READER, lambda: found.append(1)).outcomes(scan([tmp_path / "media"]))
    )
    assert [o.item.path for o in outcomes if isinstance(o, Media)] == paths
    assert len(found) == 25


def test_a_bad_file_is_an_outcome_and_the_rest_goes_on(tmp_path: Path, store: IndexStore) -> None:
    paths = notes(tmp_path / "media", 3)
    paths[1].write_bytes(b"")
    outcomes = list(ReadAhead(store, READER, lambda: None).outcomes(scan(paths)))
    assert [type(o) for o in outcomes] == [Media, MediaError, Media]


def test_an_unchanged_file_is_not_read(tmp_path: Path, store: IndexStore) -> None:
    (path,) = notes(tmp_path / "media", 1)
    (media,) = ReadAhead(store, READER, lambda: None).outcomes(scan([path]))
    assert isinstance(media, Media)
    with store.transaction() as transaction:
        transaction.put(media.item, [], [], [])
    (again,) = ReadAhead(store, READER, lambda: None).outcomes(scan([path]))
    assert isinstance(again, MediaItem)
    path.write_text("changed")
    (changed,) = ReadAhead(store, READER, lambda: None).outcomes(scan([path]))
    assert isinstance(changed, Media)


def test_a_picture_gets_its_thumbnail(tmp_path: Path, store: IndexStore) -> None:
    Image.new("RGB", (800, 600), "red").save(tmp_path / "a.png")
    (media,) = ReadAhead(store, READER, lambda: None).outcomes(scan([tmp_path / "a.png"]))
    assert isinstance(media, Media)
    with Image.open(thumbnail_path(store.folder, media.item.sha256)) as small:
        assert max(small.size) == 256


def test_stopping_early_leaves_no_thread_behind(tmp_path: Path, store: IndexStore) -> None:
    notes(tmp_path / "media", 40)
    outcomes = ReadAhead(store, READER, lambda: None).outcomes(scan([tmp_path / "media"]))
    next(outcomes)
    outcomes.close()  # type: ignore[attr-defined]
    assert not [t for t in threading.enumerate() if t.name.startswith("mmqa-read")]


def test_a_file_that_is_gone_is_not_the_same(tmp_path: Path) -> None:
    assert not same_file(tmp_path / "gone", MediaItem(tmp_path / "gone", "", "text", 0, 0))


@pytest.mark.parametrize(
    ("flags", "words", "stored", "same"),
    [
        ((), "", "", True),
        ((), "", "A title of its own", True),
        ((), "Our ferry", "", False),
        (("captioned",), "Our ferry", "Our ferry\nA title of its own", True),
        (("captioned",), "Our ferry", "Our first ferry", False),
        (("captioned",), "", "Our ferry", False),
        (("unreadable-caption",), "", "", False),
    ],
)
def test_a_caption_in_a_text_file_is_part_of_a_picture(
    tmp_path: Path, flags: tuple[str, ...], words: str, stored: str, same: bool
) -> None:
    path = tmp_path / "a.png"
    path.touch()
    if words:
        (tmp_path / "a.txt").write_text(words)
    known = MediaItem(path, "00", "image", 0, 0, flags)
    held = [Segment("a.0", path, "00", "image", 0, text=SegmentText(caption=stored))]
    assert same_beside(path, known, lambda _path: held) is same


@pytest.mark.parametrize(
    ("flags", "file", "stored", "same"),
    [
        ((), "", ["Good morning."], True),
        ((), "Good morning.", ["Good morning."], False),
        (("transcript-file",), "Good morning.", ["Good", "morning."], True),
        (("transcript-file",), "Good evening.", ["Good morning."], False),
        (("transcript-file",), "", ["Good morning."], False),
        (("unreadable-transcript",), "", ["Good morning."], False),
        (("unreadable-transcript",), "Good morning.", ["Good morning."], False),
    ],
)
def test_a_transcript_in_a_file_is_part_of_a_recording(
    tmp_path: Path, flags: tuple[str, ...], file: str, stored: list[str], same: bool
) -> None:
    path = tmp_path / "a.wav"
    if file:
        (tmp_path / "a.srt").write_text(f"1\n00:01 --> 00:02\n{file}\n")
    known = MediaItem(path, "00", "audio", 0, 0, flags)
    held = [
        Segment(f"a.{n}", path, "00", "audio", n, 0.0, 60.0, text=SegmentText(transcript=words))
        for n, words in enumerate(stored)
    ]
    assert same_beside(path, known, lambda _path: held) is same


def test_a_transcript_that_is_still_of_another_recording_is_not_read_again(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    (tmp_path / "a.srt").write_text("1\n09:00:01 --> 09:00:02\nGood morning.\n")
    known = MediaItem(path, "00", "audio", 0, 0, ("unreadable-transcript",))
    held = [Segment("a.0", path, "00", "audio", 0, 0.0, 60.0)]
    assert same_beside(path, known, lambda _path: held)


def test_a_transcript_that_is_still_unreadable_is_not_read_again(tmp_path: Path) -> None:
    (tmp_path / "a.srt").write_bytes(b"")
    known = MediaItem(tmp_path / "a.wav", "00", "audio", 0, 0, ("unreadable-transcript",))
    assert same_beside(known.path, known, lambda _path: [])


def test_a_note_has_no_caption(tmp_path: Path) -> None:
    known = MediaItem(tmp_path / "a.txt", "00", "text", 0, 0)
    assert same_beside(tmp_path / "a.txt", known, lambda _path: [])
