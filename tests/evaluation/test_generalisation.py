"""The matrix: fits that differ only in what they saw, asked alike."""

from __future__ import annotations

import numpy as np
import pytest

from mmqa.evaluation.generalisation import Fit, Gallery, Pairs, conse_alone, fitted, run
from mmqa.mapping.closed_form import ClosedFormMapping, normalize
from mmqa.mapping.shipped import Weights
from mmqa.records import Floats, ImageFeatures
from mmqa.training.kernel_ridge import Settings

D, CLASSES, WIDTH = 12, 5, 20
RNG = np.random.default_rng(3)


def unit(n: int, d: int = D) -> Floats:
    return normalize(RNG.standard_normal((n, d)).astype(np.float32))


THINGS = unit(8)
LOOKS = np.abs(RNG.standard_normal((8, WIDTH))).astype(np.float32) * 3


def features(things: list[int]) -> ImageFeatures:
    """Pictures of things, as they look, with a little noise; the classifier knows nothing."""
    noise = 0.05 * np.abs(RNG.standard_normal((len(things), WIDTH))).astype(np.float32)
    flat = np.full((len(things), CLASSES), 1 / CLASSES, np.float32)
    return ImageFeatures(LOOKS[things] + noise, flat)


@pytest.fixture(scope="module")
def mapping() -> ClosedFormMapping:
    """A closed form of small matrices; the classifier's part is next to nothing."""
    z = WIDTH + CLASSES
    weights = Weights(
        offset=np.zeros(z, np.float32),
        axes=np.eye(z, 4, dtype=np.float32),
        landmarks=unit(3, 4),
        coefficients=unit(3),
        gamma=1.0,
        classes=1e-3 * unit(CLASSES),
        bank=unit(30),
        picture_bank=unit(12),
        usual=np.zeros(CLASSES, np.float32),
        spread=np.ones(CLASSES, np.float32),
        words=tuple("word" for _ in range(30)),
        temperature=1.0,
        named_share=0.3,
        drawn_share=0.0,
        drawn_temperature=1.0,
        calibration={},
    )
    return ClosedFormMapping(weights)


def pairs(name: str, things: list[int], copies: int = 6) -> Pairs:
    shown = things * copies
    return Pairs(name, features(shown), THINGS[shown], np.ones(len(shown), np.float32))


SETTINGS = Settings(axes=10, landmarks=40, ridge=0.01)


def test_a_fit_knows_what_it_saw_and_not_what_another_saw(mapping: ClosedFormMapping) -> None:
    first, second = list(range(4)), list(range(4, 8))
    fits = [
        fitted(pairs(name, seen), mapping.weights, SETTINGS)
        for name, seen in (("first", first), ("second", second))
    ]
    fits.append(fitted(pairs("first", first) + pairs("second", second), mapping.weights, SETTINGS))
    for fit, seen in zip(fits, (first, second, first + second), strict=True):
        vectors = fit.mapping.map(features(list(range(8))))
        near = (vectors @ THINGS.T).argmax(axis=1) == np.arange(8)
        assert near[seen].all(), fit.name
    assert fits[2].name == "first + second"
    assert fits[2].pairs == 48


def test_conse_alone_is_the_classifier_and_nothing_else(mapping: ClosedFormMapping) -> None:
    alone = conse_alone(mapping.weights)
    flat = np.full((1, CLASSES), 1 / CLASSES, np.float32)
    found = alone.mapping.map(ImageFeatures(LOOKS[:1], flat))
    wanted = normalize(mapping.weights.classes.mean(axis=0)[None])
    assert np.allclose(found, wanted, atol=1e-5)
    assert alone.pairs == 0


def test_cells_stand_in_rows_with_n_interval_and_home(mapping: ClosedFormMapping) -> None:
    fits = [Fit("emoji", mapping, 9), Fit("ConSE alone", mapping, 0)]
    right = np.eye(8, 40, dtype=bool)
    shown = features([i % 8 for i in range(40)])
    tests = [
        Gallery("Noto", THINGS, shown, right, home=("emoji",)),
        Gallery("photographs", THINGS, shown, right),
    ]
    report = run(fits, tests)
    assert [(c.fit, c.test, c.home) for c in report.cells] == [
        ("emoji", "Noto", True),
        ("emoji", "photographs", False),
        ("ConSE alone", "Noto", False),
        ("ConSE alone", "photographs", False),
    ]
    assert {f.n for f in report.figures} == {8}
    assert {f.chance for f in report.figures} == {10 / 40}
    assert all(f.low is not None and f.low <= f.value for f in report.figures)
    assert report.to_json()["pairs"] == {"emoji": 9, "ConSE alone": 0}
    assert any("*Noto" in line for line in report.lines())
