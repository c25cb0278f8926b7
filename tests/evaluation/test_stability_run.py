"""The whole run over a small index of real files with the real models."""

from __future__ import annotations

from pathlib import Path

import pytest

from mmqa.config import Config
from mmqa.evaluation.changed_media import write_wav
from mmqa.evaluation.stability import Asked
from mmqa.evaluation.stability_run import Sizes, run, transcripts
from mmqa.library import Library
from mmqa.media.audio import read_audio
from mmqa.records import Recording

SAMPLES = Path(__file__).parents[2] / "indexes/samples"
PICTURES = [SAMPLES / "pictures" / name for name in ("IMG_2034.jpg", "IMG_2044.jpg")]


def clip(folder: Path) -> Path:
    """The first seven seconds of a sample recording."""
    whole = read_audio(SAMPLES / "recordings/voicemail-03.ogg", "ogg", 600).recording
    path = folder.resolve() / "voicemail.wav"
    write_wav(Recording(whole.samples[: 7 * whole.rate_hz]), path)
    return path


@pytest.mark.weights
def test_words_pictures_and_recordings_are_changed_and_all_trials_are_reported(
    tmp_path: Path,
) -> None:
    config = Config(ocr=False)
    recording = clip(tmp_path)
    files = [recording, *PICTURES]
    asked = [Asked("Who called, and what about?", frozenset({recording}))]
    with Library.open(tmp_path / "index", config=config) as library:
        library.add(files)
        report = run(
            library,
            lambda folder: Library.open(folder, config=config),
            asked,
            suite="samples",
            sizes=Sizes(questions=1, pictures=1, media=3, seeds=1),
        )
        held = {item.path for item in library.items()}
        heard = transcripts(tmp_path / "index", [recording])
    assert held == {file.resolve() for file in files}, "the index itself is only read"
    kinds = {(t.what, t.strength) for t in report.trials}
    assert {
        (f"{kind} in the index", s)
        for kind in ("pictures", "recordings")
        for s in (
            "mild",
            "strong",
        )
    } <= kinds
    assert {"words", "picture questions"} <= {what for what, _ in kinds}
    overlaps = {f.name: f.value for f in report.figures}
    assert overlaps["pictures in the index, mild: overlap of the first 10"] == 1.0, "3 files of 3"
    assert len(heard[0].split()) > 5
    [kept] = [f for f in report.figures if f.name.startswith("recordings, mild: words kept")]
    assert kept.value > 0.7
