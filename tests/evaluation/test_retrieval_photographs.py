"""The protocol on photographs: ranks, chance and the paired comparison, by hand."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest

from mmqa.evaluation import photographs
from mmqa.evaluation import retrieval_photographs as suite
from mmqa.evaluation.photographs import Photograph
from mmqa.evaluation.retrieval_photographs import DIRECTIONS, Found
from mmqa.records import Floats

LISTED = [
    Photograph("p", "a", "apple"),
    Photograph("p", "b", "bus"),
    Photograph("p", "c", "apple"),
    Photograph("p", "d", "cat"),
]
EYE = np.eye(3, dtype=np.float32)


class Plain:
    """No bank: hubness is what the test says, and both sides ask as they are."""

    def __init__(self, pictures: tuple[float, ...] = (), texts: tuple[float, ...] = ()) -> None:
        self._pictures, self._texts = pictures, texts

    def hubness(self, vectors: Floats) -> Floats:
        return np.array(self._pictures or np.zeros(len(vectors)), np.float32)

    def picture_hubness(self, vectors: Floats) -> Floats:
        return np.array(self._texts or np.zeros(len(vectors)), np.float32)

    def ask_pictures(self, vectors: Floats) -> Floats:
        return vectors

    def ask_words(self, vectors: Floats) -> Floats:
        return vectors


def test_one_right_photograph_of_several_is_enough() -> None:
    pictures = np.stack([EYE[1], EYE[1], EYE[0], EYE[2]])  # the first apple looks like a bus
    found = suite.measure(LISTED, pictures, EYE, Plain())
    assert found.ranks[DIRECTIONS[0]] == {"apple": 1, "bus": 2, "cat": 1}
    assert found.ranks[DIRECTIONS[1]] == {"p/a": 3, "p/b": 1, "p/c": 1, "p/d": 1}


def test_hubness_of_what_is_found_is_taken_away() -> None:
    pictures = np.stack([EYE[0], EYE[1], EYE[0], EYE[2]])
    hub = suite.measure(LISTED, pictures, EYE, Plain(pictures=(0.0, 2.0, 0.0, 0.0)))
    assert hub.ranks[DIRECTIONS[0]] == {"apple": 1, "bus": 4, "cat": 1}
    texts = suite.measure(LISTED, pictures, EYE, Plain(texts=(0.0, 0.0, 2.0)))
    assert texts.ranks[DIRECTIONS[1]]["p/d"] == 3


def test_chance_counts_how_many_are_right() -> None:
    found = suite.measure(LISTED, np.stack([EYE[0]] * 4), EYE, Plain())
    assert found.chance[DIRECTIONS[0]][1] == pytest.approx((2 / 4 + 1 / 4 + 1 / 4) / 3)
    assert found.chance[DIRECTIONS[1]][1] == pytest.approx(1 / 3)
    assert found.chance[DIRECTIONS[0]][10] == 1


def found_at(forward: Mapping[str, int]) -> Found:
    chance = {d: dict.fromkeys(suite.CUTS, 0.1) for d in DIRECTIONS}
    return Found({d: dict(forward) for d in DIRECTIONS}, chance)


def test_a_mapping_that_finds_the_same_has_not_lost_and_a_worse_one_has() -> None:
    before = {f"q{i}": 1 + i % 20 for i in range(200)}
    ranks = dict.fromkeys(DIRECTIONS, before)
    same = suite.report(found_at(before), found_at(before), ranks)
    assert same.passed
    worse = {q: r + 8 for q, r in before.items()}
    lost = suite.report(found_at(worse), found_at(before), ranks)
    assert not lost.passed
    [gained] = [f for f in lost.figures if f.name == "text → picture R@10, gained since f3fe4e7"]
    assert gained.value == pytest.approx(-8 / 20)
    assert gained.high is not None
    assert gained.high < 0


def test_a_loss_within_its_interval_is_not_held_against_a_mapping() -> None:
    before = {f"q{i}": 5 for i in range(100)}
    once = {**before, "q0": 30, "q1": 30, **{f"q{i}": 5 for i in range(2, 100)}}
    swapped = {**before, "q2": 30}
    report = suite.report(found_at(once), found_at(before), dict.fromkeys(DIRECTIONS, swapped))
    [gained] = [f for f in report.figures if f.name == "picture → text R@10, gained since f3fe4e7"]
    assert gained.value == pytest.approx(-0.01)
    assert gained.reached


def test_the_frozen_ranks_are_of_the_listed_photographs() -> None:
    before = suite.frozen()
    listed = photographs.listed()
    assert list(before[DIRECTIONS[0]]) == photographs.labels(listed)
    assert before[DIRECTIONS[1]].keys() == {f"{p.package}/{p.file}" for p in listed}
    hits = np.mean([rank <= 10 for rank in before[DIRECTIONS[0]].values()])
    assert hits == pytest.approx(0.6844, abs=1e-4), "as measured with the code of f3fe4e7"
