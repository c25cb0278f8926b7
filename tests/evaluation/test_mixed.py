"""The mixed collection on disk: whole or not there, and found again."""

from __future__ import annotations

import wave
from pathlib import Path

import pytest
from PIL import Image

from mmqa.config import Config
from mmqa.errors import CorpusError
from mmqa.evaluation import mixed, mixed_sources
from mmqa.evaluation.mixed_plan import Pictured, Planned, Spoken
from mmqa.evaluation.questions_file import read


def _picture(path: Path) -> None:
    Image.linear_gradient("L").convert("RGB").save(path)


def _tone(path: Path) -> None:
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, 8000, 0, "NONE", ""))
        file.writeframes(b"\0\0" * 8000)


class Silent:
    """Says nothing, into a file."""

    def say(self, text: str, path: Path, voice: str = "") -> None:
        _tone(path)


@pytest.fixture
def sources(monkeypatch: pytest.MonkeyPatch) -> mixed_sources.Sources:
    """Two pictures and a recording instead of the corpora; a few words of the train side."""
    names = ("owl", "kite")
    writers = {("openmoji", name): _picture for name in names} | {("asterisk", "say"): _tone}
    found = mixed_sources.Sources(
        [Pictured(name, "openmoji", name) for name in names],
        [Spoken("say", "Please enter your number now.")],
        {"owl": "a bird of the night"},
        writers,
        Silent(),
    )
    table = mixed.words()["train"]
    few = {
        **table,
        "facts": table["facts"][:2],
        "said": table["said"][:1],
        "events": table["events"],
    }
    monkeypatch.setattr(mixed_sources, "collect", lambda side, folder, progress: found)
    monkeypatch.setattr(mixed, "words", lambda: {"train": few})
    return found


def test_a_side_is_written_with_its_questions_and_found_again(
    sources: mixed_sources.Sources, tmp_path: Path
) -> None:
    told = []
    folder = mixed.build("train", tmp_path, lambda chunk: told.append((chunk.done, chunk.total)))
    files = {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()}
    asked = read(folder / mixed.QUESTIONS)
    assert not asked.refused
    assert {name for q in asked.questions for name in q.relevant} <= files
    assert (
        told[-1][0]
        == told[-1][1]
        == len([f for f in files if not f.endswith((".png.txt", ".wav.txt", ".jsonl"))])
    )
    assert mixed.build("train", tmp_path, lambda _: pytest.fail("it is there")) == folder


def test_a_side_that_cannot_be_written_whole_is_not_there(
    sources: mixed_sources.Sources, tmp_path: Path
) -> None:
    def broken(path: Path) -> None:
        raise CorpusError("it cannot be drawn")

    sources.writers["openmoji", "kite"] = broken
    with pytest.raises(CorpusError, match="cannot be drawn"):
        mixed.build("train", tmp_path)
    assert list(mixed.place(tmp_path).iterdir()) == []


def test_two_files_at_one_place_are_an_error(
    sources: mixed_sources.Sources, tmp_path: Path
) -> None:
    one = Planned("notes/a.txt", "note", "written", words="a")
    with pytest.raises(CorpusError, match=r"'notes/a\.txt'"):
        mixed.write(sources, [one, one], tmp_path)


def test_other_words_make_another_collection(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = mixed.place(tmp_path)
    assert before == mixed.place(tmp_path)
    monkeypatch.setattr(mixed, "_words_file", lambda: "[train]")
    assert mixed.place(tmp_path) != before


@pytest.mark.weights
def test_a_side_is_added_to_an_index_once_and_read_back_with_questions(
    sources: mixed_sources.Sources, tmp_path: Path
) -> None:
    config = Config(threads=1)
    found = mixed.load("train", config, tmp_path)
    kinds = {segment.kind for segment in found.segments}
    assert kinds == {"image", "audio", "text"}
    assert not found.refused
    assert all(paths <= set(found.files) for _, paths in found.questions)
    told = []
    again = mixed.load("train", config, tmp_path, told.append)
    assert again.questions == found.questions
    assert not told, "nothing is fetched, written or added again"
