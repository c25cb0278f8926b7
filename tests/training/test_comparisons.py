"""Pairs of shapes: answers follow from the groups, and none is the likelier one."""

from __future__ import annotations

import re
from collections import Counter
from functools import partial
from itertools import product

import numpy as np
import pytest

from mmqa.errors import CorpusError
from mmqa.records import Picture
from mmqa.training.comparisons import compare
from mmqa.training.visual_examples import Asked, Example


def picture(value: int) -> Picture:
    return Picture(np.full((1, 1, 3), value, np.uint8))


PAIRS = list(product(("red", "blue", "teal"), ("circle", "rectangle", "triangle")))
SHAPES = [
    Example(f"{n}", "x", (partial(picture, n),), (Asked("?", "!", "name"),), group=" ".join(pair))
    for n, pair in enumerate(PAIRS * 3)
]


def told(example: Example) -> dict[str, Asked]:
    return {asked.phrasing.split("/")[0]: asked for asked in example.asked}


def test_every_answer_is_true_of_the_two_groups() -> None:
    for example in compare(SHAPES, 300, split="train"):
        one, other = (set(g.split()) for g in example.group.split(", "))
        asked = told(example)
        colours, shapes = {"red", "blue", "teal"}, {"circle", "rectangle", "triangle"}
        same_colour, same_shape = one & colours == other & colours, one & shapes == other & shapes
        assert asked["compare.same-colour"].answer == ("yes" if same_colour else "no")
        assert asked["compare.same-shape"].answer == ("yes" if same_shape else "no")
        differs = {(True, True): "nothing", (True, False): "the shape", (False, True): "the colour"}
        expected = differs.get((same_colour, same_shape), "both")
        assert asked["compare.difference"].answer == expected
        what = asked["compare.what"]
        shown = one if "1" in what.question else other
        assert set(what.answer.removeprefix("a ").split()) == shown
        for which in ("compare.which-shape", "compare.which-colour"):
            if which in asked:
                right = (one, other)[int(asked[which].answer[-1]) - 1]
                wrong = other if right is one else one
                named = set(re.findall(r"\w+", asked[which].question.lower()))
                assert named & right - wrong
                assert not named & wrong - right


def test_no_answer_is_the_likelier_one() -> None:
    counted: Counter[tuple[str, str]] = Counter()
    for example in compare(SHAPES, 1000, split="train"):
        for asked in example.asked:
            counted[asked.phrasing.split("/")[0], asked.answer] += 1
    for asks in ("compare.same-colour", "compare.same-shape"):
        assert 440 < counted[asks, "yes"] < 560
    for asks in ("compare.which-shape", "compare.which-colour"):
        one, two = counted[asks, "picture 1"], counted[asks, "picture 2"]
        assert 0.4 < one / (one + two) < 0.6
    assert all(190 < counted["compare.difference", a] < 310 for a in ("both", "nothing"))


def test_pictures_stand_in_the_order_of_their_groups() -> None:
    for example in compare(SHAPES, 20, split="test"):
        numbers = [int(draw().pixels[0, 0, 0]) for draw in example.pictures]
        assert [SHAPES[n].group for n in numbers] == example.group.split(", ")
        assert numbers[0] != numbers[1]


def test_a_seed_gives_the_same_pairs_and_each_split_its_own_wordings() -> None:
    assert [e.asked for e in compare(SHAPES, 5, split="train")] == [
        e.asked for e in compare(SHAPES, 5, split="train")
    ]
    keys = {a.phrasing for e in compare(SHAPES, 50, split="test") for a in e.asked}
    assert all("/test/" in key for key in keys)


def test_pictures_of_one_kind_cannot_be_compared() -> None:
    with pytest.raises(CorpusError, match="no pairs"):
        compare(SHAPES[:1], 1, split="train")
