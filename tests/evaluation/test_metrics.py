"""Ranks, recall and the bootstrap, by hand."""

from __future__ import annotations

import numpy as np
import pytest

from mmqa.evaluation.metrics import (
    bootstrap_interval,
    exact_match,
    measure,
    ranks,
    recall_at_k,
    recall_interval,
    token_f1,
)


def test_ranks_count_what_stands_before_the_right_item() -> None:
    scores = np.array([[0.9, 0.1, 0.5], [0.1, 0.2, 0.3], [0.0, 1.0, 0.5]], np.float32)
    assert ranks(scores, np.eye(3, dtype=bool)).tolist() == [1, 2, 2]


def test_the_best_of_several_right_items_counts() -> None:
    relevant = np.array([[False, True, True]])
    assert ranks(np.array([[0.9, 0.1, 0.5]], np.float32), relevant).tolist() == [2]


def test_a_constant_score_is_no_success() -> None:
    assert ranks(np.ones((4, 4), np.float32), np.eye(4, dtype=bool)).tolist() == [4] * 4


def test_a_question_without_an_answer_is_an_error() -> None:
    with pytest.raises(ValueError, match="no relevant item"):
        ranks(np.ones((1, 2), np.float32), np.zeros((1, 2), dtype=bool))


def test_recall_is_the_share_within_k() -> None:
    found = np.array([1, 2, 10, 11])
    assert [recall_at_k(found, k) for k in (1, 5, 10)] == [0.25, 0.5, 0.75]


def test_the_interval_is_that_of_a_binomial_share() -> None:
    values = np.array([1.0] * 80 + [0.0] * 20)
    interval = bootstrap_interval(values)
    # 0.8 ± 1.96·√(0.8·0.2/100) = 0.722 … 0.878
    assert interval.mean == pytest.approx(0.8)
    assert interval.low == pytest.approx(0.722, abs=0.015)
    assert interval.high == pytest.approx(0.878, abs=0.015)


def test_the_same_seed_gives_the_same_interval() -> None:
    values = np.random.default_rng(0).random(50)
    assert bootstrap_interval(values, seed=3) == bootstrap_interval(values, seed=3)
    assert bootstrap_interval(values, seed=3) != bootstrap_interval(values, seed=4)


def test_recall_and_its_interval_agree() -> None:
    assert recall_interval(np.array([1, 2, 10, 11]), 5).mean == 0.5


def test_measures_of_whole_rankings_are_those_counted_by_hand() -> None:
    rankings = [["a", "b", "c"], ["c", "a"], ["x"]]
    relevant = [{"a", "c"}, {"a"}, {"nowhere"}]
    found = measure(rankings, relevant, ("nDCG@10", "MRR", "R@1", "Success@10"))
    best = 1 + 1 / np.log2(3)
    assert found["nDCG@10"] == pytest.approx([(1 + 1 / np.log2(4)) / best, 1 / np.log2(3), 0.0])
    assert found["MRR"] == pytest.approx([1.0, 0.5, 0.0])
    assert found["R@1"] == pytest.approx([0.5, 0.0, 0.0])
    assert found["Success@10"] == pytest.approx([1.0, 1.0, 0.0])


def test_a_question_that_found_nothing_counts_as_zero() -> None:
    assert measure([[], ["a"]], [{"a"}, {"a"}], ("MRR",))["MRR"].tolist() == [0.0, 1.0]


def test_what_is_equally_good_keeps_the_order_in_which_it_was_found() -> None:
    """``trec_eval`` orders equal scores by name; here every place has a score of its own."""
    names = [f"f{n:02}" for n in range(20)]
    assert measure([names], [{"f00"}], ("R@1",))["R@1"].tolist() == [1.0]
    assert measure([names[::-1]], [{"f19"}], ("R@1",))["R@1"].tolist() == [1.0]


def test_rankings_that_cannot_be_judged_are_refused() -> None:
    with pytest.raises(ValueError, match="no relevant"):
        measure([["a"]], [set()])
    with pytest.raises(ValueError, match="twice"):
        measure([["a", "a"]], [{"a"}])


@pytest.mark.parametrize(
    ("answer", "accepted", "exact", "f1"),
    [
        ("The blue umbrella.", ["a blue umbrella"], 1.0, 1.0),
        ("blue", ["red", "blue umbrella"], 0.0, 2 / 3),
        ("red red", ["red"], 0.0, 2 / 3),
        ("green", ["red"], 0.0, 0.0),
        ("the", ["a"], 1.0, 1.0),
        ("", ["red"], 0.0, 0.0),
        ("red", [], 0.0, 0.0),
    ],
)
def test_answers_are_compared_as_squad_compares_them(
    answer: str, accepted: list[str], exact: float, f1: float
) -> None:
    assert exact_match(answer, accepted) == exact
    assert token_f1(answer, accepted) == pytest.approx(f1)
