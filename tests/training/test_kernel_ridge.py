"""The equations, on numbers small enough to check."""

from __future__ import annotations

import numpy as np

from mmqa.mapping.closed_form import kernel
from mmqa.training.kernel_ridge import Settings, kernel_ridge, principal_axes


def test_kernel_ridge_with_all_rows_as_landmarks_is_the_textbook_solution() -> None:
    random = np.random.default_rng(0)
    z = random.standard_normal((12, 4)).astype(np.float32)
    targets = random.standard_normal((12, 2)).astype(np.float32)
    settings = Settings(ridge=0.3, gamma=0.2, axes=4, landmarks=12, stretch=0)
    fit = kernel_ridge(z, targets, settings)
    turned = (z - fit["offset"]) @ fit["axes"]
    ours = kernel(turned, fit["landmarks"], 0.2) @ fit["coefficients"]
    gram = kernel(z, z, 0.2)  # turning does not change distances
    expected = gram @ np.linalg.solve(gram + 0.3 * np.eye(12), targets - targets.mean(axis=0))
    np.testing.assert_allclose(ours, expected, atol=5e-3)


def test_the_same_seed_fits_the_same_numbers() -> None:
    random = np.random.default_rng(0)
    z, y = random.random((9, 3)).astype(np.float32), random.random((9, 2)).astype(np.float32)
    settings = Settings(axes=2, landmarks=5)
    first, second = (kernel_ridge(z, y, settings) for _ in range(2))
    assert all(np.array_equal(first[name], second[name]) for name in first)


def test_a_row_of_weight_two_is_a_row_given_twice() -> None:
    random = np.random.default_rng(0)
    z, y = random.random((6, 3)).astype(np.float32), random.random((6, 2)).astype(np.float32)
    twice = np.array([0, 1, 2, 3, 4, 5, 0])
    # equal axes: offset and axes do not know of weights, so the inputs are centred on the same
    settings = Settings(ridge=0.3, gamma=1.0, axes=3, landmarks=99, stretch=0)
    weights = np.array([2, 1, 1, 1, 1, 1], np.float32)
    one = kernel_ridge(z, y, settings, importance=weights)
    eligible = np.array([True] * 6 + [False])
    two = kernel_ridge(z[twice], y[twice], settings, eligible=eligible)
    fitted = [
        kernel((z - f["offset"]) @ f["axes"], f["landmarks"], 1.0) @ f["coefficients"]
        for f in (one, two)
    ]
    np.testing.assert_allclose(fitted[0], fitted[1], atol=2e-3)


def test_landmarks_are_drawn_from_the_eligible_rows() -> None:
    z = np.random.default_rng(0).random((8, 3)).astype(np.float32)
    eligible = np.arange(8) < 3
    settings = Settings(axes=3, landmarks=99)
    fit = kernel_ridge(z, z[:, :2], settings, eligible=eligible)
    expected = (z[:3] - fit["offset"]) @ fit["axes"]
    assert sorted(map(tuple, fit["landmarks"])) == sorted(map(tuple, expected))


def test_stretching_evens_the_variances_and_keeps_their_sum() -> None:
    z = (np.random.default_rng(0).standard_normal((50, 3)) * [9, 3, 1]).astype(np.float32)
    spread = []
    for stretch in (0.0, 1.0):
        offset, axes = principal_axes(z, Settings(axes=3, stretch=stretch))
        spread.append(((z - offset) @ axes).var(axis=0))
    assert spread[0][0] > 20 * spread[0][2]
    np.testing.assert_allclose(spread[1], spread[0].sum() / 3, rtol=1e-3)
