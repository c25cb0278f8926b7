"""What is said in the recordings of the bench, and ratios from turns; and it runs end to end."""

from __future__ import annotations

import wave
from pathlib import Path

import numpy as np
import pytest

from mmqa.config import Config
from mmqa.evaluation import bench_audio
from mmqa.evaluation.bench_audio import ALL, BARE, OWN, _ratio, run, talk, write
from mmqa.evaluation.bench_audio_process import peak_bytes

PROMPTS = [np.full(16_000 * n, 0.1 * n, np.float32) for n in (1, 2, 3)]


def test_a_talk_is_as_long_as_asked_for_and_as_full() -> None:
    blocks = list(talk(PROMPTS, 60.0, share=0.5, seed=1))
    samples = np.concatenate(blocks)
    assert len(samples) == 60 * 16_000
    # a prompt and its second of pause make half of the time: 6 s of speech in every 18 s
    assert np.mean(samples > 0) == pytest.approx(6 / 18, abs=0.05)
    assert [len(b) for b in talk(PROMPTS, 60.0, 0.5, seed=1)] == [len(b) for b in blocks]


def test_it_is_written_as_it_is_made(tmp_path: Path) -> None:
    write(tmp_path / "talk.wav", talk(PROMPTS, 5.0, share=1.0, seed=0))
    with wave.open(str(tmp_path / "talk.wav")) as file:
        assert (file.getframerate(), file.getnframes()) == (16_000, 80_000)


def test_ratios_are_medians_within_a_turn() -> None:
    seconds = ((11.0, 10.0, 20.0), (30.0, 20.0, 20.0), (1.2, 1.0, 9.0))
    turns = [
        {name: {"seconds": s, "words": 5} for name, s in zip((OWN, BARE, ALL), one, strict=True)}
        for one in seconds
    ]
    figure = _ratio("bare", BARE, turns, bench_audio.SPEED)
    assert figure.value == pytest.approx(1.2)  # of 1.1, 1.5, 1.2
    assert figure.reached
    assert _ratio("all", ALL, turns, None).value == pytest.approx(0.55)


def test_the_peak_is_what_this_process_held_at_once() -> None:
    before = peak_bytes()
    held = np.ones(2 * before // 8)
    assert peak_bytes() >= before + 0.9 * held.nbytes / 2
    del held
    assert peak_bytes() > before


@pytest.mark.weights
def test_the_bench_runs_end_to_end(monkeypatch: pytest.MonkeyPatch) -> None:
    recordings = Path(__file__).parents[2] / "indexes/samples/recordings"
    from mmqa.media.audio import read_audio

    said = read_audio(recordings / "voicemail-02.mp3", "mp3", 3600.0).recording
    monkeypatch.setattr(bench_audio, "_prompts", lambda progress: [said.samples])  # type: ignore[union-attr]
    report = run(Config(threads=1), rounds=1, turn_s=20.0, short_s=15.0, long_s=30.0)
    assert all(figure.value > 0 for figure in report.figures)
    assert report.how["mmqa, words"] > 5
    assert report.how["bare, words"] > 5
