"""The suites: which figures they give, for answers that are known."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from mmqa.evaluation import vqa_suites
from mmqa.evaluation.report import Figure, Report
from mmqa.evaluation.vqa import Case
from mmqa.evaluation.vqa_suites import SUITES, scenes_report, words_report
from mmqa.records import Message, Picture, Prompt
from mmqa.training import scene_questions
from mmqa.training.visual_examples import AnswerKind, Asked, Example


class Plain:
    def prompt(self, question: str, pictures: Sequence[Picture]) -> Prompt:
        return Prompt((Message("user", question),), tuple(pictures))


class Table:
    """Answers each question as a table says; a question that is put twice gets the next answer."""

    sees = True

    def __init__(self, answers: dict[str, list[str]]) -> None:
        self._answers = {question: list(given) for question, given in answers.items()}

    def complete(
        self, prompts: Sequence[Prompt], *, max_tokens: int = 96, stop: Sequence[str] = ()
    ) -> list[str]:
        return [self._answers[p.messages[0].text].pop(0) for p in prompts]


def case(key: str, kind: AnswerKind, answer: str, group: str = "") -> Case:
    asked = Asked("?", answer, kind)
    example = Example(key, "x", (), (asked,), group=group)
    return Case(example, asked, example)


def by_name(report: Report) -> dict[str, Figure]:
    return {figure.name: figure for figure in report.figures}


def test_the_three_suites_are_there() -> None:
    assert set(SUITES) == {"easy-vqa", "scenes", "words"}


def test_scenes_are_told_apart_by_kind_and_by_whether_their_pairs_were_seen() -> None:
    put = [
        case("1", "count", "3", "seen"),
        case("1", "count", "3", "seen"),
        case("2", "count", "2", "held-out"),
        case("2", "colour", "red", "held-out"),
    ]
    report = scenes_report(Table({}), put, ["three", "2", "two", "red"])
    figures = by_name(report)
    assert (figures["overall"].value, figures["overall"].target) == (0.75, 0.85)
    assert figures["overall"].chance == 0.75  # always "3" to a count, always "red" to a colour
    assert figures["count questions"].value == pytest.approx(2 / 3)
    assert figures["colour questions"].value == 1.0
    assert figures["scenes with pairs never seen"].value == 1.0
    assert figures["scenes with pairs seen"].value == 0.5
    assert report.how["pictures"] == 2
    assert report.misses == ("count, x 1: '?' → '2', not '3'",)


def test_words_are_read_by_word_and_to_the_letter() -> None:
    put = [
        case("1", "read", "EXIT", "exit"),
        case("2", "read", "No Entry", "no entry"),
        case("2", "yes-no", "yes", "no entry"),
        case("2", "colour", "red", "no entry"),
    ]
    figures = by_name(words_report(Table({}), put, ["exit", "No Entry", "no", "Red"]))
    assert (figures["read"].value, figures["read"].n, figures["read"].reached) == (1.0, 2, True)
    assert figures["read, one word"].n == figures["read, several words"].n == 1
    assert figures["read, to the letter"].value == 0.5
    assert figures["says it this or that (yes/no)"].value == 0.0
    assert figures["colour of the letters"].value == 1.0


def test_the_suite_of_scenes_puts_the_first_questions_of_the_test_split() -> None:
    told: dict[str, list[str]] = {}
    examples = scene_questions.examples("test", 4)
    for example in examples:
        for asked in example.asked:
            told.setdefault(asked.question, []).append(asked.answer)
    report = SUITES["scenes"](Table(told), Plain(), limit=20)
    assert by_name(report)["overall"].value == 1.0
    assert by_name(report)["overall"].n == 20


def test_there_are_a_thousand_questions_about_scenes_and_two_hundred_words_to_read() -> None:
    counts = [len(e.asked) for e in scene_questions.examples("test", 40)]
    assert sum(counts) / 40 * vqa_suites.SCENES > 1500
    assert vqa_suites.WORDS >= 200
