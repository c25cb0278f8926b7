"""The write flow: whatever becomes of a run, what it stored is ready to be searched."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from mmqa import AddEvent, Library, ingest
from mmqa.evaluation import made_up_sounds as made
from mmqa.evaluation.changed_media import write_wav
from mmqa.features.speech import WhisperTranscriber
from mmqa.index.store import IndexStore
from mmqa.ingest import Ingest
from mmqa.media.audio import read_audio
from mmqa.media.reader import FileReader
from mmqa.records import Chunk, Heard, LongRecording, Media, Recording

pytestmark = pytest.mark.weights
DATA = Path(__file__).parent / "features" / "data"


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


# ------------------------------------------------------------------------------- long recordings


@pytest.fixture(scope="module")
def talk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Eleven minutes of almost nothing, in which two sentences are said three times."""
    spoken = read_audio(DATA / "english.ogg", "ogg", 60.0).recording
    assert isinstance(spoken, Recording)
    samples = np.zeros(660 * 16_000, np.float32)
    for at_s in (20, 300, 640):
        samples[at_s * 16_000 :][: len(spoken.samples)] = spoken.samples
    path = tmp_path_factory.mktemp("talks") / "talk.wav"
    write_wav(Recording(samples), path)
    return path


def spoken_at(library: Library, path: Path, word: str) -> list[int]:
    found = library._store.item_segments(path)
    return [round(s.start_s or 0, -1) for s in found if word in s.text.transcript]  # type: ignore[misc]


def test_a_long_recording_is_heard_bit_by_bit_and_told(talk: Path, tmp_path: Path) -> None:
    told: list[Chunk] = []
    with Library.open(tmp_path / "index") as library:
        assert library.add(talk, on_progress=told.append).added == 1
        assert spoken_at(library, talk, "ferry") == [20, 300, 640]
        (item,) = library.items()
        assert item.flags == ()
        kept = library._store.extraction_fingerprints(item.sha256)
        assert not any(key.endswith(";heard") for key in kept)  # the whole is kept instead
    heard = [chunk for chunk in told if chunk.unit == "seconds"]
    assert {(c.label, c.total) for c in heard} == {("listening to talk.wav", 660)}
    assert [c.done for c in heard] == sorted(c.done for c in heard)
    assert heard[0].done <= 300
    assert heard[-1].done == 660


def test_an_interrupted_long_recording_is_heard_on_from_where_it_was(
    talk: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun: list[int] = []
    listen = WhisperTranscriber.listen

    def noted(self: Any, recording: LongRecording, heard: Heard | None = None) -> Any:
        begun.append(heard.until if heard else 0)
        return listen(self, recording, heard)

    monkeypatch.setattr(WhisperTranscriber, "listen", noted)
    told: list[Chunk] = []
    with Library.open(tmp_path / "index") as library:
        report = library.add(talk, cancelled=lambda: bool(told), on_progress=told.append)
        assert (report.added, report.failed) == (0, ())
        assert library.items() == ()
        assert library.add(talk).added == 1
        assert spoken_at(library, talk, "tomatoes") == [30, 310, 650]
    assert begun[0] == 0
    assert begun[1] >= (told[0].done - 1) * 16_000 > 0


def test_what_was_added_before_a_long_recording_does_not_wait_for_it(
    talk: Path, tmp_path: Path
) -> None:
    happened: list[str] = []
    note = tmp_path / "note.txt"
    note.write_text("The ferry leaves at nine.")
    with Library.open(tmp_path / "index") as library:
        library.add(
            [note, talk],
            lambda event: happened.append(event.path.name),
            on_progress=lambda chunk: happened.append(chunk.unit),
        )
    assert happened.index("note.txt") < happened.index("seconds") < happened.index("talk.wav")


def test_a_long_recording_that_is_taken_away_meanwhile_is_refused_and_the_rest_is_added(
    talk: Path, tmp_path: Path
) -> None:
    copy = tmp_path / "copy.wav"
    shutil.copy(talk, copy)
    note = tmp_path / "note.txt"
    note.write_text("The ferry leaves at nine.")
    read = FileReader.read

    def reading(reader: FileReader, path: Path) -> Media:
        media = read(reader, path)
        copy.unlink(missing_ok=True)
        return media

    with Library.open(tmp_path / "index") as library, pytest.MonkeyPatch.context() as patch:
        patch.setattr(FileReader, "read", reading)
        report = library.add([copy, note])
    assert (report.added, [path.name for path, _ in report.failed]) == (1, ["copy.wav"])


def test_what_a_recording_without_words_sounds_like_is_told_and_of_speech_it_is_not(
    tmp_path: Path,
) -> None:
    sounds = {
        "noise.wav": made.noise(10, 1.0),
        "chords.wav": made.chords(10),
        "nothing.wav": made.silence(10),
    }
    for name, samples in sounds.items():
        write_wav(Recording(samples), tmp_path / name)
    shutil.copy(DATA / "english.ogg", tmp_path / "speech.ogg")
    with Library.open(tmp_path / "index") as library:
        library.add(tmp_path.glob("*.*"))
        assert {item.path.name: item.flags for item in library.items()} == {
            "noise.wav": ("no-speech", "noise"),
            "chords.wav": ("music", "no-speech"),
            "nothing.wav": ("silent",),
            "speech.ogg": (),
        }
