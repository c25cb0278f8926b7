"""What a question wants decides its template; every way to ask that training uses is checked."""

from __future__ import annotations

import re
import time
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

import mmqa.training
from mmqa.prompts.wanting import want
from mmqa.training.phrasings import templates

TABLES = Path(mmqa.training.__file__).parent
WANTED = {
    "scene_phrasings.toml": {
        "count": "counting",
        **dict.fromkeys(
            ("exists", "lacks", "is_relative", "is_more", "is_there", "is_coloured", "is_number"),
            "yes_no",
        ),
    },
    "source_phrasings.toml": {
        "named.describe": "description",
        "named.is": "yes_no",
        "words.is": "yes_no",
        "words.read": "reading",
    },
    "chart_phrasings.toml": {
        "parts": "counting",
        **dict.fromkeys(("is_kind", "is_extreme", "is_larger"), "yes_no"),
    },
}
"""Table of wordings → what is asked → the template; ``question`` for all others."""
SPARED = ("compare.", "title")
"""Several pictures; titles, which many ask for in ways that do not say that they are to be read."""
SLOTS = {
    "the": "the red circle",
    "other": "the blue square",
    "things": "red circles",
    "a": "a red circle",
    "bare": "red circle",
    "noun": "shape",
    "direction": "left of",
    "place": "in the top left corner",
    "colour": "red",
    "shape": "circle",
    "number": "three",
    "more": "larger",
    "thing": "a cat",
    "text": '"STOP"',
    "parts": "bars",
    "part": "bar",
    "end": "the leftmost bar",
    "one": "the red bar",
    "most": "tallest",
}


def worded() -> Iterator[tuple[str, str]]:
    """Each way to ask about one picture, and the template it should get."""
    for file, wanted in WANTED.items():
        tables = tomllib.loads((TABLES / file).read_text(encoding="utf-8"))
        assert wanted.keys() <= tables.keys()
        for kind, sides in tables.items():
            for frame in () if kind.startswith(SPARED) else (*sides["train"], *sides["test"]):
                for template in templates(frame):
                    question = re.sub(r"\{(\w+)\}", lambda slot: SLOTS[slot[1]], template)
                    yield question, wanted.get(kind, "question")


def test_the_wordings_of_the_training_data_get_the_template_of_its_kind() -> None:
    asked = list(worded())
    assert len(asked) > 500
    wrong = [(question, want(question)) for question, wanted in asked if want(question) != wanted]
    assert len(wrong) <= len(asked) / 100, wrong


def test_capitals_and_marks_do_not_matter() -> None:
    for question, _ in worded():
        assert want(question.capitalize().rstrip("?.")) == want(question)


@pytest.mark.parametrize(
    ("question", "wanted"),
    [
        ("Is it left or right?", "question"),
        ("Are they all red or not?", "yes_no"),
        ("Isn't there a dog?", "yes_no"),
        ("In this picture, is there a dog?", "yes_no"),
        ("Tell me whether the sign says EXIT.", "yes_no"),
        ("Is the mood positive?", "yes_no"),
        ("Which team won, red or blue?", "question"),
        ("Could you please tell me how many people are here?", "counting"),
        ("Do you know how many dogs there are?", "counting"),
        ("Can you count the dogs?", "counting"),
        ("What is the number of the bus?", "question"),
        ("How much is the coffee?", "question"),
        ("What country is this?", "question"),
        ("What does the sign say?", "reading"),
        ("What's the title of this chart?", "reading"),
        ("What colour is the title?", "question"),
        ("Read the sign aloud", "reading"),
        ("Can you read it?", "reading"),
        ('Can you read "STOP" here?', "yes_no"),
        ("What does the sign on the left mean?", "question"),
        ("What is the man reading?", "question"),
        ("In what colour is it written?", "question"),
        ("Please describe what you see", "description"),
        ("Describe the dog in the picture", "question"),
        ("What is going on in this photo?", "description"),
        ("What is this?", "question"),
        ("Is this picture positive or negative?", "sentiment"),
        ("How does the picture feel?", "sentiment"),
        ("How does the dog feel?", "question"),
        ("", "question"),
    ],
)
def test_english(question: str, wanted: str) -> None:
    assert want(question) == wanted


@pytest.mark.parametrize(
    ("question", "wanted"),
    [
        ("图里有几只狗?", "counting"),
        ("图中有多少人?", "counting"),
        ("請問有幾隻狗?", "counting"),
        ("你能告诉我有几只狗吗?", "counting"),
        ("现在几点?", "question"),
        ("这杯咖啡多少钱?", "question"),
        ("这是第几页?", "question"),
        ("几何图形是什么颜色?", "question"),
        ("这是狗吗?", "yes_no"),
        ("图里有没有猫?", "yes_no"),
        ("你能看到狗吗?", "yes_no"),
        ("天气好不好?", "yes_no"),
        ("是红色还是蓝色?", "question"),
        ("牌子上写着什么?", "reading"),
        ("能读一下这个牌子吗?", "reading"),
        ("请描述这张图片", "description"),
        ("能描述一下这张图片吗?", "description"),
        ("图里发生了什么?", "description"),
        ("这张图片的情感是积极还是消极?", "sentiment"),
        ("她在做什么?", "question"),
        ("狗是什么颜色?", "question"),
    ],
)
def test_chinese(question: str, wanted: str) -> None:
    assert want(question) == wanted


@pytest.mark.parametrize("filler", ["what does ", "positive ", "请", "a, "])
def test_a_question_without_end_takes_no_time(filler: str) -> None:
    started = time.perf_counter()
    want(filler * 20_000)
    assert time.perf_counter() - started < 1
    assert want("How many dogs are there? " + filler * 20_000) == "counting"
