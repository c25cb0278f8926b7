"""What is said while something is to be seen: which questions ask so, and what is made of them."""

from __future__ import annotations

import time

import pytest

from mmqa.prompts.meanwhile import WEIGHT, Meanwhile, meanwhile
from mmqa.records import Wording


@pytest.mark.parametrize(
    ("question", "seen", "topic"),
    [
        ("What is said while the red car is visible?", "the red car", ""),
        ("What does he say when we see the bridge?", "the bridge", ""),
        ("While a blue boat is shown, what is being said?", "a blue boat", ""),
        ("What is told about the mill when the owl appears?", "the owl", "the mill"),
        ("What was said about bees as the chart was on the screen?", "the chart", "bees"),
        ("What do they talk about while the zebra can be seen?", "the zebra", ""),
        ("红色汽车出现的时候说了什么？", "红色汽车", ""),
    ],
)
def test_what_is_seen_and_what_is_said_are_told_apart(question: str, seen: str, topic: str) -> None:
    assert meanwhile(question) == Meanwhile(seen, topic)


@pytest.mark.parametrize(
    "question",
    [
        "What did she say when the ferry was late?",
        "When does she mention the ferry?",
        "Which slide shows the budget?",
        "What is visible while the red car is shown?",
        "",
    ],
)
def test_other_questions_are_left_alone(question: str) -> None:
    assert meanwhile(question) is None


def test_each_part_asks_its_own_modality() -> None:
    both = Meanwhile("the owl", "the mill")
    assert both.modalities == ("visual", "speech")
    assert both.wordings() == (
        Wording("the owl", WEIGHT, ("visual",)),
        Wording("the mill", WEIGHT, ("speech",)),
    )
    assert Meanwhile("the owl").modalities == ("visual",)


def test_a_long_question_takes_no_time() -> None:
    started = time.process_time()
    assert meanwhile("what is said while we see when " * 200) is None
    meanwhile("what is said while when as " * 11)
    assert time.process_time() - started < 1.0
