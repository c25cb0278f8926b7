"""The mixture that the shipped connector is trained on: nothing that is tested stands in it."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np
import pytest

from mmqa.corpora.fetch import default_folder
from mmqa.records import Picture
from mmqa.training import easy_vqa, scene_questions, visual_data
from mmqa.training.scene_plans import HELD_OUT
from mmqa.training.visual_data import DEVELOPMENT, MIXTURE, VisualData, mixture
from mmqa.training.visual_examples import Asked, Example, Split
from mmqa.training.visual_features import Seen

FEW = {"easy-vqa": 60, "scenes": 60, "named": 40, "words": 20, "charts": 20, "compare": 40}


def example(key: str = "1", answer: str = "red", source: str = "toy") -> Example:
    asked = (Asked("What colour is it?", answer, "colour"),)
    return Example(key, source, (partial(Picture, np.zeros((2, 2, 3), np.uint8)),), asked)


def seen(*words: str) -> Seen:
    return Seen(np.zeros((1, 4, 3), np.float16), (words,), (0,))


def test_both_sides_are_drawn_from_the_same_sources() -> None:
    assert list(MIXTURE) == list(DEVELOPMENT)
    assert all(DEVELOPMENT[source] < MIXTURE[source] for source in MIXTURE)


def test_the_digest_changes_with_a_question_an_answer_a_word_and_the_side() -> None:
    plain = VisualData((example(),), seen("dog"), (example("2"),), seen("cat"))
    same = VisualData((example(),), seen("dog"), (example("2"),), seen("cat"))
    others = [
        replace(plain, fitted=(example(answer="blue"),)),
        replace(plain, fitted=(example(key="3"),)),
        replace(plain, fitted=(example(source="other"),)),
        replace(plain, development=(example("2", answer="blue"),)),
        replace(plain, seen=seen("hound")),
        replace(plain, development_seen=seen("hound")),
        VisualData(plain.development, seen("cat"), plain.fitted, seen("dog")),
    ]
    assert plain.digest == same.digest
    assert len({plain.digest, *(other.digest for other in others)}) == len(others) + 1


def test_what_is_fitted_to_is_counted_by_its_source() -> None:
    fitted = (example(), example("2"), example(source="other"))
    data = VisualData(fitted, seen("a"), (example(),), seen("a"))
    assert data.counts() == {"toy": 2, "other": 1}


def test_of_a_larger_source_some_are_drawn_by_the_seed_in_their_order() -> None:
    all_there = [example(str(n)) for n in range(50)]
    drawn = visual_data._drawn(all_there, 10, 0)
    keys = [int(e.key) for e in drawn]
    assert len(set(keys)) == 10
    assert keys == sorted(keys)
    assert keys != list(range(10))
    assert [e.key for e in visual_data._drawn(all_there, 10, 0)] == [str(k) for k in keys]
    assert [e.key for e in visual_data._drawn(all_there, 10, 1)] != [str(k) for k in keys]
    assert visual_data._drawn(all_there, 50, 0) == all_there


@pytest.fixture(scope="module")
def sides() -> dict[Split, list[Example]]:
    folder = default_folder()
    return {
        "train": mixture("train", FEW, folder),
        "development": mixture("development", {n: c // 2 for n, c in FEW.items()}, folder),
    }


@pytest.mark.corpus
def test_every_source_gives_as_many_as_it_is_asked_for(sides: dict[Split, list[Example]]) -> None:
    found = [e.source for e in sides["train"]]
    assert {source: found.count(source) for source in found} == FEW
    assert [e.key for e in mixture("train", FEW, default_folder())] == [
        e.key for e in sides["train"]
    ]


@pytest.mark.corpus
@pytest.mark.parametrize("side", ["train", "development"])
def test_no_wording_that_is_tested_is_trained_or_developed_on(
    sides: dict[Split, list[Example]], side: Split
) -> None:
    phrasings = {one.phrasing for e in sides[side] for one in e.asked if e.source != "easy-vqa"}
    assert len(phrasings) > 40
    assert [p for p in phrasings if "/train/" not in p] == []


@pytest.mark.corpus
def test_no_combination_that_is_tested_is_shown_or_mentioned(
    sides: dict[Split, list[Example]],
) -> None:
    kept_out = {" ".join(thing) for thing in HELD_OUT["test"]}
    assert set(easy_vqa.HELD_OUT) <= kept_out
    for e in (*sides["train"], *sides["development"]):
        if e.source in ("easy-vqa", "compare", "scenes"):
            told = f"{e.group} {[(one.question, one.answer) for one in e.asked]}"
            told = " ".join(told.lower().split())
            assert [thing for thing in kept_out if thing in told] == [], (e.source, e.key)


@pytest.mark.corpus
def test_no_picture_is_on_both_sides(sides: dict[Split, list[Example]]) -> None:
    train, development = ({(e.source, e.key) for e in sides[s]} for s in sides)
    assert not train & development
    names = [{e.group for e in sides[s] if e.source == "named"} for s in sides]
    assert not names[0] & names[1]


def test_the_test_side_shows_what_is_kept_out_so_these_checks_can_fail() -> None:
    kept_out = {" ".join(thing) for thing in HELD_OUT["test"]}
    tested = [
        f"{one.question} {one.answer}".lower()
        for e in scene_questions.examples("test", 40)
        for one in e.asked
    ]
    assert any(thing in told for told in tested for thing in kept_out)
    asked = [one for e in scene_questions.examples("test", 5) for one in e.asked]
    assert all("/test/" in one.phrasing for one in asked)
