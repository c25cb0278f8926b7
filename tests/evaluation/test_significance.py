"""Chance or not: against counts by hand, and against SciPy."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import permutation_test

from mmqa.evaluation.significance import compare, holm, randomisation_p


def test_all_swaps_of_few_questions_are_counted() -> None:
    # differences 1, 2, −1, 0: of the 8 swaps of the three that differ, the sums are ±4, ±2, ±2, 0
    # twice; |sum| ≥ 2 in 6 of 8
    ones = np.array([1.0, 2.0, 0.0, 5.0])
    others = np.array([0.0, 0.0, 1.0, 5.0])
    assert randomisation_p(ones, others) == 6 / 8


def test_it_agrees_with_scipy_where_both_count_all_swaps() -> None:
    rng = np.random.default_rng(0)
    ones, others = rng.random(11), rng.random(11)
    expected = permutation_test(
        (ones, others),
        lambda x, y, axis: np.mean(x - y, axis=axis),
        permutation_type="samples",
        n_resamples=np.inf,
    )
    assert randomisation_p(ones, others) == pytest.approx(expected.pvalue)


def test_drawn_swaps_come_near_to_counted_ones() -> None:
    rng = np.random.default_rng(1)
    ones, others = rng.random(12) + 0.15, rng.random(12)
    exact = randomisation_p(ones, others, resamples=2**12)
    assert randomisation_p(ones, others, resamples=4000) == pytest.approx(exact, abs=0.03)
    assert exact > 0.001


def test_a_clear_difference_is_significant_and_never_impossible() -> None:
    p = randomisation_p(np.ones(200), np.zeros(200), resamples=999)
    assert p == 1 / 1000


def test_equal_systems_do_not_differ() -> None:
    found = compare(np.ones(5), np.ones(5))
    assert (found.p, found.difference.mean, found.better, found.worse) == (1.0, 0.0, 0, 0)


def test_the_interval_of_a_difference_is_paired() -> None:
    """Two systems that vary a lot, but together, differ by exactly 0.1."""
    reference = np.linspace(0, 0.9, 50)
    found = compare(reference + 0.1, reference)
    assert found.difference.low == pytest.approx(0.1)
    assert found.difference.high == pytest.approx(0.1)
    assert (found.better, found.worse) == (50, 0)


def test_systems_asked_different_questions_cannot_be_compared() -> None:
    with pytest.raises(ValueError, match="cannot be paired"):
        compare(np.ones(3), np.ones(4))
    with pytest.raises(ValueError, match="cannot be paired"):
        randomisation_p(np.ones(0), np.ones(0))


def test_many_comparisons_are_corrected_and_keep_their_order() -> None:
    # 0.01·4, then max(that, 0.02·3), then max(0.06, 0.03·2), then max(0.06, 0.5)
    assert holm([0.5, 0.01, 0.03, 0.02]) == pytest.approx([0.5, 0.04, 0.06, 0.06])
    assert holm([]) == []
    assert holm([0.9, 0.8]) == [1.0, 1.0]
