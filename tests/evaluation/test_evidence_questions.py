"""Questions about passages have their answer in one passage and nowhere else."""

from __future__ import annotations

from mmqa.evaluation.answers import holds
from mmqa.evaluation.evidence_questions import PASSAGES, drawn


def test_the_answer_stands_in_exactly_one_passage() -> None:
    for question in drawn(300):
        assert len(question.passages) == PASSAGES
        holding = [p for p in question.passages if holds(p, question.answer)]
        assert len(holding) == 1, question


def test_nothing_is_left_to_be_filled_in() -> None:
    for question in drawn(60):
        assert "{" not in question.question + " ".join(question.passages)
        assert question.passages[0][0].isupper() or question.passages[0][0].isdigit()


def test_every_frame_is_asked_before_any_is_asked_again() -> None:
    kinds = [question.question.split()[0] for question in drawn(30)]
    assert kinds == [question.question.split()[0] for question in drawn(60)][30:]
    assert len({question.question for question in drawn(30)}) == 30


def test_the_same_seed_draws_the_same_and_another_does_not() -> None:
    assert drawn(20, seed=3) == drawn(20, seed=3)
    assert drawn(20, seed=3) != drawn(20, seed=4)
    assert drawn(20, seed=3)[:5] == drawn(5, seed=3)
