"""Long recordings are built as they say, and figures come out as by hand."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from mmqa.config import Config
from mmqa.evaluation import long_recordings as module
from mmqa.evaluation.long_recordings import Built, Placed, Quiet, Sentence, build, report, run
from mmqa.library import Library
from mmqa.media.audio import read_audio
from mmqa.records import Segment, SegmentText

RATE_HZ = 16_000


def tone(seconds: float) -> np.ndarray:
    t = np.arange(int(seconds * RATE_HZ)) / RATE_HZ
    return (0.085 * np.sin(2 * np.pi * 1000 * t)).astype(np.float32)  # RMS 0.06, as speech has


SAID = [Sentence(f"Sentence number {n}.", f"number {n}", tone(1 + n % 3), n > 2) for n in range(12)]


@pytest.fixture
def built(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Built:
    monkeypatch.setattr(module, "LENGTH_S", 150.0)
    monkeypatch.setattr(module, "QUIET_S", 20.0)
    return build(tmp_path, SAID, seed=3)


def samples_of(path: Path) -> np.ndarray:
    return read_audio(path, "wav", 3600.0).recording.samples  # type: ignore[union-attr]


def test_three_recordings_are_as_long_as_they_should_be_and_hold_every_sentence_once(
    built: Built,
) -> None:
    lengths = [len(samples_of(path)) / RATE_HZ for path in built.paths]
    assert lengths == pytest.approx([150.0] * 3, abs=0.1)
    assert sorted(s.text for s in built.sentences) == sorted(s.text for s in SAID)
    assert {q.what for q in built.quiet} == {"silence", "noise", "chords"}
    assert len(built.quiet) == 9


def test_nothing_lies_nearer_than_the_pause_to_anything_else(built: Built) -> None:
    for path in built.paths:
        there = [(s.start_s, s.end_s) for s in (*built.sentences, *built.quiet) if s.path == path]
        there.sort()
        pauses = [b[0] - a[1] for a, b in pairwise(there)]
        assert min(pauses) >= module.PAUSE_S - 0.001


def test_sentences_stand_where_they_say_and_noise_lies_so_far_below_them(built: Built) -> None:
    for path, snr_db in zip(built.paths, module.SNRS_DB, strict=True):
        samples = samples_of(path)
        one = next(s for s in built.sentences if s.path == path)
        speech = samples[int(one.start_s * RATE_HZ) : int(one.end_s * RATE_HZ)]
        pause = samples[int((one.start_s - 4.5) * RATE_HZ) : int(one.start_s * RATE_HZ)]
        found = 20 * np.log10(speech.std() / pause.std())
        assert found == pytest.approx(snr_db, abs=2.0)


def test_silence_is_nothing_at_all(built: Built) -> None:
    for quiet in (q for q in built.quiet if q.what == "silence"):
        samples = samples_of(quiet.path)
        inside = samples[int(quiet.start_s * RATE_HZ) + 9 : int(quiet.end_s * RATE_HZ) - 9]
        assert np.abs(inside).max() < 1e-3


def test_the_same_seed_gives_the_same_bytes(tmp_path: Path, built: Built) -> None:
    (tmp_path / "again").mkdir()
    again = build(tmp_path / "again", SAID, seed=3)
    assert [a.read_bytes() for a in again.paths] == [b.read_bytes() for b in built.paths]
    other = build(tmp_path / "again", SAID, seed=4)
    assert [s.start_s for s in other.sentences] != [s.start_s for s in built.sentences]


# ------------------------------------------------------------------------------- figures by hand

PATHS = (Path("/a.wav"), Path("/b.wav"))
PLACED = (
    Placed("The roof leaks.", "roof leaks", True, PATHS[0], 10.0, 12.0),
    Placed("The door is blue.", "door blue", True, PATHS[0], 20.0, 22.0),
    Placed("The ferry leaves at nine.", "when ferry", False, PATHS[1], 30.0, 33.0),
    Placed("Bring the red bag.", "red bag", False, PATHS[1], 40.0, 43.0),
)
QUIET = (
    Quiet("silence", PATHS[0], 100.0, 170.0),
    Quiet("noise", PATHS[0], 200.0, 270.0),
    Quiet("chords", PATHS[1], 100.0, 170.0),
)
BUILT = Built(PATHS, PLACED, QUIET)


def segment(path: Path, start_s: float, end_s: float, text: str) -> Segment:
    said = SegmentText(transcript=text)
    return Segment("x.0", path, "", "audio", 0, start_s, end_s, text=said)


ROOF = segment(PATHS[0], 10.2, 12.1, "The roof leaks.")
DOOR = segment(PATHS[0], 18.5, 22.0, "Well, the door is blue.")
FERRY = segment(PATHS[1], 30.9, 33.0, "The ferry leaves at five.")


def figures(*invented: Segment) -> dict[str, tuple[float, int, bool | None]]:
    found = [ROOF, DOOR, FERRY, ROOF]  # the last one is wrong
    made = report(BUILT, found, [ROOF, DOOR, FERRY, *invented], "test")
    return {f.name: (f.value, f.n, f.reached) for f in made.figures}


def test_recall_start_and_errors_by_hand() -> None:
    made = figures()
    assert made["R@1"] == (0.75, 4, False)
    assert made["R@1, real speech"][:2] == (1.0, 2)
    assert made["R@1, synthetic speech"][:2] == (0.5, 2)
    assert made["starts within 1 s of its sentence"] == (pytest.approx(2 / 3), 3, False)
    # one word too many, one wrong, four never heard, of 3 + 4 + 5 + 4
    assert made["word error rate"][:2] == (pytest.approx(6 / 16), 16)


def test_words_where_nobody_speaks_are_counted() -> None:
    assert figures()["words heard in silence (n: seconds)"] == (0.0, 70, True)
    made = figures(
        segment(PATHS[0], 210.0, 212.0, "Thank you."), segment(PATHS[1], 110.0, 111.0, "Oh.")
    )
    assert made["words heard in silence (n: seconds)"] == (0.0, 70, True)
    assert made["words heard in noise (n: seconds)"] == (2.0, 70, False)
    assert made["words heard in chords (n: seconds)"] == (1.0, 70, None)


@pytest.mark.weights
def test_sentences_are_found_from_what_the_project_hears(monkeypatch: pytest.MonkeyPatch) -> None:
    recordings = Path(__file__).parents[2] / "indexes/samples/recordings"
    monkeypatch.setattr(module, "LENGTH_S", 60.0)
    monkeypatch.setattr(module, "QUIET_S", 5.0)

    def sound(name: str, start_s: float, end_s: float) -> np.ndarray:
        samples = read_audio(recordings / name, "mp3", 3600.0).recording.samples  # type: ignore[union-attr]
        return samples[int(start_s * RATE_HZ) : int(end_s * RATE_HZ)]

    said = [
        Sentence(
            "Water your plants.", "who waters the plants", sound("voicemail-02.mp3", 0, 9), True
        ),
    ]
    monkeypatch.setattr(module, "sentences", lambda *_: said)
    monkeypatch.setattr(module, "SNRS_DB", (30.0,))
    monkeypatch.setattr(module, "NOISES", {"pink": 1.0})
    measured = run(lambda folder: Library.open(folder, config=Config()))
    found = {figure.name: figure.value for figure in measured.figures}
    assert found["R@1"] == 1.0
    assert found["words heard in silence (n: seconds)"] == 0
    assert replace(measured, misses=()).lines()
