"""Loudness, length and spectrum by hand-worked numbers."""

from __future__ import annotations

from typing import cast

import numpy as np
import pytest

from mmqa.media import augment_recordings as recordings
from mmqa.records import Floats, Recording

RATE = 16_000


def tone(hertz: float = 440, seconds: float = 2.0, level: float = 0.3) -> Recording:
    time = np.arange(round(RATE * seconds)) / RATE
    return Recording((level * np.sin(2 * np.pi * hertz * time)).astype(np.float32))


def rms(samples: Floats) -> float:
    return float(np.sqrt(np.mean(np.square(samples, dtype=np.float64))))


def pitch(recording: Recording) -> float:
    """Frequency of the highest peak."""
    middle = recording.samples[RATE // 4 : RATE // 4 + RATE // 2]
    spectrum = np.abs(np.fft.rfft(middle * np.hanning(len(middle))))
    return float(np.argmax(spectrum) * recording.rate_hz / len(middle))


@pytest.mark.parametrize("asked_db", [0, 10, 20, 30])
def test_the_measured_noise_is_the_asked_noise(asked_db: float) -> None:
    noisy = recordings.add_noise(tone(), np.random.default_rng(2), asked_db)
    clipped = float(np.mean(np.abs(noisy.samples) == 1))
    assert clipped < 0.01
    assert recordings.snr_db(tone(), noisy) == pytest.approx(asked_db, abs=0.1)


def test_silence_stays_silent_whatever_the_noise() -> None:
    silent = Recording(np.zeros(100, np.float32))
    assert recordings.add_noise(silent, np.random.default_rng(0), 10) is silent


@pytest.mark.parametrize(("decibels", "factor"), [(-6.0206, 0.5), (-20, 0.1), (6.0206, 2)])
def test_gain_is_in_decibels(decibels: float, factor: float) -> None:
    changed = recordings.gain(tone(), decibels)
    assert rms(changed.samples) == pytest.approx(factor * rms(tone().samples), rel=1e-4)


@pytest.mark.parametrize("factor", [0.8, 1.1, 1.5])
def test_a_faster_tape_is_shorter_and_higher(factor: float) -> None:
    changed = recordings.change_speed(tone(), factor)
    assert len(changed.samples) == round(2 * RATE / factor)
    assert pitch(changed) == pytest.approx(440 * factor, abs=4)


@pytest.mark.parametrize("factor", [0.8, 1.1, 1.5])
def test_a_faster_speaker_is_shorter_and_not_higher(factor: float) -> None:
    changed = recordings.change_tempo(tone(), factor)
    assert len(changed.samples) == round(2 * RATE / factor)
    assert pitch(changed) == pytest.approx(440, abs=4)
    assert rms(changed.samples) == pytest.approx(rms(tone().samples), rel=0.1)


@pytest.mark.parametrize(("codec", "kilobits"), [("mp3", 64), ("opus", 24)])
def test_a_codec_keeps_length_pitch_and_loudness_but_not_every_sample(
    codec: str, kilobits: float
) -> None:
    changed = recordings.through_codec(tone(), cast(recordings.Codec, codec), kilobits)
    assert len(changed.samples) == len(tone().samples)
    assert pitch(changed) == pytest.approx(440, abs=4)
    assert rms(changed.samples) == pytest.approx(rms(tone().samples), rel=0.1)
    assert not np.array_equal(changed.samples, tone().samples)


def test_a_telephone_passes_a_voice_and_stops_a_rumble_and_a_hiss() -> None:
    kept, rumble, hiss = (
        rms(recordings.band_limit(tone(hertz), 300, 3400).samples) / rms(tone(hertz).samples)
        for hertz in (1000, 100, 6000)
    )
    assert kept == pytest.approx(1, abs=0.01)
    assert rumble < 0.01
    assert hiss < 0.01


def test_padding_adds_exactly_so_much_silence() -> None:
    padded = recordings.pad_silence(tone(), 0.25, 0.5)
    assert padded.duration_s == 2.75
    assert not padded.samples[: RATE // 4].any()
    assert not padded.samples[-RATE // 2 :].any()
    assert (padded.samples[RATE // 4 : -RATE // 2] == tone().samples).all()


def test_an_echo_dies_away_by_sixty_decibels_in_the_asked_time() -> None:
    click = np.zeros(RATE, np.float32)
    click[0] = 0.9
    echo = recordings.reverberate(Recording(click), np.random.default_rng(4), 0.5).samples
    early = rms(echo[400:1200])
    late = rms(echo[400 + RATE // 4 : 1200 + RATE // 4])
    assert 20 * np.log10(early / late) == pytest.approx(30, abs=1.5)


def test_an_echo_leaves_the_loudness_of_speech_about_as_it_was() -> None:
    rng = np.random.default_rng(0)
    speech = Recording((0.1 * rng.standard_normal(RATE)).astype(np.float32))
    changed = recordings.reverberate(speech, rng, 0.3)
    assert rms(changed.samples) == pytest.approx(0.1, rel=0.1)
    assert len(changed.samples) == RATE


def test_nothing_leaves_the_range_of_a_recording() -> None:
    loud = Recording(np.ones(4000, np.float32))
    for changed in (
        recordings.gain(loud, 20),
        recordings.add_noise(loud, np.random.default_rng(0), 0),
        recordings.change_speed(loud, 0.9),
    ):
        assert np.abs(changed.samples).max() <= 1
        assert changed.samples.dtype == np.float32
