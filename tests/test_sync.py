"""An index made equal to folders, with the real models: what is new, moved, gone or kept."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mmqa import AddEvent, Library
from mmqa.config import Config
from mmqa.errors import FolderMissingError, UsageError
from mmqa.records import Source, SyncReport

pytestmark = pytest.mark.weights
SPEECH = Path(__file__).parents[1] / "indexes/samples/recordings/voicemail-01.mp3"
ODD_NAMES = [
    "line\nbreak.txt",
    "-rf.txt",
    "a[1]*?.txt",
    os.fsdecode(b"undecodable \xff\xfe.txt"),
]


def note(path: Path, words: str = "") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(words or f"The ferry to {path.stem!r} leaves at nine.", errors="replace")
    return path


def photo(path: Path, seed: int = 0) -> Path:
    noise = np.random.default_rng(seed).integers(0, 255, (120, 160, 3), np.uint8)
    Image.fromarray(noise).save(path)
    return path


def told(report: SyncReport) -> tuple[int, int, int, int]:
    return report.added, report.unchanged, report.removed, report.moved


@pytest.fixture
def media(tmp_path: Path) -> Path:
    folder = tmp_path / "media"
    for name in ("a.txt", "b.txt", "deep/c.txt"):
        note(folder / name)
    return folder


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    with Library.open(tmp_path / "index", config=Config(ocr=False)) as opened:
        yield opened
        assert opened.verify() == ()


def held(library: Library) -> list[str]:
    return sorted(item.path.name for item in library.items())


# --------------------------------------------------------------------------- what changed


def test_what_is_new_changed_or_deleted_is_so_in_the_index(library: Library, media: Path) -> None:
    assert told(library.sync(media)) == (3, 0, 0, 0)
    assert told(library.sync(media)) == (0, 3, 0, 0)
    note(media / "b.txt", "The lighthouse is closed on Mondays.")
    note(media / "d.txt")
    (media / "deep/c.txt").unlink()
    assert told(library.sync(media)) == (2, 1, 1, 0)
    assert held(library) == ["a.txt", "b.txt", "d.txt"]
    assert "Mondays" in library.search("lighthouse")[0].segment.text.passage


def test_every_event_says_what_became_of_a_file(library: Library, media: Path) -> None:
    library.sync(media)
    (media / "a.txt").rename(media / "z.txt")
    (media / "b.txt").unlink()
    note(media / "new.txt")
    (media / "bad.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    events: list[AddEvent] = []
    library.sync(media, events.append)
    assert {(e.event, e.path.name) for e in events} == {
        ("unchanged", "c.txt"),
        ("moved", "z.txt"),
        ("removed", "b.txt"),
        ("added", "new.txt"),
        ("refused", "bad.png"),
    }
    (moved,) = [e for e in events if e.event == "moved"]
    assert moved.was == media / "a.txt"
    assert all(e.segments == 1 for e in events if e.event in ("unchanged", "moved", "added"))
    assert events[-1].done == events[-1].total == 5


def test_files_from_elsewhere_stay(library: Library, media: Path, tmp_path: Path) -> None:
    library.add(note(tmp_path / "elsewhere" / "x.txt"))
    library.add(note(tmp_path / "media-2" / "y.txt"))
    library.sync(media)
    shutil.rmtree(media / "deep")
    library.sync(media)
    assert held(library) == ["a.txt", "b.txt", "x.txt", "y.txt"]


@pytest.mark.parametrize("name", ODD_NAMES)
def test_a_file_of_any_name_is_added_renamed_and_removed(
    library: Library, media: Path, name: str
) -> None:
    library.sync(media)
    path = note(media / name, "The password of the boat house is heron.")
    assert told(library.sync(media)) == (1, 3, 0, 0)
    path.rename(media / "deep" / name)
    assert told(library.sync(media)) == (0, 3, 0, 1)
    (media / "deep" / name).unlink()
    assert told(library.sync(media)) == (0, 3, 1, 0)


def test_globs_say_which_files_of_a_folder_are_meant(library: Library, media: Path) -> None:
    note(media / "draft-a.md")
    library.sync(media)
    assert told(library.sync(Source(media, exclude=("**/draft-*",)))) == (0, 3, 1, 0)
    two = [Source(media, ("*.txt",)), Source(media, ("deep/**",))]
    assert told(library.sync(two)) == (0, 3, 0, 0)


def captions(library: Library) -> dict[str, str]:
    return {
        item.path.name: library._store.item_segments(item.path)[0].text.caption
        for item in library.items()
    }


def test_a_caption_that_is_written_changed_or_deleted_is_so_in_the_index(
    library: Library, tmp_path: Path
) -> None:
    folder = tmp_path / "pictures"
    folder.mkdir()
    photo(folder / "p.png")
    photo(folder / "q.png", seed=1)
    library.sync(folder)
    for words in ("Our first ferry", "Our second ferry", ""):
        note(folder / "p.txt", words) if words else (folder / "p.txt").unlink()
        assert told(library.sync(folder, dry_run=True)) == (1, 1, 0, 0)
        report = library.sync(folder) if words != "Our second ferry" else library.add(folder)
        assert report.added == 1
        assert captions(library) == {"p.png": words, "q.png": ""}
        assert told(library.sync(folder)) == (0, 2, 0, 0)
        assert library.add(folder).skipped == 2


# --------------------------------------------------------------------------- what moved


def vectors(library: Library) -> dict[str, np.ndarray]:
    """All that is stored, by name of file, segment and modality."""
    found = {}
    for numbers, features in library._store.iter_vectors():
        for segment, one in zip(library._store.segments(numbers), features, strict=True):
            for name, vector in one.vectors.items():
                found[f"{segment.path.name}.{segment.ordinal} {name}"] = vector
    return found


@pytest.fixture
def nothing_is_encoded(library: Library, monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """From when it is called."""

    def forbid() -> None:
        def refuse(*_: object, **__: object) -> None:
            raise AssertionError("encoded again")

        parts = library._parts
        monkeypatch.setattr(type(parts.image_encoder), "encode", refuse)
        monkeypatch.setattr(type(parts.text_encoder), "encode", refuse)
        monkeypatch.setattr(type(parts.transcriber), "transcribe_many", refuse)

    return forbid


def test_a_moved_file_keeps_its_features_and_no_encoder_is_called(
    library: Library, media: Path, nothing_is_encoded: Callable[[], None]
) -> None:
    photo(media / "harbour.png")
    shutil.copy(SPEECH, media)
    library.sync(media)
    before = vectors(library)
    (media / "moved").mkdir()
    for path in (media / "harbour.png", media / SPEECH.name, media / "a.txt"):
        path.rename(media / "moved" / path.name)
    nothing_is_encoded()
    assert told(library.sync(media)) == (0, 2, 0, 3)
    items = {item.path.name: item for item in library.items()}
    assert items["harbour.png"].path == media / "moved" / "harbour.png"
    assert "duplicate" not in items["harbour.png"].flags
    assert "near-duplicate" not in items["harbour.png"].flags
    after = vectors(library)
    assert after.keys() == before.keys()
    for name, vector in before.items():  # what is kept of a picture is kept in 16 bits
        np.testing.assert_allclose(after[name], vector, atol=2e-3, err_msg=name)
        if name.endswith("text"):
            np.testing.assert_array_equal(after[name], vector, err_msg=name)


def test_a_renamed_picture_is_not_looked_at_again(
    library: Library, media: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    photo(media / "harbour.png")
    library.sync(media)
    (media / "harbour.png").rename(media / "lighthouse.png")

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("encoded again")

    monkeypatch.setattr(type(library._parts.image_encoder), "encode", refuse)
    assert told(library.sync(media)) == (0, 3, 0, 1)
    (best, *_rest) = library.search("lighthouse", k=1)
    assert best.segment.text.name_words == "lighthouse"


def test_a_moved_file_keeps_its_tags(library: Library, media: Path) -> None:
    library.sync(media)
    library.tag(media / "a.txt", add=["trip", "2024"])
    (media / "a.txt").rename(media / "deep" / "z.txt")
    library.sync(media)
    tags = {item.path.name: item.tags for item in library.items()}
    assert tags == {"z.txt": ("2024", "trip"), "b.txt": (), "c.txt": ()}


def test_a_file_moved_between_two_synced_folders_is_moved(
    library: Library, media: Path, tmp_path: Path
) -> None:
    other = tmp_path / "other"
    note(other / "o.txt")
    library.sync([media, other])
    (media / "a.txt").rename(other / "a.txt")
    assert told(library.sync([media, other])) == (0, 3, 0, 1)


def test_a_moved_file_that_is_there_twice_is_moved_once_and_added_once(
    library: Library, media: Path
) -> None:
    library.sync(media)
    shutil.copy(media / "a.txt", media / "deep" / "a.txt")
    (media / "a.txt").rename(media / "copy.txt")
    assert told(library.sync(media)) == (1, 2, 0, 1)
    items = {item.path.name: item for item in library.items()}
    assert sorted(items) == ["a.txt", "b.txt", "c.txt", "copy.txt"]


def test_a_file_moved_over_another_one_replaces_it(library: Library, media: Path) -> None:
    library.sync(media)
    library.tag(media / "a.txt", add=["trip"])
    (media / "a.txt").replace(media / "b.txt")
    assert told(library.sync(media)) == (0, 1, 0, 1)
    items = {item.path.name: item for item in library.items()}
    assert sorted(items) == ["b.txt", "c.txt"]
    assert items["b.txt"].tags == ("trip",)


def test_the_old_and_the_new_place_are_never_both_in_the_index_nor_neither(
    library: Library, media: Path
) -> None:
    library.sync(media)
    (media / "a.txt").rename(media / "z.txt")
    seen = []

    def look(event: AddEvent) -> None:
        with sqlite3.connect(library.status().path / "catalogue.sqlite") as reader:
            paths = {os.fsdecode(p) for (p,) in reader.execute("SELECT path FROM items")}
        seen.append((event.event, {Path(p).name for p in paths} & {"a.txt", "z.txt"}))

    library.sync(media, look)
    assert ("moved", {"z.txt"}) in seen
    assert all(len(names) == 1 for _, names in seen)


def test_a_folder_that_was_moved_and_linked_to_is_moved(library: Library, media: Path) -> None:
    library.sync(media)
    library.tag(media / "a.txt", add=["trip"])
    media.rename(media.with_name("archive"))
    media.symlink_to(media.with_name("archive"))
    assert told(library.sync(media)) == (0, 0, 0, 3)
    tags = {item.path.name: item.tags for item in library.items()}
    assert tags == {"a.txt": ("trip",), "b.txt": (), "c.txt": ()}


# --------------------------------------------------------------------------- what is kept


def test_what_can_no_longer_be_read_is_refused_and_stays_as_it_was(
    library: Library, media: Path
) -> None:
    photo(media / "p.png")
    library.sync(media)
    (media / "p.png").write_bytes((media / "p.png").read_bytes()[:2000])
    report = library.sync(media)
    assert told(report) == (0, 3, 0, 0)
    ((path, reason),) = report.failed
    assert path == media / "p.png"
    assert "cut short" in reason
    assert "p.png" in held(library)
    photo(media / "p.png", seed=1)
    assert told(library.sync(media)) == (1, 3, 0, 0)


def test_what_lies_in_a_folder_that_cannot_be_opened_stays(
    library: Library, media: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    library.sync(media)
    scandir = os.scandir

    def deny(path: Path) -> object:
        if Path(path).name == "deep":
            raise PermissionError(13, "denied", str(path))
        return scandir(path)

    with monkeypatch.context() as locked:
        locked.setattr(os, "scandir", deny)
        report = library.sync(media)
    assert told(report) == (0, 2, 0, 0)
    assert [path.name for path, _ in report.failed] == ["deep"]
    assert held(library) == ["a.txt", "b.txt", "c.txt"]


@pytest.mark.skipif(not hasattr(os, "setuid"), reason="needs users as on Unix")
def test_nothing_is_gone_that_a_user_without_permission_cannot_see() -> None:
    """Sessions may run as root, to whom nothing is forbidden: so in a process of somebody else."""
    folder = Path(tempfile.mkdtemp(dir="/tmp"))
    try:
        for name in ("closed/x.txt", "open/y.txt", "open/z.txt"):
            note(folder / name)
        (folder / "open/z.txt").chmod(0)
        (folder / "closed").chmod(0)
        folder.chmod(0o755)
        program = f"""
            import os, pathlib
            from mmqa.records import MediaItem, Source
            from mmqa.sync import Nothing, compare
            os.getuid() == 0 and os.setuid(65534)  # once its imports are done
            folder = pathlib.Path({str(folder)!r})
            names = ("closed/x.txt", "open/y.txt", "open/z.txt", "open/gone.txt")
            items = [MediaItem(folder / name, "00", "text", 1, 0) for name in names]
            class Held(Nothing):
                def items_below(self, folder):
                    return items
            found = compare(Held(), [Source(folder)])
            print([item.path.name for item in found.gone])
        """
        done = subprocess.run(
            [sys.executable, "-c", textwrap.dedent(program)],
            capture_output=True,
            text=True,
            check=False,
        )
    finally:
        (folder / "closed").chmod(0o755)
        shutil.rmtree(folder)
    assert done.stdout == "['gone.txt']\n", done.stderr


def test_a_file_that_is_deleted_while_it_is_read_is_forgotten(
    library: Library, media: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    library.sync(media)
    note(media / "b.txt", "something else")
    read = library._reader.read

    def late(path: Path) -> object:
        path.unlink()
        return read(path)

    monkeypatch.setattr(type(library._reader), "read", lambda _self, path: late(path))
    report = library.sync(media)
    assert "no such file" in report.failed[0][1]
    assert report.removed == 1
    assert held(library) == ["a.txt", "c.txt"]


def test_a_hidden_file_that_was_added_by_name_stays_while_it_is_there(
    library: Library, media: Path
) -> None:
    hidden = note(media / ".secret" / "h.txt")
    library.add(hidden)
    library.sync(media)
    assert "h.txt" in held(library)
    hidden.unlink()
    assert library.sync(media).removed == 1


def test_a_note_that_becomes_the_caption_of_a_picture_is_no_file_of_its_own_any_more(
    library: Library, media: Path
) -> None:
    note(media / "harbour.txt")
    library.sync(media)
    photo(media / "harbour.png")
    assert told(library.sync(media)) == (1, 3, 1, 0)
    assert "harbour.txt" not in held(library)


def test_the_index_may_lie_in_the_folder(media: Path) -> None:
    photo(media / "p.png")
    with Library.open(media / "index", config=Config(ocr=False)) as library:
        assert told(library.sync(media)) == (4, 0, 0, 0)
        assert told(library.sync(media)) == (0, 4, 0, 0)


def test_a_file_behind_a_link_is_forgotten_once_it_is_deleted(
    library: Library, media: Path, tmp_path: Path
) -> None:
    far = note(tmp_path / "far" / "f.txt")
    note(tmp_path / "far" / "g.txt")
    (media / "linked").symlink_to(tmp_path / "far")
    assert told(library.sync(media)) == (5, 0, 0, 0)
    far.unlink()
    assert told(library.sync(media)) == (0, 4, 1, 0)


# --------------------------------------------------------------------------- what is not believed


def test_a_folder_that_is_not_there_does_not_empty_the_index(library: Library, media: Path) -> None:
    library.sync(media)
    media.rename(media.with_name("unplugged"))
    with pytest.raises(FolderMissingError, match="media' is not there"):
        library.sync(media)
    assert library.status().items == 3


def test_an_empty_mount_point_does_not_empty_the_index(library: Library, media: Path) -> None:
    library.sync(media)
    shutil.rmtree(media)
    media.mkdir()
    with pytest.raises(UsageError, match="holds 3 files of it"):
        library.sync(media)
    assert library.status().items == 3
    library.remove(media)
    assert told(library.sync(media)) == (0, 0, 0, 0)


def test_a_folder_deleted_from_a_synced_folder_is_forgotten(library: Library, media: Path) -> None:
    library.sync([media, media / "deep"])
    shutil.rmtree(media / "deep")
    assert told(library.sync([media, media / "deep"])) == (0, 2, 1, 0)


def test_one_missing_folder_of_several_changes_nothing(
    library: Library, media: Path, tmp_path: Path
) -> None:
    library.sync(media)
    (media / "a.txt").unlink()
    with pytest.raises(UsageError, match="gone"):
        library.sync([media, tmp_path / "gone"])
    assert library.status().items == 3


def test_a_file_is_no_folder_and_no_folder_is_nothing(library: Library, media: Path) -> None:
    with pytest.raises(UsageError, match="no folder"):
        library.sync(media / "a.txt")
    with pytest.raises(UsageError, match="no folder was named"):
        library.sync([])


# --------------------------------------------------------------------------- stopping, looking


def test_a_cancelled_sync_forgets_nothing_and_the_next_one_ends_it(
    library: Library, media: Path
) -> None:
    library.sync(media)
    (media / "a.txt").rename(media / "z.txt")
    (media / "b.txt").unlink()
    report = library.sync(media, cancelled=lambda: True)
    assert told(report) == (0, 1, 0, 0)
    assert library.status().items == 3
    assert told(library.sync(media)) == (0, 1, 1, 1)


def test_an_interrupted_sync_is_calibrated_and_flushed(library: Library, media: Path) -> None:
    def interrupt(_event: AddEvent) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        library.sync(media, interrupt)
    assert library.status().pending == 0
    assert "text" in library._store.calibration()


def test_a_dry_run_foresees_everything_and_changes_nothing(library: Library, media: Path) -> None:
    library.sync(media)
    (media / "a.txt").rename(media / "z.txt")
    (media / "b.txt").unlink()
    note(media / "new.txt")
    generation = library._store.meta("generation")
    events: list[AddEvent] = []
    foreseen = library.sync(media, events.append, dry_run=True)
    assert library._store.meta("generation") == generation
    assert {(e.event, e.path.name) for e in events} == {
        ("unchanged", "c.txt"),
        ("moved", "z.txt"),
        ("removed", "b.txt"),
        ("added", "new.txt"),
    }
    assert told(foreseen) == told(library.sync(media)) == (1, 1, 1, 1)
