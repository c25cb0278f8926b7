"""Figures of sentiment, worked by hand, and the suites on small made-up ratings."""

from __future__ import annotations

import numpy as np
import pytest

from mmqa.evaluation.sentiment import Cases, emoji, figures, language_model, sentences
from mmqa.records import Features
from mmqa.training.labelled import Example, Labelled, Side
from mmqa.training.sentiment import Public

LABELS = ("negative", "neutral", "positive")


def cases() -> Cases:
    return Cases(("positive", "positive", "negative", "neutral"), ("a", "a", "b", "c"))


def test_accuracy_and_macro_f1_are_counted() -> None:
    said = {"one": ("positive", "negative", "negative", "positive")}
    accuracy, f1 = figures(cases(), said)
    assert accuracy.value == 0.5 and accuracy.n == 4 and accuracy.chance == 0.5
    # positive 2·1/(2+2), negative 2·1/(1+2), neutral 0
    assert f1.value == pytest.approx((1 / 2 + 2 / 3 + 0) / 3)
    assert accuracy.low is not None and accuracy.low <= 0.5 <= (accuracy.high or 0)


def test_groups_are_drawn_whole() -> None:
    together = Cases(("positive",) * 8, ("a",) * 4 + ("b",) * 4)
    (accuracy, _) = figures(together, {"one": ("positive",) * 4 + ("negative",) * 4})
    assert (accuracy.low, accuracy.high) == (0.0, 1.0)  # of two groups, often the same one twice


def test_a_lead_is_measured_within_the_same_resamples() -> None:
    right, wrong = cases().labels, ("neutral",) * 4
    found = {f.name: f for f in figures(cases(), {"a": right, "b": wrong}, [("a", "b")])}
    assert found["accuracy, a minus b"].value == 0.75 and found["accuracy, a minus b"].reached
    back = {f.name: f for f in figures(cases(), {"a": right, "b": wrong}, [("b", "a")])}
    assert back["accuracy, b minus a"].reached is False


def made_up(pictures: bool, n: int = 240) -> Public:
    """Words tell negative, pictures tell positive; both tell all."""
    rng = np.random.default_rng(0)
    examples, features, sides = [], [], []
    for row in range(n):
        label = LABELS[row % 3]
        read, seen = (0.2 * rng.standard_normal(12).astype(np.float32) for _ in range(2))
        read[0] += 1 if label == "negative" else -1
        seen[1] += 1 if label == "positive" else -1
        examples.append(Example(label, str(row), text="a good day" if row % 2 else "a plain day"))
        features.append(Features({"text": read, **({"visual": seen} if pictures else {})}))
        side: Side = "test" if row % 5 == 0 else "development" if row % 5 == 1 else "train"
        sides.append(side)
    groups = tuple(f"g{row // 3}" for row in range(n))
    return Public(Labelled(tuple(examples), tuple(features), tuple(sides)), groups, ((),) * n)


def test_both_suites_report_trained_alone_and_untrained() -> None:
    drawn, rated = made_up(True), made_up(False)
    report = emoji(drawn, rated)
    names = [figure.name for figure in report.figures]
    assert names[:4] == [
        "test side: accuracy, fused",
        "test side: accuracy, visual alone",
        "test side: accuracy, text alone",
        "test side: accuracy, untrained",
    ]
    assert {figure.n for figure in report.figures} == {48, 240}
    found = {figure.name: figure for figure in report.figures}
    for alone in ("visual alone", "text alone"):
        assert found[f"in turn: accuracy, fused minus {alone}"].reached
    assert report.how["concepts in turn"] == 80
    other = sentences(drawn, rated)
    assert other.figures[0].name == "accuracy, trained"


def test_a_model_that_says_no_label_counts_as_neutral_and_is_told() -> None:
    report = language_model(made_up(False), lambda texts: [None] * len(texts), 6)
    assert report.how["answers without one label"] == 6
    assert report.figures[0].n == 6
