"""What a question asks for."""

from __future__ import annotations

import pytest

from mmqa.evidence.asking import about_attachment, carries, fact, sought_kind


@pytest.mark.parametrize(
    ("question", "kind"),
    [
        ("Who found the bug?", "person"),
        ("And when does it leave?", "time"),
        ("What should I pack when it rains?", "any"),
        ("On which day is it closed?", "time"),
        ("How much is the rent?", "money"),
        ("How much water fits in?", "number"),
        ("Where is the key?", "place"),
        ("What is the dog called?", "name"),
        ("车票多少钱?", "money"),
        ("谁负责?", "person"),
        ("几点开门?", "time"),
        ("面包店星期几关门?", "time"),
    ],
)
def test_the_kind_of_fact(question: str, kind: str) -> None:
    assert fact(question) == kind


@pytest.mark.parametrize(
    ("question", "kind"),
    [
        ("Which picture shows a castle?", "image"),
        ("Show me a photo of the red bicycle", "image"),
        ("Is there a picture of a ball?", "image"),
        ("Do I have any photos of snow?", "image"),
        ("a photo of a dog", "image"),
        ("Which recording is about bees?", "audio"),
        ("Find my notes about bread", "text"),
        ("哪张照片里有城堡?", "image"),
        ("哪段录音提到了蜜蜂?", "audio"),
        ("What does the sign say?", None),
        ("What is in the picture of the harbour?", None),
        ("When was the photo taken?", None),
        ("How much was the cake?", None),
    ],
)
def test_the_kind_of_file(question: str, kind: str | None) -> None:
    assert sought_kind(question) == kind


@pytest.mark.parametrize(
    ("question", "alone"),
    [
        ("", True),
        ("What does this say?", True),
        ("What is written on the sign?", True),
        ("What is in this picture?", True),
        ("这上面写了什么?", True),
        ("How much is the espresso?", False),
        ("Who painted it?", False),
    ],
)
def test_questions_about_an_attachment_alone(question: str, alone: bool) -> None:
    assert about_attachment(question) is alone


def test_a_number_of_the_question_is_no_answer() -> None:
    assert carries("We booked 2 rooms.", "number", "What do 2 rooms cost?") == 0.0


def test_money_is_surer_with_a_currency() -> None:
    assert carries("TOTAL 9.80", "money") == 1.0
    assert carries("Mill Road 27", "money") == 0.5
