"""Which weakly named drawings a fit may not see: those that tell of what it is to be tested on.

Knows: captions and their vectors. Refuses to know: pixels, the mapping, and scores.

An icon called ``shipping-truck-flat`` tells of the held-out concept "delivery truck" though neither
name holds the other. So two rules: words (``concepts.Withheld``: all words of a held-out concept,
or the head noun of one that is asked for), and meaning: a caption whose vector has a cosine of
:data:`NEAR` or more with a held-out annotation's is left out too.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mmqa.corpora.concepts import Withheld
from mmqa.records import Floats
from mmqa.training.drawings import Drawing

NEAR = 0.7
"""Cosine from which two texts count as saying the same; chosen by reading pairs, not by results."""


def telling(
    weak: Sequence[Drawing], vectors: Floats, held: Sequence[Drawing], held_vectors: Floats
) -> NDArray[np.bool_]:
    """Which of n weakly named drawings tell of any held-out one, bool (n,).

    Args:
        weak: n drawings.
        vectors: float32 (n, d), of their captions, unit rows.
        held: m drawings of held-out concepts.
        held_vectors: float32 (m, d), of their annotations, unit rows.
    """
    if not weak or not held:
        return np.zeros(len(weak), bool)
    words = Withheld.of(
        {d.emoji.annotation for d in held}, {d.emoji.annotation for d in held if d.depicted}
    )
    near = (vectors @ np.unique(held_vectors, axis=0).T).max(axis=1) >= NEAR
    named = {caption: words.told_by(caption) for caption in {d.emoji.annotation for d in weak}}
    found: NDArray[np.bool_] = near | np.array([named[d.emoji.annotation] for d in weak])
    return found
