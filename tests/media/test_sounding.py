"""Noise, tones and music are told apart where they can be; what is none of them is left open."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from mmqa.evaluation import made_up_sounds as made
from mmqa.media.sounding import Ear
from mmqa.records import Floats

RECORDINGS = Path(__file__).parents[2] / "indexes/samples/recordings"


def sounding(samples: Floats, size: int = 100_000) -> str:
    ear = Ear()
    for start in range(0, len(samples), size):
        ear.hear(samples[start : start + size])
    return ear.sounding


@pytest.mark.parametrize("slope", [0.0, 1.0, 2.0])
@pytest.mark.parametrize("level", [0.01, 0.3])
def test_noise_of_any_colour_and_level_is_noise(slope: float, level: float) -> None:
    assert sounding(made.noise(60, slope, level)) == "noise"


@pytest.mark.parametrize("make", [made.tone, made.hum])
def test_a_steady_tone_and_a_hum_are_tones(make: Callable[[float], Floats]) -> None:
    assert sounding(make(60)) == "tone"


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_chords_are_music_however_they_are_cut_into_blocks(seed: int) -> None:
    samples = made.chords(60, seed=seed)
    assert {sounding(samples, size) for size in (999, 100_000, len(samples))} == {"music"}


def test_chords_under_louder_noise_are_noise() -> None:
    assert sounding(made.chords(60) + made.noise(60, level=0.5)) == "noise"


@pytest.mark.parametrize("make", [made.silence, made.clicks])
def test_nothing_is_said_of_silence_and_of_clicks(make: Callable[[float], Floats]) -> None:
    assert sounding(make(60)) == ""


def test_nothing_is_said_of_a_second_of_noise_in_a_minute_of_silence() -> None:
    samples = made.silence(60)
    samples[:16_000] = made.noise(1)
    assert sounding(samples) == ""
    assert sounding(np.zeros(0, np.float32)) == ""
