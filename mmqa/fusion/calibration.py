"""What unrelated pairs score, so that scores of different modalities can be added.

Knows: how mean and deviation are taken. Refuses to know: whose vectors they are.

Similarities of pictures and of transcripts to a question live at different heights (the modality
gap, Liang et al. 2022): 0.2 is a strong match for one and noise for the other. Almost every pair of
a fixed text bank and the index is unrelated, so their statistics tell where noise lies.
"""

from __future__ import annotations

import numpy as np

from mmqa.records import Calibration, Floats

SIGMA_FLOOR = 0.02
"""Smallest σ: an index of one segment, or of copies, must not blow scores up."""

ROWS = 2_048
"""Most rows taken of either side; spread evenly, so the same input gives the same numbers."""


def calibrate(bank: Floats, vectors: Floats, hubness: Floats) -> Calibration:
    """Mean and standard deviation of ⟨b, x⟩ − h over all pairs of bank and vectors.

    Args:
        bank: float32 (b, d), unit rows; stands for questions nobody asked yet.
        vectors: float32 (n, d), unit rows of one modality in the index.
        hubness: float32 (n,), h of each row of ``vectors``.

    Returns:
        μ, and σ of at least :data:`SIGMA_FLOOR`.

    Raises:
        ValueError: There is no pair to measure.

    >>> bank = np.array([[1, 0], [0, 1]], np.float32)
    >>> c = calibrate(bank, np.array([[0.6, 0.8]], np.float32), np.array([0.1], np.float32))
    >>> round(c.mu, 4), round(c.sigma, 4)  # similarities 0.6 and 0.8, less 0.1
    (0.6, 0.1)
    """
    if not len(bank) or not len(vectors):
        raise ValueError("calibration needs at least one vector on either side")
    chosen = _spread(len(vectors))
    similarity = bank[_spread(len(bank))] @ vectors[chosen].T - hubness[chosen]
    sigma = float(similarity.std(dtype=np.float64))
    return Calibration(float(similarity.mean(dtype=np.float64)), max(sigma, SIGMA_FLOOR))


def _spread(n: int) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    return np.unique(np.linspace(0, n - 1, min(n, ROWS)).round().astype(np.int64))
