"""Drawings with names: what is asked, and that wrong names are wrong."""

from __future__ import annotations

import tomllib

import numpy as np
import pytest

from mmqa.corpora import concepts, iconify
from mmqa.records import Picture
from mmqa.training import named_pictures
from mmqa.training.named_pictures import FILE, Named, ask
from mmqa.training.phrasings import templates
from mmqa.training.visual_examples import Asked, Split


def blank() -> Picture:
    return Picture(np.zeros((2, 2, 3), np.uint8))


def named(label: str, category: str, *tags: str) -> Named:
    words = frozenset(w for text in (label, *tags) for w in text.split())
    return Named(f"x/{label}", label, f"a {label}", category, words, blank)


APPLE = named("red apple", "food fruit", "fruit")
OWL = named("owl", "animal bird")
CAR = named("automobile", "travel ground", "car")
COOK = named("woman cook", "people-body role", "cook")
WOMAN = named("woman", "people-body person", "adult")
ALL = [APPLE, OWL, CAR, named("sports car", "travel ground"), named("apple tree", "plant"), COOK]


def by_kind(one: Named, among: list[Named]) -> dict[str, list[Asked]]:
    found: dict[str, list[Asked]] = {}
    for asked in ask(one, among, "train").asked:
        found.setdefault(asked.kind, []).append(asked)
    return found


def test_a_drawing_is_asked_for_its_name_a_description_yes_and_no() -> None:
    asked = by_kind(OWL, ALL)
    assert [a.answer for a in asked["name"]] == ["a owl", "a owl"]
    assert [a.answer for a in asked["describe"]] == ["a owl"]
    assert [a.answer for a in asked["yes-no"]] == ["yes", "no"]
    assert "a owl" in asked["yes-no"][0].question
    assert "a owl" not in asked["yes-no"][1].question
    assert "colour" not in asked


def test_a_colour_is_asked_for_only_where_the_name_tells_it() -> None:
    (colour,) = by_kind(APPLE, ALL)["colour"]
    assert colour.answer == "red"
    assert "red" not in colour.question


def test_a_wrong_name_shares_no_word_with_what_is_said_of_the_drawing() -> None:
    others = [named(f"owl {n}", "animal bird") for n in range(50)]
    wrong = {
        by_kind(Named(f"k/{n}", *_rest(CAR)), [*ALL, *others])["yes-no"][1].question
        for n in range(60)
    }
    assert len(wrong) > 5
    assert not any("car" in question.split() for question in wrong)


def test_that_it_is_a_woman_is_never_denied_of_a_woman() -> None:
    among = [WOMAN, OWL]
    denied = [
        by_kind(Named(f"k/{n}", *_rest(COOK)), among)["yes-no"][1].question for n in range(30)
    ]
    assert all("owl" in question for question in denied)


def _rest(one: Named) -> tuple[str, str, str, frozenset[str], object]:
    return one.label, one.name, one.category, one.words, one.picture


def test_questions_depend_on_the_key_alone() -> None:
    assert ask(APPLE, ALL, "train").asked == ask(APPLE, ALL, "train").asked
    assert ask(APPLE, ALL, "train").asked != ask(APPLE, ALL, "test").asked


@pytest.mark.parametrize("asked", tomllib.loads(FILE.read_text(encoding="utf-8")))
def test_no_wording_of_the_test_is_one_of_training(asked: str) -> None:
    sides = tomllib.loads(FILE.read_text(encoding="utf-8"))[asked]
    said = {
        side: {t.lower().rstrip("?") for frame in frames for t in templates(frame)}
        for side, frames in sides.items()
    }
    assert len(said["train"]) >= 8
    assert len(said["test"]) >= 3
    assert not said["train"] & said["test"]


@pytest.fixture(scope="module")
def collected() -> dict[Split, list[Named]]:
    return {split: named_pictures.collect(split, styles=True) for split in ("train", "test")}


@pytest.mark.corpus
def test_no_concept_of_the_test_is_drawn_or_named_in_training(
    collected: dict[Split, list[Named]],
) -> None:
    train, test = collected["train"], collected["test"]
    assert len(train) > 4000
    assert len(test) > 700
    assert {concepts.side(n.label) for n in train if "openclipart" not in n.key} == {"train"}
    assert not {n.name for n in train} & {n.name for n in test}


@pytest.mark.corpus
def test_drawings_are_made_when_they_are_asked_for(collected: dict[Split, list[Named]]) -> None:
    for source in ("openmoji", "noto", "twemoji", "openclipart"):
        one = next(n for n in collected["train"] if n.key.startswith(source))
        assert one.picture().pixels.shape[2] == 3


@pytest.mark.corpus
def test_further_hands_draw_for_training_but_never_for_the_test(
    collected: dict[Split, list[Named]],
) -> None:
    hands = {split: {n.key.split("/")[0] for n in named} for split, named in collected.items()}
    assert hands["test"] == {"openmoji", "noto", "openclipart"}
    assert hands["train"] == {*hands["test"], *iconify.STYLES}
