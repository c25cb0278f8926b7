"""What the shipped mapping leaves over on a user's pairs, in closed form.

Knows: kernel ridge regression of the rest, and that its strength is chosen on the validation side.
Refuses to know: files, steps of training, and the artefact.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np

from mmqa.mapping.closed_form import kernel
from mmqa.records import Floats
from mmqa.training.kernel_ridge import Settings, kernel_ridge

RIDGES = (0.1, 0.3, 1.0, 3.0, 10.0)
GAMMAS = (0.5, 2.0)
STRENGTHS = (0.25, 0.5, 1.0)
LANDMARKS = 2000
"""Rows that the kernel compares with; a user's pairs are mostly fewer, and then all are."""

Delta = Callable[[Floats], Floats]
"""Inputs (k, r) → what is added to their shipped vectors (k, d)."""


@dataclass(frozen=True, slots=True, eq=False)
class Ridge:
    """δ(x) = K((x − offset)·axes, landmarks)·coefficients.

    Attributes:
        offset: float32 (r,), of the inputs.
        axes: float32 (r, s).
        landmarks: float32 (m, s).
        coefficients: float32 (m, d), strength included.
        gamma: Width of the kernel.
        chosen: What the validation side chose, for the report.
        metric: What it gave there.
    """

    offset: Floats
    axes: Floats
    landmarks: Floats
    coefficients: Floats
    gamma: float
    chosen: str
    metric: float


def fit(
    x: Floats,
    targets: Floats,
    importance: Floats,
    *,
    check: Callable[[Delta], float],
    start: float,
    seed: int,
) -> Ridge:
    """The ridge that does best on the validation side, or one of strength 0 where none is better.

    Args:
        x: float32 (n, r), inputs of the fitted pictures.
        targets: float32 (n, d), what is to be added to their shipped vectors.
        importance: float32 (n,), how much each is trusted.
        check: how good a δ is on the validation side.
        start: How good δ = 0 is there.
        seed: Which rows become landmarks, where there are very many.
    """
    best: Ridge | None = None
    for ridge in _candidates(x, targets, importance, seed):
        for strength in STRENGTHS:
            scaled = strength * ridge.coefficients
            metric = check(partial(_delta, ridge, scaled))
            if metric > (best.metric if best else start):
                chosen = f"{ridge.chosen}, strength {strength:g}"
                best = _replaced(ridge, scaled, chosen, metric)
    if best is not None:
        return best
    none = next(_candidates(x, targets, importance, seed))
    return _replaced(none, 0 * none.coefficients, "nothing", start)


def _candidates(x: Floats, targets: Floats, importance: Floats, seed: int) -> Iterator[Ridge]:
    for gamma in GAMMAS:
        for ridge in RIDGES:
            settings = Settings(
                ridge=ridge, gamma=gamma, axes=x.shape[1], landmarks=LANDMARKS, seed=seed
            )
            found = kernel_ridge(x, targets, settings, importance=importance)
            chosen = f"ridge {ridge:g}, gamma {gamma:g}"
            yield Ridge(**found, gamma=gamma, chosen=chosen, metric=0.0)


def _delta(ridge: Ridge, coefficients: Floats, rows: Floats) -> Floats:
    turned: Floats = np.matmul(rows - ridge.offset, ridge.axes)
    return np.asarray(kernel(turned, ridge.landmarks, ridge.gamma) @ coefficients, np.float32)


def _replaced(ridge: Ridge, coefficients: Floats, chosen: str, metric: float) -> Ridge:
    return Ridge(
        ridge.offset, ridge.axes, ridge.landmarks, coefficients, ridge.gamma, chosen, metric
    )
