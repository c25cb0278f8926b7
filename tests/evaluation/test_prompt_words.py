from __future__ import annotations

from math import comb
from pathlib import Path

import pytest

from mmqa.corpora.openmoji import Emoji
from mmqa.evaluation.prompt_words import guessing, most_counted, report


def emoji(annotation: str, *tags: str) -> Emoji:
    return Emoji(annotation, "x", annotation, tags, "food-drink", "x", False, Path("x"))


BEAR = emoji("teddy bears", "toy")
APPLE = emoji("red apple", "fruit")
KNOWN = ("apple", "bear", "fruits", "sea", "sky", "toy")


def test_a_word_is_right_when_it_equals_the_annotation_its_head_noun_or_a_tag() -> None:
    said = [["teddy", "toys"], ["sea", "apples"]]
    found = report(said, [BEAR, APPLE], KNOWN, ["fruits"])
    by_name = {figure.name: figure for figure in found.figures}
    assert by_name["a right word among the first 10"].value == 1.0
    assert by_name["a strictly right word among the first 10"].value == 0.5
    assert by_name["a right first word"].value == 0.0
    assert by_name["not looking: the commonest ten"].value == 0.5
    assert found.passed


def test_a_part_of_a_name_is_not_the_name() -> None:
    found = report([["teddy"], ["red"]], [BEAR, APPLE], KNOWN, [])
    assert found.figures[0].value == 0.0
    assert not found.passed
    assert found.misses == ("'teddy bears': teddy", "'red apple': red")


def test_chance_is_that_of_drawing_without_putting_back() -> None:
    one_of_six = 1 - comb(5, 2) / comb(6, 2)
    assert guessing(KNOWN, [frozenset({"apple"})], k=2) == pytest.approx(one_of_six)
    assert guessing(KNOWN, [frozenset({"owl"})], k=2) == 0.0


def test_the_commonest_words_are_counted_over_drawings() -> None:
    seen = [APPLE, emoji("pear", "fruit"), BEAR]
    assert most_counted(KNOWN, seen, k=1) == ["fruits"]
