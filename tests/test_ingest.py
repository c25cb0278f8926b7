"""The write flow: whatever becomes of a run, what it stored is ready to be searched."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from mmqa import AddEvent, Library, ingest
from mmqa.index.store import IndexStore
from mmqa.ingest import Ingest
from mmqa.media.reader import FileReader
from mmqa.records import Chunk, Media

pytestmark = pytest.mark.weights


def notes(folder: Path) -> Path:
    folder.mkdir()
    for number in range(20):
        (folder / f"{number:02}.txt").write_text(f"The ferry number {number} leaves at nine.")
    return folder


def test_an_interrupted_add_leaves_a_calibrated_index(tmp_path: Path) -> None:
    def interrupt(event: AddEvent) -> None:
        raise KeyboardInterrupt

    with Library.open(tmp_path / "index") as library:
        with pytest.raises(KeyboardInterrupt):
            library.add(notes(tmp_path / "notes"), interrupt)
        assert library.status().items > 0
        assert "text" in library._store.calibration()
        assert library.status().pending == 0


def test_adding_again_heals_what_a_killed_add_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = notes(tmp_path / "notes")
    with Library.open(tmp_path / "index") as library:
        with monkeypatch.context() as killed:
            killed.setattr(Ingest, "_finish", lambda self: None)
            library.add(folder)
        assert library._store.calibration() == {}
        assert library.add(folder).skipped == 20
        assert "text" in library._store.calibration()
        assert library.status().pending == 0


def test_a_long_add_writes_faiss_files_on_its_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ingest, "FLUSH_ROWS", 5)
    monkeypatch.setattr(ingest, "FILES_AT_ONCE", 3)
    asked: list[bool] = []
    flush = IndexStore.flush

    def noted(store: IndexStore, *, final: bool = True, **given: Any) -> bool:
        asked.append(final)
        return flush(store, final=final, **given)

    monkeypatch.setattr(IndexStore, "flush", noted)
    with Library.open(tmp_path / "index") as library:
        library.add(notes(tmp_path / "notes"))
        assert asked == [False, False, False, True]  # 20 notes: after 6, 12 and 18, and at the end
        assert library.status().pending == 0


def test_progress_of_writing_faiss_files_is_told(tmp_path: Path) -> None:
    chunks: list[Chunk] = []
    with Library.open(tmp_path / "index") as library:
        library.add(notes(tmp_path / "notes"), on_progress=chunks.append)
        assert (chunks[-1].done, chunks[-1].total) == (20, 20)
        chunks.clear()
        assert library.rebuild(chunks.append)
        assert (chunks[-1].done, chunks[-1].total) == (20, 20)


def test_a_cancelled_rebuild_leaves_the_old_files(tmp_path: Path) -> None:
    with Library.open(tmp_path / "index") as library:
        library.add(notes(tmp_path / "notes"))
        before = library.status().faiss_files
        assert not library.rebuild(cancelled=lambda: True)
        assert library.status().faiss_files == before
        assert library.verify() == ()


def test_tags_are_given_to_new_and_to_unchanged_files_in_few_transactions(
    tmp_path: Path,
) -> None:
    folder = notes(tmp_path / "notes")
    with Library.open(tmp_path / "index") as library:
        library.add(folder, tags=["a"])
        generation = library.status().generation
        report = library.add(folder, tags=["b", "a"])
        assert (report.added, report.skipped) == (0, 20)
        assert {item.tags for item in library.items()} == {("a", "b")}
        assert library.status().generation <= generation + 2
        library.add(folder, tags=["a"])
        assert {item.tags for item in library.items()} == {("a", "b")}


def test_a_file_that_is_deleted_while_it_is_read_is_refused_and_the_rest_is_added(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = notes(tmp_path / "notes")
    read = FileReader.read

    def late(reader: FileReader, path: Path) -> Media:
        if path.name == "07.txt":
            path.unlink()
        return read(reader, path)

    monkeypatch.setattr(FileReader, "read", late)
    with Library.open(tmp_path / "index") as library:
        report = library.add(folder)
        assert report.added == 19
        ((path, reason),) = report.failed
        assert path.name == "07.txt"
        assert "no such file" in reason


def test_a_file_that_grows_while_it_is_read_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (path, *_rest) = sorted(notes(tmp_path / "notes").iterdir())
    digest = hashlib.file_digest

    def late(file: Any, name: str) -> Any:
        found = digest(file, name)
        with path.open("a") as more:
            more.write(" And one more word.")
        return found

    monkeypatch.setattr(hashlib, "file_digest", late)
    with Library.open(tmp_path / "index") as library:
        report = library.add(path)
        assert "changed while it was read" in report.failed[0][1]
        monkeypatch.undo()
        assert library.add(path).added == 1


def test_what_was_read_for_one_index_serves_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "pictures"
    folder.mkdir()
    Image.new("RGB", (90, 60), "red").save(folder / "a.png")
    with Library.open(tmp_path / "one") as library:
        library.add(folder)
    with Library.open(tmp_path / "two") as library:
        assert library.reuse(tmp_path / "one") == 1

        def refuse(*_: object, **__: object) -> None:
            raise AssertionError("encoded again")

        monkeypatch.setattr(type(library._parts.image_encoder), "encode", refuse)
        assert library.add(folder).added == 1


def test_a_file_that_is_added_where_it_was_moved_to_is_no_duplicate_of_itself(
    tmp_path: Path,
) -> None:
    folder = notes(tmp_path / "notes")
    with Library.open(tmp_path / "index") as library:
        library.add(folder)
        folder.rename(tmp_path / "moved")
        events: list[AddEvent] = []
        library.add(tmp_path / "moved", events.append)
        assert {event.flags for event in events} == {()}
        assert len(library.missing_media()) == 20
