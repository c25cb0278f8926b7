"""Where prompts with pictures are cut, and which of them run together."""

from __future__ import annotations

import pytest

from mmqa.vlm.mini.heads import prefix, together
from mmqa.vlm.mini.layout import VISUAL

ASKS = (7, 8)
"""The tokens with which a question begins."""
V = VISUAL


@pytest.mark.parametrize(
    ("tokens", "cut"),
    [
        ([1, V, V, 5, 7, 8, 30, 2], 6),  # behind what every question begins with
        ([7, 8, V, V, 7, 8, 2], 6),  # one that was asked before the picture does not count
        ([1, V, V, 7, 8, 7, 8, 2], 5),  # the first one: the second is part of the question
    ],
)
def test_the_cut_is_where_questions_about_a_picture_part(tokens: list[int], cut: int) -> None:
    assert prefix(tokens, ["a"], 2, ASKS).cuts == (cut,)


@pytest.mark.parametrize(
    "tokens",
    [
        [1, V, V, 5, 30, 2],
        [1, V, V, 7, 9, 2],  # half a question's beginning is none
        [7, 8, V, V, 5, 2],  # of an earlier picture
        [1, V, V, 7, 8],  # nothing follows
        [1, V, V],
        [7, 8, 3],  # no picture
    ],
)
def test_where_no_question_is_asked_there_is_no_cut(tokens: list[int]) -> None:
    assert prefix(tokens, ["a"], 2, ASKS).cuts == ()


def test_a_visual_token_is_known_by_its_picture_and_its_number() -> None:
    found = prefix([1, V, V, 4, V, V, 2], ["a", "b"], 2, ASKS)
    assert found.keys == (1, ("a", 0), ("a", 1), 4, ("b", 0), ("b", 1), 2)


def asked(picture: str, *question: int) -> list[int]:
    return [1, V, V, *ASKS, *question, ord(picture)]


def test_questions_about_one_picture_run_together_and_those_alone_with_each_other() -> None:
    prompts = [
        prefix(asked(picture, *question), [picture], 2, ASKS)
        for picture, question in (("a", (3,)), ("b", (3,)), ("a", (4, 5)), ("c", (6,)))
    ]
    assert together(prompts) == [([0, 2], prompts[0]), ([1, 3], None)]


def test_one_by_itself_is_read_in_the_steps_of_its_stream() -> None:
    one = prefix(asked("a", 3), ["a"], 2, ASKS)
    assert together([one]) == [([0], one)]
    assert together([]) == []
