"""A model's answer → a label, or nothing."""

from __future__ import annotations

import pytest

from mmqa.applications.sentiment.label_words import QUESTION, chances, said
from mmqa.prompts.wanting import want


@pytest.mark.parametrize(
    ("answer", "label"),
    [
        ("positive", "positive"),
        ("The text is Negative.", "negative"),
        ("中性", "neutral"),
        ("积极。", "positive"),
        ("It is a boat.", None),
        ("positive or negative", None),
        ("", None),
    ],
)
def test_only_one_label_counts(answer: str, label: str | None) -> None:
    assert said(answer) == label


def test_a_label_that_was_said_is_likely_not_certain() -> None:
    assert chances("positive") == pytest.approx((0.2, 0.2, 0.6))


def test_the_question_about_a_picture_gets_the_template_of_sentiment() -> None:
    assert {want(question) for question in QUESTION.values()} == {"sentiment"}
