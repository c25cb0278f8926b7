"""What is averaged over what, which figures have a target, and what a row of the table says."""

from __future__ import annotations

import numpy as np
import pytest

from mmqa.evaluation import stability
from mmqa.evaluation.stability import METRICS, Trial
from mmqa.evaluation.stability_report import TARGET, StabilityReport


def trial(
    change: str, strength: str, overlaps: list[float], after: list[float], *, seed: int = 0
) -> Trial:
    questions = tuple(f"q{i}" for i in range(len(overlaps)))
    return Trial(
        *("words", change, strength, seed, questions, np.array(overlaps), np.array(overlaps)),
        before={m: np.ones(len(overlaps)) for m in METRICS},
        after={m: np.array(after) for m in METRICS},
    )


def test_what_never_changes_is_perfectly_stable_and_passes() -> None:
    trials = tuple(trial(c, "mild", [1.0, 1.0], [1.0, 1.0]) for c in ("case", "typos"))
    report = StabilityReport("made up", trials, {})
    assert report.passed
    assert {f.value for f in report.figures if "overlap" in f.name} == {1.0}


def test_changes_are_averaged_within_a_question_and_the_interval_is_over_questions() -> None:
    trials = (trial("case", "mild", [1.0, 0.6], [1, 1]), trial("typos", "mild", [0.6, 0.2], [1, 1]))
    [mild] = [
        f
        for f in StabilityReport("x", trials, {}).figures
        if f.name == f"words, mild: overlap of the first {stability.TOP}"
    ]
    assert mild.value == pytest.approx(0.6)
    assert (mild.n, mild.low, mild.high) == (2, pytest.approx(0.4), pytest.approx(0.8))
    assert mild.target == TARGET
    assert mild.reached is False


def test_strong_changes_are_shown_and_have_no_target() -> None:
    report = StabilityReport("x", (trial("typos", "strong", [0.1], [0.2]),), {})
    assert report.passed
    assert all(f.target is None for f in report.figures)


def test_the_spread_over_trials_is_the_least_and_the_most() -> None:
    trials = tuple(
        trial("typos", "mild", [1.0], [value], seed=seed) for seed, value in enumerate([0.2, 0.6])
    )
    report = StabilityReport("x", trials, {})
    figures = {f.name: f.value for f in report.figures}
    assert figures["words, mild: nDCG@10, least of 2 trials"] == 0.2
    assert figures["words, mild: nDCG@10, most of 2 trials"] == 0.6
    assert figures["words, mild: nDCG@10 after"] == pytest.approx(0.4)
    [row] = report.table()
    assert row["seeds"] == 2
    assert row["nDCG@10"] == {
        "before": 1.0,
        "after": pytest.approx(0.4),
        "deviation_over_seeds": pytest.approx(0.2),
    }


def test_where_nothing_is_known_to_be_right_only_the_overlap_is_told() -> None:
    alone = Trial("picture questions", "crop", "mild", 0, ("a",), np.ones(1), np.ones(1), {}, {})
    report = StabilityReport("x", (alone,), {"seeds": 1})
    assert [f.name for f in report.figures] == [
        "picture questions, mild: overlap of the first 10",
        "picture questions, mild: rank-biased overlap",
    ]
    assert "nDCG@10" not in report.table()[0]
    assert any("picture questions, mild, crop: 1.000 1.000" in line for line in report.lines())
