"""Questions about scenes: true, told by nothing but the picture, and kept apart by split."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from functools import cache, partial

import numpy as np
import pytest

from mmqa.training import scene_facts as facts
from mmqa.training.scene_plans import HELD_OUT
from mmqa.training.scene_questions import MOST, examples
from mmqa.training.scene_shapes import SHAPES
from mmqa.training.scenes import COLOURS, Scene, Shape
from mmqa.training.visual_examples import Asked, Example, Split

SPLITS: tuple[Split, ...] = ("train", "development", "test")
NUMBERS = ("zero", "one", "two", "three", "four", "five", "six")


@cache
def made(split: Split, count: int = 1000, seed: int = 0) -> list[Example]:
    return examples(split, count, seed=seed)


def every(split: Split) -> Iterator[tuple[Scene, Example, Asked]]:
    for example in made(split):
        (picture,) = example.pictures
        assert isinstance(picture, partial)
        for asked in example.asked:
            yield picture.args[0], example, asked


def section(asked: Asked) -> str:
    return asked.phrasing.split("/")[0]


def mentioned(question: str) -> list[tuple[str, str]]:
    """Colour and shape words that stand side by side in a question; "" where one is missing."""
    words = re.findall(r"[a-z]+", question.lower().replace("grey", "gray"))
    plurals = {facts.plural(s): s for s in SHAPES}
    words = [plurals.get(word, word) for word in words]
    found = []
    for before, word in zip(["", *words], words, strict=False):
        if word in SHAPES:
            found.append((before if before in COLOURS else "", word))
    taken = [colour for colour, _ in found]
    found += [(c, "") for c in words if c in COLOURS and words.count(c) > taken.count(c)]
    return found


def test_the_same_split_number_and_seed_give_the_same_example() -> None:
    one, other = examples("test", 5, seed=3), examples("test", 9, seed=3)[:5]
    for first, second in zip(one, other, strict=True):
        assert (first.key, first.asked, first.group) == (second.key, second.asked, second.group)
        pixels, again = (e.pictures[0]().pixels for e in (first, second))
        assert np.array_equal(pixels, again)
    assert examples("test", 5, seed=4)[0].asked != one[0].asked
    assert examples("train", 1)[0].asked != examples("development", 1)[0].asked


def test_keys_are_unique_and_the_source_is_scenes() -> None:
    everything = [e for split in SPLITS for e in made(split)]
    assert len({e.key for e in everything}) == len(everything)
    assert {e.source for e in everything} == {"scenes"}


@pytest.mark.parametrize("split", SPLITS)
def test_about_eight_questions_are_asked_of_a_scene_none_twice(split: Split) -> None:
    asked = [[a.question.lower() for a in e.asked] for e in made(split)]
    assert all(len(set(questions)) == len(questions) <= MOST for questions in asked)
    assert min(map(len, asked)) >= 2
    assert 7 < sum(map(len, asked)) / len(asked) < 9


@pytest.mark.parametrize("split", SPLITS)
def test_counts_are_those_of_the_scene(split: Split) -> None:
    checked = 0
    for scene, _, asked in every(split):
        if section(asked) == "count":
            words = mentioned(asked.question)
            colour, name = words[0] if words else ("", "")
            assert asked.answer == str(facts.count(scene, colour, name)), asked
            checked += 1
    assert checked > 500


@pytest.mark.parametrize("split", SPLITS)
def test_what_is_said_to_exist_does(split: Split) -> None:
    for scene, _, asked in every(split):
        if section(asked) in ("exists", "lacks"):
            ((colour, name),) = mentioned(asked.question)
            there = facts.count(scene, colour, name) > 0
            assert asked.answer == ("yes" if there is (section(asked) == "exists") else "no"), asked


@pytest.mark.parametrize("split", SPLITS)
def test_so_many_is_said_of_so_many(split: Split) -> None:
    for scene, _, asked in every(split):
        if section(asked) == "is_number":
            words = re.findall(r"[a-z0-9]+", asked.question.lower())
            (told,) = {
                int(w) if w.isdigit() else NUMBERS.index(w)
                for w in words
                if w.isdigit() or w in NUMBERS[2:]
            }
            named = mentioned(asked.question)
            colour, name = named[0] if named else ("", "")
            true = facts.count(scene, colour, name) == told
            assert asked.answer == ("yes" if true else "no"), asked


@pytest.mark.parametrize("split", SPLITS)
def test_colour_and_shape_are_those_of_the_one_thing_that_is_named(split: Split) -> None:
    checked = 0
    for scene, _, asked in every(split):
        named = mentioned(asked.question)
        if section(asked) == "colour" and named:
            ((_, name),) = named
            assert [s.colour for s in scene.shapes if s.name == name] == [asked.answer]
        elif section(asked) == "shape" and named:
            ((colour, _),) = named
            assert [s.name for s in scene.shapes if s.colour == colour] == [asked.answer]
        elif section(asked) == "is_coloured":
            (name,) = {n for _, n in named if n}
            (shape,) = (s for s in scene.shapes if s.name == name)
            colours = {c for c, _ in named if c}
            assert asked.answer == ("yes" if colours == {shape.colour} else "no")
        else:
            continue
        checked += 1
    assert checked > 700


@pytest.mark.parametrize("split", SPLITS)
def test_the_larger_and_the_place_are_those_of_the_scene(split: Split) -> None:
    for scene, _, asked in every(split):
        if section(asked) == "size":
            named = mentioned(asked.question)
            one, other = (_the_one(scene, *words) for words in named)
            smaller = "smaller" in asked.question.lower()
            winner = min(one, other, key=lambda s: s.radius if smaller else -s.radius)
            (answer,) = mentioned(asked.answer)
            assert _the_one(scene, *answer) is winner
        elif section(asked) == "position":
            ((colour, name),) = mentioned(asked.question)
            shape = _the_one(scene, colour, name)
            row = "top" if shape.y < 1 / 3 + 0.01 else "bottom" if shape.y > 0.65 else ""
            column = "left" if shape.x < 1 / 3 + 0.01 else "right" if shape.x > 0.65 else ""
            assert asked.answer == (f"{row} {column}".strip() or "middle")


def _the_one(scene: Scene, colour: str, name: str) -> Shape:
    (shape,) = (s for s in scene.shapes if colour in ("", s.colour) and name in ("", s.name))
    return shape


@pytest.mark.parametrize("split", SPLITS)
def test_no_answer_is_likelier_than_chance_whatever_is_asked(split: Split) -> None:
    """Always giving the commonest answer of a kind stays near chance, per list of frames."""
    said: dict[str, Counter[str]] = defaultdict(Counter)
    for _, _, asked in every(split):
        said[section(asked)][asked.answer] += 1
    chance = {"count": 1 / 7, "colour": 1 / 12, "shape": 1 / 12, "position": 1 / 9}
    chance |= {"where_relative": 1 / 4, "side": 1 / 2, "level": 1 / 2}
    # of a hundred combinations none is told more often than one in ten
    chance |= dict.fromkeys(("name", "what_there", "what_relative", "size"), 1 / 24)
    for name, answers in said.items():
        most = answers.most_common(1)[0][1] / answers.total()
        expected = chance.get(name, 1 / 2)
        # five standard deviations, and what is left uneven by places and numbers from 1
        assert most < 1.25 * expected + 5 * (expected / answers.total()) ** 0.5, (name, most)


@pytest.mark.parametrize("split", SPLITS)
def test_yes_and_no_are_as_frequent_after_every_word(split: Split) -> None:
    """No word of a question says whether it is true, but "not" and "no" of "lacks" no more."""
    said: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for _, _, asked in every(split):
        if asked.kind == "yes-no":
            for word in set(re.findall(r"\w+", asked.question.lower())):
                said[section(asked), word][asked.answer] += 1
    for key, answers in said.items():
        total = answers.total()
        assert abs(answers["yes"] - total / 2) < 4.5 * (total / 4) ** 0.5 + 2, (key, answers)


def test_the_first_of_two_is_the_larger_as_often_as_not() -> None:
    first = Counter(
        asked.question.lower().replace("grey", "gray").split(asked.answer)[0].count("the ") == 0
        or mentioned(asked.question)[0] == mentioned(asked.answer)[0]
        for _, _, asked in every("train")
        if section(asked) == "size"
    )
    assert 0.4 < first[True] / first.total() < 0.6


def test_no_phrasing_of_the_test_is_trained_on() -> None:
    phrasings = {split: {a.phrasing for e in made(split) for a in e.asked} for split in SPLITS}
    assert not phrasings["test"] & (phrasings["train"] | phrasings["development"])
    assert phrasings["development"] <= phrasings["train"]
    assert len(phrasings["train"]) > 200


def test_training_never_mentions_a_combination_that_is_kept_out() -> None:
    kept_out = HELD_OUT["test"] | HELD_OUT["development"]
    for _, example, asked in every("train"):
        assert example.group == "seen"
        said = {*mentioned(asked.question), *mentioned(asked.answer)}
        assert not said & kept_out, asked
        if section(asked) == "is_coloured":
            (name,) = {n for _, n in said if n}
            assert not {(c, name) for c, _ in said} & kept_out, asked


def test_scenes_that_hold_what_training_never_saw_are_asked_about_it() -> None:
    held = [e for e in made("test") if e.group == "held-out"]
    assert 0.42 < len(held) / len(made("test")) < 0.58
    about = [
        any(set(mentioned(a.question + " " + a.answer)) & HELD_OUT["test"] for a in e.asked)
        for e in held
    ]
    assert sum(about) / len(about) > 0.8
    for example in made("test"):
        if example.group == "seen":
            for asked in example.asked:
                assert not set(mentioned(asked.question)) & HELD_OUT["test"]


def test_answers_are_short_and_lower_case() -> None:
    for split in SPLITS:
        for example in made(split):
            for asked in example.asked:
                assert asked.answer == asked.answer.lower()
                assert len(asked.answer.split()) <= 3
                assert asked.kind != "count" or 0 <= int(asked.answer) <= 6
