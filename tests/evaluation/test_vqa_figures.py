"""Shares, what guessing gives, and misses: by hand."""

from __future__ import annotations

import numpy as np
import pytest

from mmqa.evaluation.report import wilson
from mmqa.evaluation.vqa import Case
from mmqa.evaluation.vqa_figures import MISSES, how, majority, misses, share, shares
from mmqa.training.visual_examples import AnswerKind, Asked, Example


def case(question: str, answer: str, kind: AnswerKind = "yes-no", key: str = "1") -> Case:
    asked = Asked(question, answer, kind)
    example = Example(key, "x", (), (asked,))
    return Case(example, asked, example)


def test_a_share_has_wilson_s_interval() -> None:
    figure = share("yes/no", np.array([True] * 18 + [False] * 2), target=0.9)
    assert (figure.value, figure.n) == (0.9, 20)
    assert (figure.low, figure.high) == wilson(18, 20)
    assert figure.reached


def test_a_share_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="no answers"):
        share("nothing", np.array([], bool))


def test_each_choice_gets_its_share_its_chance_and_its_target_but_for_empty_ones() -> None:
    marked = np.array([True, True, False, True])
    guessed = np.array([True, False, False, False])
    first = np.array([True, True, False, False])
    chosen = {"first": first, "last": ~first, "none": first & ~first}
    found = {f.name: f for f in shares(marked, guessed, chosen, {"last": 0.8})}
    assert set(found) == {"first", "last"}
    assert (found["first"].value, found["first"].chance, found["first"].target) == (1.0, 0.5, None)
    assert (found["last"].value, found["last"].chance, found["last"].reached) == (0.5, 0.0, False)


def test_who_does_not_look_gives_the_commonest_answer_to_the_same_question() -> None:
    known = [case("red?", "yes"), case("red?", "no"), case("red?", "no"), case("blue?", "yes")]
    put = [case("red?", "no"), case("red?", "yes"), case("blue?", "yes"), case("new?", "no")]
    # "red?" → no; "blue?" → yes; unknown: yes and no are as common, "no" comes first
    guessed = majority(put, known, lambda asked: asked.question)
    assert guessed.tolist() == [True, False, True, True]


def test_at_most_so_many_misses_of_a_kind_are_told() -> None:
    put = [case(f"{n}?", "yes", key=f"{n}") for n in range(15)] + [case("hue?", "red", "colour")]
    lines = misses(put, ["no"] * 16, np.zeros(16, bool))
    assert len(lines) == MISSES + 1
    assert lines[0] == "colour, x 1: 'hue?' → 'no', not 'red'"
    assert lines[1] == "yes-no, x 0: '0?' → 'no', not 'yes'"
    assert misses(put, ["no"] * 16, np.ones(16, bool)) == ()


def test_a_report_says_whether_the_model_sees() -> None:
    class Blind:
        sees = False

        def complete(self, prompts: object, **_: object) -> list[str]:
            raise AssertionError("is not asked here")

    assert how(Blind())["the model"] == "sees no pixels, only words about them"
