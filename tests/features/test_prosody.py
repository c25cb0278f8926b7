"""How a recording sounds, on sounds whose numbers are known by hand."""

from __future__ import annotations

from dataclasses import astuple

import numpy as np
import pytest

from mmqa.features.prosody import WIDTH, Prosody, prosody, stretch, vector
from mmqa.records import Floats, Recording

RATE_HZ = 16_000


def seconds(length_s: float = 2.0) -> Floats:
    return (np.arange(int(length_s * RATE_HZ)) / RATE_HZ).astype(np.float32)


def tone(hertz: float, amplitude: float = 0.5, length_s: float = 2.0) -> Recording:
    sine = amplitude * np.sin(2 * np.pi * hertz * seconds(length_s).astype(np.float64))
    return Recording(sine.astype(np.float32), RATE_HZ)


def noise(amplitude: float = 0.1) -> Recording:
    drawn = np.random.default_rng(0).uniform(-amplitude, amplitude, 4 * RATE_HZ)
    return Recording(drawn.astype(np.float32), RATE_HZ)


@pytest.mark.parametrize("hertz", [80.0, 110.0, 220.0, 440.0])
def test_a_tone_has_its_pitch(hertz: float) -> None:
    found = prosody(tone(hertz))
    assert found.pitch_hz == pytest.approx(hertz, rel=0.005)
    assert found.pitch_spread == pytest.approx(0, abs=0.05)
    assert found.voiced == 1.0


def test_a_voice_is_as_high_as_its_fundamental_however_weak_that_is() -> None:
    # harmonics 2 to 6 of 120 Hz without the fundamental itself: the ear hears 120 Hz
    wave = sum(np.sin(2 * np.pi * 120 * k * seconds()) for k in range(2, 7)) / 10
    assert prosody(Recording(wave.astype(np.float32))).pitch_hz == pytest.approx(120, rel=0.01)


def test_a_full_sine_has_three_decibels_below_full_scale() -> None:
    assert prosody(tone(220, 1.0)).level_db == pytest.approx(-3.01, abs=0.05)


def test_half_the_amplitude_is_six_decibels_less() -> None:
    loud, soft = prosody(tone(220, 0.5)), prosody(tone(220, 0.25))
    assert loud.level_db - soft.level_db == pytest.approx(6.02, abs=0.01)


def test_white_noise_has_a_flat_spectrum_and_no_pitch() -> None:
    found = prosody(noise())
    assert found.flatness > 0.95
    assert found.voiced < 0.05
    assert found.centroid_hz == pytest.approx(RATE_HZ / 4, rel=0.03)  # the middle of 0 … 8,000 Hz
    assert found.rolloff_hz == pytest.approx(0.85 * RATE_HZ / 2, rel=0.03)


def test_a_tone_has_a_spectrum_that_is_anything_but_flat() -> None:
    found = prosody(tone(1_000))
    assert found.flatness < 0.001
    assert found.centroid_hz == pytest.approx(1_000, rel=0.01)
    assert found.bandwidth_hz < 100
    assert sum(found.bands) == pytest.approx(1)


def test_a_glide_of_an_octave_spreads_over_its_semitones() -> None:
    # 150 Hz rising evenly in semitones to 300 Hz: uniform over 12 has deviation 12 / √12
    at = seconds(3.0).astype(np.float64)
    phase = 2 * np.pi * 150 * 3.0 / np.log(2) * (2 ** (at / 3.0) - 1)
    found = prosody(Recording((0.3 * np.sin(phase)).astype(np.float32)))
    assert found.pitch_spread == pytest.approx(12 / np.sqrt(12), rel=0.05)


def test_a_voice_that_swells_four_times_a_second_has_that_pace() -> None:
    swell = 0.5 - 0.5 * np.cos(2 * np.pi * 4 * seconds(3.0))
    found = prosody(Recording((tone(200, 0.5, 3.0).samples * swell).astype(np.float32)))
    assert found.pace_per_s == pytest.approx(4, abs=0.4)


def test_pauses_are_told_from_sound() -> None:
    half = np.concatenate([tone(220).samples, np.zeros(2 * RATE_HZ, np.float32)])
    found = prosody(Recording(half))
    assert found.sounding == pytest.approx(0.5, abs=0.02)
    assert found.level_db == pytest.approx(prosody(tone(220)).level_db, abs=0.3)


@pytest.mark.parametrize("samples", [np.zeros(RATE_HZ), np.zeros(0), np.full(9, 0.3)])
def test_silence_and_too_little_sound_say_nothing(samples: Floats) -> None:
    found = prosody(Recording(samples.astype(np.float32)))
    assert found.silent
    assert not vector(found).any()


def test_a_constant_is_silence_whatever_its_height() -> None:
    assert prosody(Recording(np.full(RATE_HZ, 0.8, np.float32))).silent


def test_other_rates_give_the_same_numbers() -> None:
    at = np.arange(2 * 8_000) / 8_000
    slow = Recording((0.5 * np.sin(2 * np.pi * 220 * at)).astype(np.float32), 8_000)
    assert prosody(slow).pitch_hz == pytest.approx(220, rel=0.005)
    assert prosody(slow).level_db == pytest.approx(prosody(tone(220)).level_db, abs=0.05)


def test_a_stretch_is_measured_by_itself() -> None:
    both = Recording(np.concatenate([tone(150).samples, tone(300).samples]))
    assert prosody(stretch(both, 2.0, 4.0)).pitch_hz == pytest.approx(300, rel=0.005)
    assert stretch(both, -1.0, 0.5).duration_s == 0.5


def test_as_a_vector_every_statistic_is_small_and_finite() -> None:
    for recording in (tone(80), tone(440, 1.0), noise(), noise(1.0)):
        found = vector(prosody(recording))
        assert found.shape == (WIDTH,) and found.dtype == np.float32
        assert np.isfinite(found).all() and np.abs(found).max() <= 3


def test_alike_sounds_lie_nearer_than_others() -> None:
    low, near, hiss = (vector(prosody(one)) for one in (tone(110), tone(115), noise()))
    assert np.linalg.norm(low - near) < 0.3 * np.linalg.norm(low - hiss)


def test_blocks_of_frames_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = prosody(noise())
    monkeypatch.setattr("mmqa.features.prosody._AT_ONCE", 7)
    pieces = prosody(noise())
    for one, other in zip(astuple(whole), astuple(pieces), strict=True):
        assert one == pytest.approx(other)


def test_silence_is_what_the_defaults_say() -> None:
    assert Prosody().silent and Prosody().level_db == -60
