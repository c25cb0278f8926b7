"""Questions about pictures: how they are put, and when an answer is right."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np
import pytest

from mmqa.evaluation import vqa
from mmqa.evaluation.vqa import BATCH, Case, answers, cases, marks, right
from mmqa.records import Chunk, Message, Picture, Prompt
from mmqa.training.visual_examples import Asked, Example


class Plain:
    """Puts a question as it is; counts nothing, adds nothing."""

    def prompt(self, question: str, pictures: Sequence[Picture]) -> Prompt:
        return Prompt((Message("user", question),), tuple(pictures))


class Reader:
    """Says the question and the value of the picture's first pixel, with white space around."""

    sees = True

    def __init__(self) -> None:
        self.batches: list[int] = []
        self.shown: list[Picture] = []

    def complete(
        self, prompts: Sequence[Prompt], *, max_tokens: int = 96, stop: Sequence[str] = ()
    ) -> list[str]:
        self.batches.append(len(prompts))
        self.shown += [prompt.pictures[0] for prompt in prompts]
        return [f" {p.messages[0].text} {p.pictures[0].pixels[0, 0, 0]}\n" for p in prompts]


def picture(value: int) -> Picture:
    return Picture(np.full((1, 1, 3), value, np.uint8))


def example(number: int, *asked: Asked) -> Example:
    return Example(f"{number}", "x", (partial(picture, number),), asked)


WHAT, WHERE = Asked("what?", "a cat", "name"), Asked("where?", "here", "position")


@pytest.mark.parametrize(
    ("said", "answer"),
    [
        ("Yes.", "yes"),
        ("a Grey circle", "gray circle"),
        ("3", "three"),
        ("twelve", "12"),
        ("the left of it", "left of it"),
        ("Picture 2", "picture 2"),
        ("café", "cafe"),
    ],
)
def test_case_marks_articles_and_the_writing_of_numbers_do_not_count(
    said: str, answer: str
) -> None:
    assert right(said, answer)


@pytest.mark.parametrize(
    ("said", "answer"),
    [
        ("Yes, there is.", "yes"),
        ("It is red.", "red"),
        ("", "no"),
        ("two", "3"),
        ("K0", "KO"),
        ("circle gray", "gray circle"),
        ("cats", "cat"),
    ],
)
def test_any_other_word_does(said: str, answer: str) -> None:
    assert not right(said, answer)


def test_every_question_is_put_with_its_own_picture_or_only_so_many() -> None:
    examples = [example(1, WHAT, WHERE), example(2, WHAT)]
    assert [(c.example.key, c.asked) for c in cases(examples)] == [
        ("1", WHAT),
        ("1", WHERE),
        ("2", WHAT),
    ]
    assert len(cases(examples, 2)) == 2


def test_answers_come_back_in_order_each_of_the_picture_it_was_put_with() -> None:
    one, other = example(1, WHAT, WHERE), example(2, WHAT)
    put = [Case(one, WHAT, one), Case(other, WHAT, other), Case(one, WHERE, other)]
    assert answers(Reader(), Plain(), put) == ["what? 1", "what? 2", "where? 2"]


def test_a_picture_is_drawn_once_and_its_questions_follow_one_another() -> None:
    one, other = example(1, WHAT, WHERE), example(2, WHAT)
    model = Reader()
    put = [Case(one, WHAT, one), Case(other, WHAT, other), Case(one, WHERE, one)]
    answers(model, Plain(), put)
    assert model.shown[0] is model.shown[1]
    assert model.shown[2].pixels[0, 0, 0] == 2


def test_prompts_are_given_in_batches_and_progress_is_told() -> None:
    told: list[Chunk] = []
    model = Reader()
    put = cases([example(n, WHAT, WHERE) for n in range(50)])
    answers(model, Plain(), put, progress=told.append)
    assert model.batches == [BATCH, 100 - BATCH]
    assert [(c.done, c.total) for c in told] == [(BATCH, 100), (100, 100)]


def test_answers_are_marked_one_by_one() -> None:
    put = cases([example(1, WHAT, WHERE)])
    assert marks(put, ["Cat", "there"]).tolist() == [True, False]
    assert vqa.plain("An owl") == ("owl",)
