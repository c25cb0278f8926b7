"""Plans: what is kept out of training stays out, numbers are as likely as one another."""

from __future__ import annotations

import random
from collections import Counter
from functools import cache

import pytest

from mmqa.training.scene_facts import count
from mmqa.training.scene_plans import HELD_OUT, SEEN, Planned, planned
from mmqa.training.scene_shapes import SHAPES
from mmqa.training.scenes import COLOURS
from mmqa.training.visual_examples import Split


@cache
def plans(split: Split, number: int) -> list[Planned]:
    return [planned(split, random.Random(f"{split} {seed}")) for seed in range(number)]


def drawn(plan: Planned) -> set[tuple[str, str]]:
    return {(s.colour, s.name) for s in plan.scene.shapes}


def test_a_sixth_is_kept_for_the_test_and_a_twelfth_for_development() -> None:
    assert len(COLOURS) * len(SHAPES) == 144
    assert len(HELD_OUT["test"]) == 24
    assert len(HELD_OUT["development"]) == 12
    assert not HELD_OUT["test"] & HELD_OUT["development"]
    assert len(SEEN) == 144 - 36


def test_no_colour_and_no_shape_is_rarer_in_training_than_another() -> None:
    assert set(Counter(c for c, _ in SEEN).values()) == {9}
    assert set(Counter(s for _, s in SEEN).values()) == {9}


def test_training_never_draws_what_is_kept_out() -> None:
    kept_out = HELD_OUT["test"] | HELD_OUT["development"]
    assert not any(drawn(plan) & kept_out for plan in plans("train", 1500))


@pytest.mark.parametrize("split", ["development", "test"])
def test_about_half_of_the_other_scenes_hold_what_training_never_saw(split: Split) -> None:
    made = plans(split, 1000)
    held = [plan for plan in made if plan.group == "held-out"]
    assert 0.42 < len(held) / len(made) < 0.58
    for plan in made:
        asked = {(c.colour, c.shape) for c in plan.counted}
        assert bool((drawn(plan) | asked) & HELD_OUT[split]) == (plan.group == "held-out")
        assert plan.held == (HELD_OUT[split] if plan.group == "held-out" else frozenset())
    other: Split = "test" if split == "development" else "development"
    assert not any(drawn(plan) & HELD_OUT[other] for plan in made)


def test_every_number_to_six_is_as_likely_of_what_is_counted() -> None:
    numbers: dict[str, Counter[int]] = {}
    for plan in plans("train", 1500):
        for counted in plan.counted:
            of = f"{bool(counted.colour)} {bool(counted.shape)}"
            number = count(plan.scene, counted.colour, counted.shape)
            numbers.setdefault(of, Counter())[number] += 1
    assert set(numbers) == {"True True", "True False", "False True", "False False"}
    for of, found in numbers.items():
        assert set(found) == set(range(1 if of == "False False" else 0, 7))
        expected = found.total() / len(found)
        # five standard deviations of a count
        assert all(abs(n - expected) < 5 * expected**0.5 for n in found.values())


def test_scenes_hold_one_to_eight_shapes() -> None:
    assert {len(plan.scene.shapes) for plan in plans("train", 1500)} == set(range(1, 9))
