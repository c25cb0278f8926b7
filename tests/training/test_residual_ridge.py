"""What is left over is found where there is something to find, and nothing is made of noise."""

from __future__ import annotations

import numpy as np

from mmqa.mapping.closed_form import kernel
from mmqa.records import Floats
from mmqa.training import residual_ridge
from mmqa.training.residual_ridge import Delta


def rows(count: int, width: int, seed: int) -> Floats:
    made = np.random.default_rng(seed).normal(size=(count, width)).astype(np.float32)
    return made / np.linalg.norm(made, axis=1, keepdims=True)


def test_a_smooth_rest_is_found_and_the_tensors_say_the_same_as_the_check() -> None:
    x = rows(60, 4, 0)
    targets = x @ rows(4, 3, 1)
    held = rows(20, 4, 2)
    wanted = held @ rows(4, 3, 1)

    def check(delta: Delta) -> float:
        return -float(((delta(held) - wanted) ** 2).mean())

    start = -float((wanted**2).mean())
    found = residual_ridge.fit(
        x, targets, np.ones(60, np.float32), check=check, start=start, seed=0
    )
    assert found.metric > 0.5 * start  # less than half of the error is left
    turned = (held - found.offset) @ found.axes
    delta = kernel(turned, found.landmarks, found.gamma) @ found.coefficients
    np.testing.assert_allclose(-((delta - wanted) ** 2).mean(), found.metric, rtol=1e-4)
    assert found.chosen.startswith("ridge ")


def test_where_nothing_is_better_than_nothing_nothing_is_added() -> None:
    found = residual_ridge.fit(
        rows(30, 3, 0),
        rows(30, 2, 1),
        np.ones(30, np.float32),
        check=lambda _delta: 0.4,
        start=0.4,
        seed=0,
    )
    assert (found.chosen, found.metric) == ("nothing", 0.4)
    assert not found.coefficients.any()


def test_a_row_that_is_not_trusted_moves_nothing() -> None:
    x = np.concatenate([rows(30, 3, 0), rows(1, 3, 5)])
    targets = np.concatenate([np.zeros((30, 2), np.float32), np.full((1, 2), 9, np.float32)])

    def moved(trust: float) -> float:
        importance = np.array([1.0] * 30 + [trust], np.float32)
        found = residual_ridge.fit(
            x,
            targets,
            importance,
            check=lambda delta: float(np.abs(delta(x)).max()),
            start=-1,
            seed=0,
        )
        return found.metric

    assert moved(0.0) < 1e-3
    assert moved(1.0) > 1
