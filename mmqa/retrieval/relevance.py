"""Scores as relevance between 0 and 1, and hits that are unlike each other.

Knows: the mathematics. Refuses to know: what was asked, and where vectors come from.
"""

from __future__ import annotations

import math

import numpy as np

from mmqa.records import Floats


def cosine_relevance(cosine: float) -> float:
    """A cosine as relevance 0–1: opposite is as irrelevant as unrelated.

    >>> cosine_relevance(0.8), cosine_relevance(-0.3)
    (0.8, 0.0)
    """
    return min(max(cosine, 0.0), 1.0)


def deviation_relevance(deviations: float) -> float:
    """Share of unrelated segments that score lower, were they normally distributed: Φ.

    >>> deviation_relevance(0.0), round(deviation_relevance(2.0), 3)
    (0.5, 0.977)
    """
    return 0.5 * (1.0 + math.erf(deviations / math.sqrt(2.0)))


def most_marginal(question: Floats, candidates: Floats, k: int, weight: float) -> list[int]:
    """Maximal marginal relevance (Carbonell and Goldstein 1998).

    Takes one after the other the candidate with the largest
    λ · ⟨q, x⟩ − (1 − λ) · max over those taken before of ⟨x, y⟩.

    Args:
        question: float32 (d,), unit length.
        candidates: float32 (n, d), unit rows.
        k: How many.
        weight: λ, 0–1; 1 means likeness to the question alone.

    Returns:
        At most k places, in the order taken; ties by place.

    >>> rows = np.array([[0.96, 0.28], [0.8, 0.6], [0.8, -0.6]], np.float32)
    >>> most_marginal(np.array([1, 0], np.float32), rows, 2, 0.5)
    [0, 2]
    """
    relevance = candidates @ question
    redundancy = np.full(len(candidates), -np.inf)
    left = list(range(len(candidates)))
    taken: list[int] = []
    while left and len(taken) < k:
        gains = [
            weight * relevance[n] - ((1 - weight) * redundancy[n] if taken else 0.0) for n in left
        ]
        best = left.pop(int(np.argmax(gains)))
        taken.append(best)
        redundancy = np.maximum(redundancy, candidates @ candidates[best])
    return taken
