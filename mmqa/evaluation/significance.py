"""Is one system better than another, or was it chance? Paired, question by question.

Knows: randomisation, the bootstrap, and that many comparisons need a correction. Refuses to know:
what was measured.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mmqa.evaluation.metrics import Interval, bootstrap_interval

Values = NDArray[np.float64]

RESAMPLES = 10_000


@dataclass(frozen=True, slots=True)
class Comparison:
    """One system against another over the same questions.

    Attributes:
        difference: Mean of (one − other), with its paired 95 % bootstrap interval.
        p: Two-sided p of the paired randomisation test.
        better: Questions on which it is better.
        worse: Questions on which it is worse.
    """

    difference: Interval
    p: float
    better: int
    worse: int


def compare(
    values: Values, reference: Values, *, resamples: int = RESAMPLES, seed: int = 0
) -> Comparison:
    """Compare two systems on the same n questions.

    Args:
        values: (n,), a measure of each question.
        reference: (n,), the same of the other system.
        resamples: Draws of both tests.
        seed: Same seed, same result.

    Raises:
        ValueError: They were not asked the same number of questions, or none.
    """
    difference = _differences(values, reference)
    return Comparison(
        bootstrap_interval(difference.astype(np.float32), resamples=resamples, seed=seed),
        randomisation_p(values, reference, resamples=resamples, seed=seed),
        int((difference > 0).sum()),
        int((difference < 0).sum()),
    )


def randomisation_p(
    values: Values, reference: Values, *, resamples: int = RESAMPLES, seed: int = 0
) -> float:
    """Two-sided p of the paired randomisation test (Smucker, Allan and Carterette 2007, §3.3).

    If the systems did not differ, each question's two values might as well be swapped: how often is
    the difference of the means then as large as it is? All 2^m swaps of the m questions that differ
    are tried where they are no more than ``resamples``; else so many are drawn, and the swap that
    happened counts as one of them, so that p is never 0 (Phipson and Smyth 2010).

    >>> randomisation_p(np.array([1.0, 1.0, 1.0]), np.zeros(3))  # 2 of 2³ swaps
    0.25
    """
    difference = _differences(values, reference)
    differing = difference[difference != 0]
    if not len(differing):
        return 1.0
    observed = abs(float(differing.sum())) * (1 - 1e-9)  # sums in another order round otherwise
    if 2 ** min(len(differing), 60) <= resamples:
        return float((np.abs(_all_signs(len(differing)) @ differing) >= observed).mean())
    signs = np.random.default_rng(seed).integers(0, 2, (resamples, len(differing)), np.int8)
    sums = np.abs((2.0 * signs - 1.0) @ differing)
    return float(((sums >= observed).sum() + 1) / (resamples + 1))


def holm(p_values: Sequence[float]) -> list[float]:
    """p-values corrected for how many there are (Holm 1979), in the order given.

    >>> holm([0.01, 0.04, 0.03])
    [0.03, 0.06, 0.06]
    """
    order = sorted(range(len(p_values)), key=lambda place: p_values[place])
    corrected, least = [0.0] * len(p_values), 0.0
    for done, place in enumerate(order):
        least = max(least, min(1.0, (len(p_values) - done) * p_values[place]))
        corrected[place] = least
    return corrected


def _differences(values: Values, reference: Values) -> Values:
    if len(values) != len(reference) or not len(values):
        raise ValueError(f"{len(values)} values cannot be paired with {len(reference)}")
    difference: Values = np.asarray(values, np.float64) - np.asarray(reference, np.float64)
    return difference


def _all_signs(n: int) -> Values:
    bits = (np.arange(2**n)[:, None] >> np.arange(n)) & 1
    return bits.astype(np.float64) * 2 - 1
