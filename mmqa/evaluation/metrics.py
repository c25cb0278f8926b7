"""Figures of retrieval, with how sure they are.

Knows: ranks, recall at k, the bootstrap. Refuses to know: where scores come from.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mmqa.records import Floats


@dataclass(frozen=True, slots=True)
class Interval:
    """A mean over questions and its 95 % interval, all 0–1."""

    mean: float
    low: float
    high: float


def ranks(scores: Floats, relevant: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Rank from 1 of the best relevant item of each question; ties count against it.

    Args:
        scores: (n questions, m items), higher is better.
        relevant: (n, m), at least one true in each row.

    Raises:
        ValueError: A question has no relevant item.

    >>> ranks(np.array([[0.9, 0.5, 0.5]]), np.array([[False, True, False]])).tolist()
    [3]
    """
    if not relevant.any(axis=1).all():
        raise ValueError("a question has no relevant item")
    best = np.where(relevant, scores, -np.inf).max(axis=1)
    ahead: NDArray[np.int64] = ((scores >= best[:, None]) & ~relevant).sum(axis=1)
    return ahead + 1


def recall_at_k(found: NDArray[np.int64], k: int) -> float:
    """Share of questions whose rank is at most ``k``.

    >>> recall_at_k(np.array([1, 3, 11, 2]), 2)
    0.5
    """
    return float((found <= k).mean())


def bootstrap_interval(
    values: Floats, *, resamples: int = 2000, seed: int = 0, level: float = 0.95
) -> Interval:
    """Mean with its percentile bootstrap interval over questions (Efron 1979).

    Args:
        values: (n,), one a question, e.g. 1 where it was answered.
        resamples: How often n values are drawn with replacement.
        seed: Same seed, same interval.
        level: Share of resampled means inside, 0–1.

    >>> bootstrap_interval(np.ones(5))
    Interval(mean=1.0, low=1.0, high=1.0)
    """
    draws = np.random.default_rng(seed).integers(0, len(values), (resamples, len(values)))
    means = np.asarray(values, dtype=np.float64)[draws].mean(axis=1)
    tail = (1 - level) / 2
    low, high = np.quantile(means, [tail, 1 - tail])
    return Interval(float(np.mean(values)), float(low), float(high))


def recall_interval(found: NDArray[np.int64], k: int, seed: int = 0) -> Interval:
    """Recall at k with its bootstrap interval."""
    return bootstrap_interval((found <= k).astype(np.float32), seed=seed)
