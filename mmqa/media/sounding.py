"""What a recording sounds like, by a cheap cue: noise, a steady tone, music, or none of these.

Knows: how peaked a spectrum is, and how long its loudest tone lasts. Refuses to know: files, words,
and whether anybody speaks: voice activity and the recogniser tell that, and where they heard words
nobody should believe this cue.

How: in frames of 256 ms, the flatness of each third of an octave from 100 Hz to 7 kHz (geometric
over arithmetic mean of the power; Johnston 1988 used it to tell tones from noise), weighed by the
power in it. Noise of any colour gives e^−γ = 0.56 on average, a tone next to nothing. Where the
flatness is low the loudest tone counts: two of them at most for the whole recording are a hum or a
signal, more of them that last are music.

Where it errs: rain, wind and applause are noise, as they should be; drums alone, a choir, fast
music and music under noise are mostly none of these; singing without words that anybody understood
is music; mumbling is mostly none of these. Speech over music is speech.
"""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from mmqa.media.quality import SILENT_RMS
from mmqa.records import Floats

Sounding: TypeAlias = Literal["", "noise", "tone", "music"]

FRAME = 4096
"""Samples at 16 kHz: 256 ms, lines 3.9 Hz apart."""
NOISE, NOISE_MOST = 0.40, 0.75
"""Median flatness of noise; that of clicks, whose spectra are smooth, is higher."""
TONAL = 0.20
"""Median flatness up to which it is made of tones."""
SHARE = 0.05
"""A tone counts that is the loudest in this share of the frames."""
LASTING = 0.5
"""Share of neighbouring frames with the same loudest tone from which tones are music."""
LEAST_FRAMES = 8
"""Two seconds of sound, below which nothing is said; and a tenth of the recording."""
_RATE_HZ = 16_000
_EDGES_HZ = 100 * 2 ** (np.arange(19) / 3)


class Ear:
    """Listens to blocks of a recording, 16 kHz, as they go by."""

    def __init__(self) -> None:
        self._rest = np.zeros(0, np.float32)
        self._flatness: list[NDArray[np.float64]] = []
        self._tones: list[NDArray[np.int64]] = []

    def hear(self, block: Floats) -> None:
        """Take in the next samples: float32 (n,)."""
        held = np.concatenate([self._rest, block])
        whole = len(held) // FRAME * FRAME
        self._rest = held[whole:].copy()
        if whole:
            flatness, tones = _measured(held[:whole].reshape(-1, FRAME))
            self._flatness.append(flatness)
            self._tones.append(tones)

    @property
    def sounding(self) -> Sounding:
        """What all of it sounds like."""
        if not self._flatness:
            return ""
        flatness, tones = np.concatenate(self._flatness), np.concatenate(self._tones)
        loud = tones >= 0
        if loud.sum() < max(LEAST_FRAMES, len(tones) / 10):
            return ""
        middle = float(np.median(flatness[loud]))
        if NOISE <= middle <= NOISE_MOST:
            return "noise"
        return _tonal(tones) if middle <= TONAL else ""


def _tonal(tones: NDArray[np.int64]) -> Sounding:
    loud = tones[tones >= 0]
    often = [n for n in Counter(loud.tolist()).values() if n >= SHARE * len(loud)]
    if len(often) <= 2:
        return "tone" if sum(often) > 0.8 * len(loud) else ""
    pairs = (tones[1:] >= 0) & (tones[:-1] >= 0)
    lasting = float(np.mean(tones[1:][pairs] == tones[:-1][pairs])) if pairs.any() else 0.0
    return "music" if lasting >= LASTING else ""


def _measured(frames: Floats) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Flatness of each frame, and its loudest tone in semitones; −1 where it is too quiet."""
    centred = frames - frames.mean(axis=1, keepdims=True)
    rms = np.sqrt(np.square(centred).mean(axis=1))
    power: NDArray[Any] = np.square(np.abs(np.fft.rfft(centred * np.hanning(FRAME), axis=1)))
    bins = np.round(_EDGES_HZ * FRAME / _RATE_HZ).astype(int)
    bands = [power[:, low:high] for low, high in pairwise(bins)]
    energy = np.stack([band.sum(axis=1) for band in bands], axis=1)
    flat = np.stack([_flatness(band) for band in bands], axis=1)
    whole = energy.sum(axis=1)
    flatness = (energy * flat).sum(axis=1) / np.maximum(whole, 1e-20)
    heard = power[:, bins[0] : bins[-1]]
    loudest_hz = (heard.argmax(axis=1) + bins[0]) * _RATE_HZ / FRAME
    tones = np.round(12 * np.log2(loudest_hz / 440)).astype(np.int64) + 100
    tones[rms < SILENT_RMS] = -1
    return flatness.astype(np.float64), tones


def _flatness(power: NDArray[Any]) -> NDArray[Any]:
    floor = power + 1e-20
    flatness: NDArray[Any] = np.exp(np.log(floor).mean(axis=1)) / floor.mean(axis=1)
    return flatness
