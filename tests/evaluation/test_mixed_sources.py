"""Where files of the mixed collection come from, and on which side they are."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from mmqa.corpora import concepts, openclipart
from mmqa.evaluation import mixed_sources
from mmqa.evaluation.mixed_plan import Planned
from mmqa.evaluation.mixed_sources import Sources, recording_sides, side_of

WORDS = [f"thing{n}x" for n in range(400)]


class Voice:
    """Says words by writing them down."""

    def say(self, text: str, path: Path, voice: str = "") -> None:
        path.write_text(f"{voice}: {text}", encoding="utf-8")


def _sources(folder: Path) -> Sources:
    owl = folder / "owl.png"
    Image.new("RGBA", (900, 300), (0, 0, 0, 0)).save(owl)
    writers = {
        ("stamps", "owl"): mixed_sources._photograph(owl),
        ("openclipart", "owl"): mixed_sources._reduced(owl),
    }
    return Sources([], [], {}, writers, Voice())


def test_no_thing_that_was_fitted_on_is_tested() -> None:
    for name in WORDS:
        if side_of(name) == "test":
            assert concepts.side(name) == "test"
            assert openclipart.side(concepts.concept(name)) == "test"
        if side_of(name) == "train":
            assert concepts.side(name) == "train"


def test_about_a_fifth_of_the_things_tests_and_a_quarter_develops() -> None:
    sides = [side_of(name) for name in WORDS]
    assert 0.15 < sides.count("test") / 400 < 0.25
    assert 0.2 < sides.count("development") / 400 < 0.3


def test_recordings_that_say_the_same_are_on_one_side(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mixed_sources, "TEST_RECORDINGS", 10)
    monkeypatch.setattr(mixed_sources, "DEVELOPMENT_RECORDINGS", 5)
    texts = [f"message number {n % 30}" for n in range(60)] + ["hello", "(silence)"]
    sides = recording_sides(texts)
    assert sides[:30] == sides[30:60]
    assert [sides.count(s) for s in ("test", "development", "train")] == [10, 6, 44]
    assert sides[60:] == [None, None]  # fewer than two words


def test_a_photograph_is_put_on_white_and_made_smaller(tmp_path: Path) -> None:
    planned = Planned("a.jpg", "picture", "stamps", "owl", caption="the fair")
    _sources(tmp_path).write(planned, tmp_path / "a.jpg")
    with Image.open(tmp_path / "a.jpg") as picture:
        assert (picture.size, picture.getpixel((5, 5))) == ((512, 171), (255, 255, 255))
    assert (tmp_path / "a.jpg.txt").read_text(encoding="utf-8") == "the fair\n"


def test_a_drawing_keeps_its_transparency_and_has_no_caption(tmp_path: Path) -> None:
    planned = Planned("a.png", "picture", "openclipart", "owl")
    _sources(tmp_path).write(planned, tmp_path / "a.png")
    with Image.open(tmp_path / "a.png") as picture:
        assert (picture.mode, picture.getpixel((5, 5))[3]) == ("RGBA", 0)
    assert not (tmp_path / "a.png.txt").exists()


def test_notes_are_written_and_memos_are_said_always_by_the_same_voice(tmp_path: Path) -> None:
    sources = _sources(tmp_path)
    sources.write(Planned("n.txt", "note", "written", words="Owl."), tmp_path / "n.txt")
    assert (tmp_path / "n.txt").read_text(encoding="utf-8") == "Owl.\n"
    memo = Planned("m.wav", "recording", "memo", words="An owl!")
    for name in ("m.wav", "again.wav"):
        sources.write(memo, tmp_path / name)
    assert (tmp_path / "m.wav").read_bytes() == (tmp_path / "again.wav").read_bytes()


@pytest.mark.corpus
def test_there_is_enough_to_test_with() -> None:
    found = mixed_sources.collect("test")
    assert len(found.pictured) >= 300
    assert len(found.spoken) >= 200
    photographs = [p for p in found.pictured if p.source == "stamps"]
    assert len(photographs) >= 60
