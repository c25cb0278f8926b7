"""How a recording sounds, in numbers: pitch, energy, pace, spectral shape.

Knows: frames, autocorrelation, the power spectrum, and what is measured in them. Refuses to know:
words, models, and what any number means for a listener (``mmqa.applications`` does).

These are statistics, not what a network has learnt of sound: two recordings lie near each other
where they are equally high, loud, fast and bright, whoever speaks and whatever is said. They serve
to find sounds alike and to tell a lively voice from a flat one; they do not tell a dog from a door.

Pitch is found by autocorrelation divided by that of the window (Boersma 1993, "Accurate short-term
analysis of the fundamental frequency", eq. 9), the pace by peaks of the loudness (de Jong and Wempe
2009, "Praat script to detect syllable nuclei"), here without their voicing repair.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray
from scipy.signal import find_peaks

from mmqa.records import Floats, Recording

VERSION = 1
"""Raise it when the same sound would give other numbers."""

LOWEST_HZ, HIGHEST_HZ = 60.0, 500.0
"""Where pitch is looked for: from a low man's voice to a child's."""

_FRAME_S, _HOP_S = 0.048, 0.01  # three periods of the lowest pitch
_VOICED = 0.5  # autocorrelation of a frame that has a pitch; noise stays below
_NEARLY = 0.9  # the shortest period this near to the best one is the pitch, not its multiple
_SILENCE_DB = -60.0  # below full scale: nothing is said
_QUIET_DB = 35.0  # below the loudest frame: a pause
_DIP_DB = 2.0  # what parts two syllables
_SMOOTH = 5  # frames that loudness is smoothed over
_BANDS = 12
_AT_ONCE = 2_000  # frames: bounds memory to some 60 MB

_Doubles = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Prosody:
    """Statistics of the frames in which something sounds; all 0 of silence, with ``level_db`` −60.

    Attributes:
        pitch_hz: Median pitch of frames that have one; 0 where none has.
        pitch_spread: Standard deviation of the pitch, in semitones.
        voiced: Share of sounding frames that have a pitch, 0–1.
        level_db: Mean level, decibels below full scale (a sine of amplitude 1 has −3).
        level_spread_db: Standard deviation of the level.
        sounding: Share of all frames in which something sounds, 0–1: the rest are pauses.
        pace_per_s: Peaks of loudness in voiced frames a second: about the syllables.
        centroid_hz: Where the middle of the power spectrum lies: bright or dull.
        bandwidth_hz: How far the power spreads around it.
        rolloff_hz: Below it lie 85 % of the power.
        flatness: Geometric by arithmetic mean of the power spectrum: 0 a tone, 1 white noise.
        bands: Share of the power in each of 12 bands of equal width in mel, summing to 1.
    """

    pitch_hz: float = 0.0
    pitch_spread: float = 0.0
    voiced: float = 0.0
    level_db: float = _SILENCE_DB
    level_spread_db: float = 0.0
    sounding: float = 0.0
    pace_per_s: float = 0.0
    centroid_hz: float = 0.0
    bandwidth_hz: float = 0.0
    rolloff_hz: float = 0.0
    flatness: float = 0.0
    bands: tuple[float, ...] = (0.0,) * _BANDS

    @property
    def silent(self) -> bool:
        """Whether nothing sounds."""
        return self.sounding == 0.0


def prosody(recording: Recording) -> Prosody:
    """Measure a recording, or a stretch of one; what is shorter than a frame counts as silent.

    >>> seconds = np.arange(16_000) / 16_000
    >>> tone = Recording((0.5 * np.sin(2 * np.pi * 220 * seconds)).astype(np.float32))
    >>> round(prosody(tone).pitch_hz), round(prosody(tone).level_db)
    (220, -9)
    """
    width = round(_FRAME_S * recording.rate_hz)
    hop = round(_HOP_S * recording.rate_hz)
    if len(recording.samples) < width:
        return Prosody()
    levels, pitches, spectrum = _measured(recording, width, hop)
    sounding = levels > max(_SILENCE_DB, float(levels.max()) - _QUIET_DB)
    if not sounding.any():
        return Prosody()
    voiced = sounding & (pitches > 0)
    sung = pitches[voiced]
    return Prosody(
        pitch_hz=float(np.median(sung)) if len(sung) else 0.0,
        pitch_spread=float(np.std(12 * np.log2(sung))) if len(sung) else 0.0,
        voiced=float(voiced.sum() / sounding.sum()),
        level_db=float(levels[sounding].mean()),
        level_spread_db=float(levels[sounding].std()),
        sounding=float(sounding.mean()),
        pace_per_s=_peaks(levels, voiced) / recording.duration_s,
        **_shape(spectrum, recording.rate_hz, width),  # type: ignore[arg-type]
    )


def stretch(recording: Recording, start_s: float, end_s: float) -> Recording:
    """The part of a recording between two times; a view, nothing is copied."""
    first, last = (max(0, round(at_s * recording.rate_hz)) for at_s in (start_s, end_s))
    return Recording(recording.samples[first:last], recording.rate_hz)


# ------------------------------------------------------------------------------- as one vector

_MIDDLES = {
    "pitch_hz": (150.0, 60.0),
    "pitch_spread": (3.0, 2.0),
    "voiced": (0.6, 0.2),
    "level_db": (-25.0, 10.0),
    "level_spread_db": (8.0, 3.0),
    "sounding": (0.7, 0.2),
    "pace_per_s": (3.5, 1.5),
    "centroid_hz": (900.0, 600.0),
    "bandwidth_hz": (800.0, 400.0),
    "rolloff_hz": (1500.0, 1000.0),
    "flatness": (0.1, 0.1),
}
"""Roughly the mean of speech and its deviation, so that no statistic outweighs the rest."""

WIDTH = len(_MIDDLES) + _BANDS
_FAR = 3.0


def vector(found: Prosody) -> Floats:
    """The statistics on one scale, float32 (``WIDTH``,), each within −3…3; silence is all 0.

    Their order is that of the attributes; the bands come as their logarithm.
    """
    if found.silent:
        return np.zeros(WIDTH, np.float32)
    plain = [(getattr(found, name) - mean) / by for name, (mean, by) in _MIDDLES.items()]
    bands = 1.0 + np.log10(np.maximum(found.bands, 1e-6)) / 2
    values: Floats = np.clip([*plain, *bands], -_FAR, _FAR).astype(np.float32)
    return values


assert [*_MIDDLES, "bands"] == [one.name for one in fields(Prosody)]


# ------------------------------------------------------------------------------------- frames


def _measured(recording: Recording, width: int, hop: int) -> tuple[_Doubles, _Doubles, _Doubles]:
    """Level (n,) in decibels and pitch (n,) of each frame, and the summed power spectrum."""
    window = np.hanning(width)
    levels, pitches = [], []
    spectrum = np.zeros(width // 2 + 1)
    for block in _frames(recording.samples, width, hop):
        power = np.maximum(np.mean(block**2, axis=1), 1e-12)
        levels.append(10 * np.log10(power))
        pitches.append(_pitch(block, window, recording.rate_hz))
        loud = levels[-1] > _SILENCE_DB
        spectrum += (np.abs(np.fft.rfft(block[loud] * window, axis=1)) ** 2).sum(axis=0)
    return np.concatenate(levels), np.concatenate(pitches), spectrum


def _frames(samples: Floats, width: int, hop: int) -> Iterator[_Doubles]:
    """Overlapping frames (n, width) without their mean, some thousand at a time."""
    views = np.lib.stride_tricks.sliding_window_view(samples, width)[::hop]
    for first in range(0, len(views), _AT_ONCE):
        block = views[first : first + _AT_ONCE].astype(np.float64)
        yield block - block.mean(axis=1, keepdims=True)


def _pitch(frames: _Doubles, window: _Doubles, rate_hz: int) -> _Doubles:
    """Pitch of each frame in Hz; 0 where it has none."""
    shortest, longest = int(rate_hz / HIGHEST_HZ), int(rate_hz / LOWEST_HZ) + 1
    likeness = _autocorrelation(frames * window, longest + 2) / _autocorrelation(
        window[None], longest + 2
    )
    likeness /= np.maximum(likeness[:, :1], 1e-12)
    inner = likeness[:, shortest - 1 : longest + 2]
    peaks = (inner[:, 1:-1] >= inner[:, :-2]) & (inner[:, 1:-1] > inner[:, 2:])
    heights = np.where(peaks, inner[:, 1:-1], -1.0)
    best = heights.max(axis=1)
    first = (heights >= _NEARLY * np.maximum(best, 1e-6)[:, None]).argmax(axis=1)
    rows = np.arange(len(frames))
    left, middle, right = (inner[rows, first + step] for step in (0, 1, 2))
    bend = left - 2 * middle + right
    shift = np.where(np.abs(bend) > 1e-12, 0.5 * (left - right) / np.where(bend, bend, 1), 0.0)
    found: _Doubles = np.where(best >= _VOICED, rate_hz / (shortest + first + shift), 0.0)
    return found


def _autocorrelation(rows: _Doubles, lags: int) -> _Doubles:
    size = 1 << (rows.shape[1] + lags - 1).bit_length()
    power = np.abs(np.fft.rfft(rows, size, axis=1)) ** 2
    found: _Doubles = np.fft.irfft(power, size, axis=1)[:, :lags]
    return found


def _peaks(levels: _Doubles, voiced: NDArray[np.bool_]) -> int:
    heard = np.pad(np.maximum(levels, _SILENCE_DB), _SMOOTH // 2, mode="edge")
    smooth = np.convolve(heard, np.ones(_SMOOTH) / _SMOOTH, mode="valid")
    padded = np.concatenate([[_SILENCE_DB], smooth, [_SILENCE_DB]])
    places, _ = find_peaks(padded, prominence=_DIP_DB)
    return int(voiced[places - 1].sum())


def _shape(spectrum: _Doubles, rate_hz: int, width: int) -> dict[str, float | tuple[float, ...]]:
    """The spectral statistics of a summed power spectrum, its constant part left out."""
    hertz = np.fft.rfftfreq(width, 1 / rate_hz)[1:]
    power = spectrum[1:]
    shares = power / power.sum()
    centroid = float(hertz @ shares)
    edges = _hertz(np.linspace(_mel(hertz[0]), _mel(hertz[-1]), _BANDS + 1))
    band = np.clip(np.searchsorted(edges, hertz, side="right") - 1, 0, _BANDS - 1)
    return {
        "centroid_hz": centroid,
        "bandwidth_hz": float(np.sqrt(((hertz - centroid) ** 2) @ shares)),
        "rolloff_hz": float(hertz[np.searchsorted(np.cumsum(shares), 0.85)]),
        "flatness": float(np.exp(np.log(np.maximum(power, 1e-30)).mean()) / power.mean()),
        "bands": tuple(float(v) for v in np.bincount(band, shares, minlength=_BANDS)),
    }


def _mel(hertz: float) -> float:
    return float(2595 * np.log10(1 + hertz / 700))


def _hertz(mel: _Doubles) -> _Doubles:
    found: _Doubles = 700 * (10 ** (mel / 2595) - 1)
    return found
