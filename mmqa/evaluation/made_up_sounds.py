"""Sounds without words, made by number: silence, noise of any colour, clicks, hum, tones, chords.

Knows: how each is made, 16 kHz float32, and a seed where chance is in it. Refuses to know: what
hears them. They are not music and rooms as they are in the world: what passes here may still fail
there.
"""

from __future__ import annotations

import numpy as np

from mmqa.records import Floats

RATE_HZ = 16_000


def silence(seconds: float) -> Floats:
    """Nothing at all."""
    return np.zeros(int(seconds * RATE_HZ), np.float32)


def noise(seconds: float, slope: float = 0.0, level: float = 0.1, seed: int = 0) -> Floats:
    """Gaussian noise with power falling as f^−slope: 0 white, 1 pink, 2 brown; RMS ``level``."""
    n = int(seconds * RATE_HZ)
    spectrum = np.fft.rfft(np.random.default_rng(seed).standard_normal(n))
    frequency = np.maximum(np.fft.rfftfreq(n, 1 / RATE_HZ), 20.0)
    samples = np.fft.irfft(spectrum * frequency ** (-slope / 2), n)
    return np.asarray(samples * level / samples.std(), np.float32)


def hum(seconds: float) -> Floats:
    """Mains hum: 50 Hz and its harmonics."""
    t = np.arange(int(seconds * RATE_HZ)) / RATE_HZ
    samples = np.zeros(len(t))
    for hertz, level in ((50, 0.1), (100, 0.2), (200, 0.1), (300, 0.06)):
        samples += level * np.sin(2 * np.pi * hertz * t)
    return samples.astype(np.float32)


def tone(seconds: float, hertz: float = 440.0) -> Floats:
    """One steady tone."""
    t = np.arange(int(seconds * RATE_HZ)) / RATE_HZ
    return (0.3 * np.sin(2 * np.pi * hertz * t)).astype(np.float32)


def clicks(seconds: float, each_s: float = 0.5) -> Floats:
    """A click of 2 ms every half second, as of a clock, over almost nothing."""
    samples = noise(seconds, level=1e-4)
    for start in range(0, len(samples), int(each_s * RATE_HZ)):
        samples[start : start + 32] += 0.8 * np.hanning(32)[: len(samples[start : start + 32])]
    return samples


def chords(seconds: float, chord_s: float = 1.0, seed: int = 0) -> Floats:
    """Chords of three notes with overtones, each struck and dying away, as of a piano."""
    rng = np.random.default_rng(seed)
    size = int(chord_s * RATE_HZ)
    t = np.arange(size) / RATE_HZ
    envelope = np.exp(-1.5 * t) * np.minimum(1, t / 0.01)
    made = []
    for _ in range(int(np.ceil(seconds / chord_s))):
        root = rng.choice([0, 2, 5, 7, 9]) - 9
        notes = 440 * 2 ** ((root + np.array([0, 4, 7])) / 12)
        chord = np.zeros(size)
        for note in notes:
            for k in range(1, 6):
                chord += np.sin(2 * np.pi * note * k * t) / k**1.5
        made.append(0.15 * envelope * chord)
    return np.concatenate(made)[: int(seconds * RATE_HZ)].astype(np.float32)
