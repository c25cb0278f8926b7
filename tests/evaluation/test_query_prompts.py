from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pytest

from mmqa.evaluation import query_prompts
from mmqa.evaluation.query_prompts import (
    Gallery,
    Tools,
    figures_of,
    framed,
    measured,
    subsets,
    values,
)
from mmqa.records import Floats, Wording


@dataclass(frozen=True)
class Adds:
    """A technique that always adds one wording."""

    name: str
    text: str

    def wordings(self, text: str, vector: Floats | None) -> tuple[Wording, ...]:
        return (Wording(self.text, 3.0, ("visual",)),)


class Axes:
    """An encoder with one axis a word; unknown words are the last."""

    fingerprint = "axes"
    width = 4
    known: Mapping[str, int] = {"goat": 0, "sea": 1, "sky": 2}

    def encode(self, texts: Sequence[str]) -> Floats:
        return np.eye(4, dtype=np.float32)[[self.known.get(t, 3) for t in texts]]


class Plain:
    """A mapping that changes nothing and knows no hubs."""

    def hubness(self, vectors: Floats) -> Floats:
        return np.zeros(len(vectors), np.float32)

    def ask_pictures(self, vectors: Floats) -> Floats:
        return vectors


TOOLS = Tools(None, Axes(), Plain())  # type: ignore[arg-type]


def test_all_combinations_are_tried_none_first() -> None:
    one, two = Adds("one", "goat"), Adds("two", "sea")
    assert [[p.name for p in c] for c in subsets([one, two])] == [
        [],
        ["one"],
        ["two"],
        ["one", "two"],
    ]


def test_a_wording_that_hits_lifts_the_measure_and_one_that_misses_lowers_it() -> None:
    pictures = np.eye(4, dtype=np.float32)[:3]
    gallery = Gallery("g", ["horns"], pictures, np.array([[True, False, False]]))
    found = measured(TOOLS, [Adds("good", "goat"), Adds("bad", "sea")], gallery, ["horns"])
    ndcg = {one.technique: float(one.values["nDCG@10"][0]) for one in found}
    assert ndcg["good"] == 1.0
    assert ndcg["bad"] == pytest.approx(1 / np.log2(3))


def test_ndcg_and_success_are_those_of_the_rank() -> None:
    scores = np.zeros((1, 20), np.float32)
    scores[0] = -np.arange(20)
    relevant = np.zeros((1, 20), bool)
    relevant[0, 2] = True
    found = values(scores, relevant)
    assert found["nDCG@10"][0] == pytest.approx(0.5)  # 1 / log2(4)
    assert found["Success@10"][0] == 1.0


def test_frames_take_turns() -> None:
    assert framed(["a", "b", "c"], ("{}", "show me {}")) == ["a", "show me b", "c"]


def test_every_technique_is_compared_with_none() -> None:
    n = 8
    better = {"nDCG@10": np.ones(n), "Success@10": np.ones(n)}
    worse = {"nDCG@10": np.zeros(n), "Success@10": np.zeros(n)}
    figures = figures_of(
        "names",
        [query_prompts.Measured("none", worse), query_prompts.Measured("good", better)],
    )
    gained = figures[-1]
    assert gained.value == 1.0
    assert "p = 0.0078" in gained.name  # 2 of 2⁸ swaps are as large
