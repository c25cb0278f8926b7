"""Questions about scenes, with answers that nobody could dispute nor guess without looking.

Knows: which facts of a scene are asked for, and that of every kind of question each answer is as
frequent. Refuses to know: how scenes are made up and drawn, and the wording of the frames.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from functools import partial

from mmqa.training import scene_open as open_questions
from mmqa.training import scene_yes_no as yes_no
from mmqa.training.scene_asking import Asking
from mmqa.training.scene_plans import Planned, planned
from mmqa.training.scenes import draw
from mmqa.training.visual_examples import Asked, Example, Split

VERSION = 1
"""Part of every key, since features are kept by key: raised when a key's picture changes."""

MOST = 9
"""Questions of one scene at most."""

_WAYS: tuple[tuple[Callable[[Asking], Iterator[Asked]], float], ...] = (
    (open_questions.colour, 0.7),
    (open_questions.shape, 0.7),
    (open_questions.placed_colour, 0.5),
    (open_questions.placed_shape, 0.5),
    (open_questions.position, 0.9),
    (open_questions.side, 0.25),
    (open_questions.level, 0.25),
    (open_questions.where_relative, 0.8),
    (open_questions.what_relative, 0.5),
    (open_questions.what_there, 0.4),
    (open_questions.outer, 0.2),
    (open_questions.size, 0.7),
    (open_questions.extreme, 0.6),
    (yes_no.exists, 0.9),
    (yes_no.exists, 0.6),
    (yes_no.is_number, 0.5),
    (yes_no.is_relative, 0.7),
    (yes_no.is_more, 0.4),
    (yes_no.is_there, 0.4),
    (yes_no.is_coloured, 0.4),
)
"""Ways to ask, each with how often it is tried."""


def examples(split: Split, count: int, *, seed: int = 0) -> list[Example]:
    """The first ``count`` scenes of a split, source ``scenes``; the same for the same seed.

    Args:
        split: ``train`` never shows nor mentions a combination of ``scene_plans.HELD_OUT``;
            the others do in half of their scenes, whose group is ``held-out``.
        count: How many scenes.
        seed: Another seed, other scenes.
    """
    return [_example(split, number, seed) for number in range(count)]


def _example(split: Split, number: int, seed: int) -> Example:
    rng = random.Random(f"scenes {split} {seed} {number}")
    plan = planned(split, rng)
    return Example(
        key=f"v{VERSION}-{split}-{seed}-{number}",
        source="scenes",
        pictures=(partial(draw, plan.scene),),
        asked=questions(plan, split, rng),
        group=plan.group,
    )


def questions(plan: Planned, split: Split, rng: random.Random) -> tuple[Asked, ...]:
    """At most :data:`MOST` questions of a scene, none of them twice."""
    asking = Asking(plan, split, rng)
    counts = [asking.count(counted) for counted in plan.counted]
    others = [asked for way, share in _WAYS if rng.random() < share for asked in way(asking)]
    rng.shuffle(others)
    kept = {asked.question.lower(): asked for asked in (*counts, *others[: MOST - len(counts)])}
    return tuple(kept.values())
