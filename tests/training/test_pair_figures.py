"""Ranks and figures of a gallery, by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from mmqa.records import ImageFeatures
from mmqa.training.pair_figures import (
    DIRECTIONS,
    Gallery,
    Vectors,
    compared,
    compared_speech,
    leave_one_out_hubness,
)
from mmqa.training.pair_table import Links, PairData

THERE, BACK = DIRECTIONS


def data() -> PairData:
    """Pictures 0–2 and a copy of picture 0; texts 0–2, of which text 1 goes with two pictures."""
    return PairData(
        pictures=ImageFeatures(np.zeros((4, 2), np.float32)),
        origin=np.array([0, 1, 2, 0]),
        texts=("a", "b", "c"),
        vectors=np.eye(3, dtype=np.float32),
        seen=Links(
            np.array([0, 1, 2, 3, 2]),
            np.array([0, 1, 1, 0, 2]),
            np.ones(5, np.float32),
            ("test", "test", "test", "test", "fit"),
        ),
        heard=Links(np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0, np.float32), ()),
        refused=(),
        digest="",
    )


def test_a_gallery_holds_each_picture_and_text_of_a_side_once_and_no_copies() -> None:
    gallery = Gallery.of(data(), "test")
    assert gallery.pictures.tolist() == [0, 1, 2]
    assert gallery.texts.tolist() == [0, 1]
    assert gallery.relevant.tolist() == [[True, False, False], [False, True, True]]


def seen() -> Vectors:
    pictures = np.array([[1, 0], [0.6, 0.8], [0.8, 0.6]], np.float32)
    texts = np.array([[1, 0], [0, 1]], np.float32)
    zero = np.zeros(3, np.float32)
    return Vectors(pictures, texts, texts, pictures, zero, zero[:2])


def test_ranks_both_ways() -> None:
    relevant = Gallery.of(data(), "test").relevant
    found = seen().ranks(relevant)
    assert found[THERE].tolist() == [1, 1]
    assert found[BACK].tolist() == [1, 1, 2]  # the third picture lies nearer to text 0


def test_the_likelihood_is_the_share_of_right_answers_at_a_tenth() -> None:
    relevant = Gallery.of(data(), "test").relevant
    # text 0 scores 1, 0.6, 0.8; text 1 scores 0, 0.8, 0.6, of which the last two are right
    there = [
        np.exp(10) / np.exp([10, 6, 8]).sum(),
        np.exp([8, 6]).sum() / np.exp([0, 8, 6]).sum(),
    ]
    back = [
        np.exp(10) / np.exp([10, 0]).sum(),
        np.exp(8) / np.exp([6, 8]).sum(),
        np.exp(6) / np.exp([8, 6]).sum(),
    ]
    expected = np.exp((np.log(there).mean() + np.log(back).mean()) / 2)
    assert seen().likelihood(relevant) == pytest.approx(expected, rel=1e-5)


def test_hubs_are_taken_away() -> None:
    relevant = Gallery.of(data(), "test").relevant
    hubs = np.array([0.5, 0, 0], np.float32)
    assert replace(seen(), picture_hubs=hubs).ranks(relevant)[THERE].tolist() == [3, 1]
    hubs = np.array([0.3, 0], np.float32)
    assert replace(seen(), text_hubs=hubs).ranks(relevant)[BACK].tolist() == [1, 1, 1]


def test_figures_pair_the_questions_and_know_what_guessing_gives() -> None:
    relevant = np.eye(20, dtype=np.bool_)
    before = {THERE: np.full(20, 7), BACK: np.full(20, 1)}
    after = {THERE: np.array([1] * 10 + [7] * 10), BACK: np.full(20, 1)}
    found = {c.name: c for c in compared(before, after, relevant)}
    first = found["text to picture R@1"]
    assert (first.before.mean, first.after.mean, first.gain.mean) == (0, 0.5, 0.5)
    assert 0.2 < first.gain.low < 0.5 < first.gain.high < 0.8
    assert (first.n, first.chance) == (20, pytest.approx(1 / 20))
    assert found["text to picture R@10"].chance == pytest.approx(0.5)
    assert found["picture to text R@5"].gain.mean == 0
    # two right ones among three, two drawn: 1 − 1/3·0 … none missed
    two = compared(
        {n: np.array([1, 1]) for n in DIRECTIONS},
        {n: np.array([1, 1]) for n in DIRECTIONS},
        np.array([[True, True, False], [False, True, True]]),
    )
    assert two[0].chance == pytest.approx(2 / 3)


class Turning:
    """Asks with a tower that exchanges the axes of the second text."""

    def __init__(self, *, turns: bool) -> None:
        self.turns = turns

    def ask_pictures(self, vectors: np.ndarray) -> np.ndarray:
        return np.roll(vectors, 1, axis=1) if self.turns else vectors


def test_what_was_heard_is_looked_for_among_what_was_said() -> None:
    # texts 0–3 were heard, 4–7 said; each lies at its own, but two are exchanged
    vectors = np.concatenate([np.eye(4), np.eye(4)[[0, 1, 3, 2]]]).astype(np.float32)
    heard = Links(np.arange(4), np.arange(4, 8), np.ones(4, np.float32), ("test",) * 4)
    spoken = replace(data(), vectors=vectors, heard=heard)
    as_it_is, turned = Turning(turns=False), Turning(turns=True)
    (found,) = compared_speech(as_it_is, turned, spoken, "test")  # type: ignore[arg-type]
    assert (found.name, found.n, found.chance) == ("heard to said R@1", 4, 0.25)
    assert (found.before.mean, found.after.mean) == (0.5, 0.5)  # both sides are turned alike
    assert compared_speech(as_it_is, turned, spoken, "fit") == ()  # type: ignore[arg-type]


def test_hubness_leaves_what_is_the_same_out() -> None:
    rows = np.array([[1, 0], [0.6, 0.8], [0, 1]], np.float32)
    found = leave_one_out_hubness(rows, rows, np.eye(3, dtype=np.bool_))
    # the others of the first row: 0.6 and 0; half of their mean
    np.testing.assert_allclose(found, [0.15, (0.6 + 0.8) / 4, 0.2], rtol=1e-6)
