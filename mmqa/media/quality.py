"""What is wrong with a picture or recording, measured on little data.

Knows: thresholds, each with its reason. Refuses to know: files, and what a flag leads to.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mmqa.records import Floats, Pixels

TINY_SIDE = 48
"""Pixels on the shorter side: below it people no longer name what is shown (Torralba, Fergus and
Freeman 2008 put 32 × 32 at the edge for scenes), and the encoder enlarges it five times."""

DARK_LEVEL = 24
"""Grey level under which 95 % of the pixels of a dark picture lie: a tenth of the range, where a
screen shows black."""

BLURRED_SHARPNESS = 0.012
"""Variance of the Laplacian over variance of the grey levels, on a copy of about 256 pixels.
Dividing by contrast keeps fog and evening light from counting as blur. Of the
photographs in scikit-image and scikit-learn the sharp ones measure 0.055 and more; after a Gaussian
blur of 1 % of their width most measure 0.006 and less (sand and grass stay above)."""

PLAIN_VARIANCE = 30.0
"""Variance of grey levels under which there is nothing that could be sharp."""

SILENT_RMS = 1e-3
"""−60 dBFS: the noise of a quiet room through a telephone lies 10–20 dB above it."""

CLIPPED_LEVEL = 0.999
"""Full scale but for rounding of 16-bit samples and of lossy codecs."""

CLIPPED_SHARE = 1e-3
"""Music mastered to full scale touches it in 1 sample of 10,000; audible clipping in 1 of 100."""

NEAR_DUPLICATE_BITS = 5
"""Hamming distance of two 64-bit perceptual hashes: copies that were scaled, recompressed or
brightened mostly differ in 0–4 bits (brick and logos in 6–8), different photographs in 20 or more
(median 32). A crop of 4 % mostly differs by more, and is not caught."""

_WINDOW_S = 0.05


def picture_flags(grey: Pixels, width: int, height: int) -> tuple[str, ...]:
    """Flags of a picture.

    Args:
        grey: uint8 (rows, columns), a small copy, longest side about 256.
        width: Of the original, pixels.
        height: Of the original, pixels.

    Returns:
        Any of ``blurred``, ``dark``, ``tiny``.
    """
    flags = []
    if is_blurred(grey):
        flags.append("blurred")
    if float(np.mean(grey < DARK_LEVEL)) > 0.95:
        flags.append("dark")
    if min(width, height) < TINY_SIDE:
        flags.append("tiny")
    return tuple(flags)


def is_blurred(grey: Pixels) -> bool:
    """Whether edges are soft at viewing size; never of a plain surface."""
    if min(grey.shape) < 3:
        return False
    variance = float(grey.var())
    return variance >= PLAIN_VARIANCE and laplacian_variance(grey) / variance < BLURRED_SHARPNESS


def laplacian_variance(grey: Pixels) -> float:
    """Variance of the 4-neighbour Laplacian (Pech-Pacheco et al. 2000, LAPV), grey levels squared.

    >>> laplacian_variance(np.full((8, 8), 7, np.uint8))
    0.0
    """
    g = grey.astype(np.float32)
    inner = g[:-2, 1:-1] + g[2:, 1:-1] + g[1:-1, :-2] + g[1:-1, 2:] - 4 * g[1:-1, 1:-1]
    return float(inner.var())


def is_near_duplicate(a: str, b: str) -> bool:
    """Whether two perceptual hashes (16 hex digits) are of the same picture, near enough.

    An empty hash is like nothing.

    >>> is_near_duplicate("00000000000000ff", "00000000000000fe")
    True
    """
    return bool(a and b) and hash_distance(a, b) <= NEAR_DUPLICATE_BITS


def hash_distance(a: str, b: str) -> int:
    """Bits in which two hashes of hex digits differ."""
    return (int(a, 16) ^ int(b, 16)).bit_count()


def is_silent(samples: Floats, rate_hz: int) -> bool:
    """Whether no 50 ms of float32 (n,) samples are louder than :data:`SILENT_RMS`."""
    window = max(1, int(rate_hz * _WINDOW_S))
    whole = len(samples) // window * window
    if not whole:
        return bool(np.sqrt(np.mean(np.square(samples))) < SILENT_RMS) if len(samples) else True
    powers = np.square(samples[:whole]).reshape(-1, window).mean(axis=1)
    return bool(np.sqrt(powers.max()) < SILENT_RMS)


def count_clipped(samples: NDArray[Any]) -> int:
    """How many samples of a decoded frame, of any type, are at full scale."""
    if np.issubdtype(samples.dtype, np.floating):
        return int(np.count_nonzero(np.abs(samples) >= CLIPPED_LEVEL))
    limits = np.iinfo(samples.dtype)
    middle = (limits.max + limits.min + 1) // 2
    reach = math.ceil((limits.max - middle) * CLIPPED_LEVEL)
    return int(np.count_nonzero((samples >= middle + reach) | (samples <= middle - reach)))
