from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mmqa.corpora.openmoji import Emoji
from mmqa.mapping.closed_form import normalize
from mmqa.training.prompt_vocabulary import (
    Problem,
    Settings,
    annotated,
    counted,
    fit,
    held_out,
    normal,
    right,
    targets,
)

APPLE = Emoji("1F34E", "🍎", "red apples", ("fruit", "diets"), "food", "fruit", False, Path("x"))
WHALE = Emoji("1F433", "🐳", "spouting whale", ("face",), "animals", "marine", False, Path("x"))


def test_names_are_compared_in_the_singular_without_marks() -> None:
    assert normal("Bow & Arrows") == normal("bow arrow")


def test_what_is_right_is_the_annotation_its_head_noun_and_the_tags() -> None:
    assert annotated(APPLE) == {"red apple", "apple"}
    assert right(APPLE) == {"red apple", "apple", "fruit", "diet"}
    assert "whale" in annotated(WHALE)
    assert "spouting" not in right(WHALE)


def test_the_target_is_spread_over_right_words_the_annotation_twice() -> None:
    rows = targets(["apple", "diet", "fruit", "sea"], [APPLE, WHALE])
    assert rows[0].tolist() == pytest.approx([0.5, 0.25, 0.25, 0.0])
    assert rows[1].tolist() == [0.0, 0.0, 0.0, 0.0]


def test_how_often_a_word_is_right_counts_drawings() -> None:
    assert counted(["fruit", "face", "sea"], [APPLE, WHALE]) == {"fruit": 1, "face": 1, "sea": 0}


def problem(settings: Settings) -> Problem:
    """Pictures that lie a quarter turn from their words, and a word that is always right."""
    rng = np.random.default_rng(0)
    words = normalize(rng.standard_normal((12, 6)).astype(np.float32))
    quarter = np.linalg.qr(rng.standard_normal((6, 6)))[0].astype(np.float32)
    owner = np.arange(60) % 11
    noise = 0.1 * rng.standard_normal((60, 6))
    pictures = normalize((words[owner] @ quarter + noise).astype(np.float32))
    wanted = np.zeros((60, 12), np.float32)
    wanted[np.arange(60), owner] = 0.5
    wanted[:, 11] = 0.5
    return Problem(pictures, words, np.zeros(12, np.float32), wanted, settings)


def loss(given: Problem, turn: np.ndarray, lean: np.ndarray) -> float:
    scores = (given.pictures + given.pictures @ turn) @ given.words.T + given.words @ lean
    scores = scores / given.settings.temperature
    logs = scores - np.log(np.exp(scores).sum(axis=1, keepdims=True))
    penalty = given.settings.turn_penalty * (turn**2).sum()
    return float(
        -(given.wanted * logs).sum(axis=1).mean()
        + penalty
        + given.settings.prior_penalty * (lean**2).sum()
    )


def test_the_fit_is_a_minimum_of_the_stated_loss() -> None:
    given = problem(Settings(0.05, 0.05, 0.5, 1.0, 60))
    turn, lean = fit(given)
    least = loss(given, turn, lean)
    rng = np.random.default_rng(1)
    for _ in range(20):
        step = 0.05 * rng.standard_normal(turn.shape), 0.05 * rng.standard_normal(lean.shape)
        assert loss(given, turn + step[0], lean + step[1]) > least
    assert least < loss(given, np.zeros_like(turn), np.zeros_like(lean))


def test_a_large_penalty_leaves_the_space_as_it_is() -> None:
    turn, lean = fit(problem(Settings(1e6, 1e6, 0.5, 1.0, 50)))
    assert np.abs(turn).max() < 1e-4
    assert np.abs(lean).max() < 1e-4


def test_what_is_held_out_is_scored_by_a_fit_that_did_not_see_it() -> None:
    given = problem(Settings(0.001, 0.01, 0.2, 0.0, 60))
    keys = [f"thing {n}" for n in range(60)]
    turned = held_out(given, keys, k=2)
    unfitted = replace(given.settings, turn_penalty=1e6, prior_penalty=1e6, steps=5)
    plain = held_out(replace(given, settings=unfitted), keys, k=2)
    assert turned > plain
