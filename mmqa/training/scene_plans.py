"""Which scenes there are: what stands in each, and what is kept out of training.

Knows: the colour × shape combinations that training never sees, and how counts are made equally
frequent. Refuses to know: where shapes find room, how they are drawn, how questions are worded.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, TypeAlias

from mmqa.training.scene_layout import arranged, easy
from mmqa.training.scene_shapes import SHAPES
from mmqa.training.scenes import COLOURS, Scene
from mmqa.training.visual_examples import Split

Thing: TypeAlias = tuple[str, str]
"""A colour and a shape."""

Group: TypeAlias = Literal["seen", "held-out"]

COUNTED = 6
"""The largest number that is asked for."""

MOST = 8
"""Shapes in a scene at most."""


def _held(shift: int) -> frozenset[Thing]:
    """One colour a shape and one shape a colour: no colour or shape becomes rarer than another."""
    colours = list(COLOURS)
    return frozenset(
        (colours[(5 * i + shift) % len(colours)], shape) for i, shape in enumerate(SHAPES)
    )


HELD_OUT: dict[Split, frozenset[Thing]] = {
    "train": frozenset(),
    "development": _held(3),
    "test": _held(0) | _held(7),
}
"""Combinations that stand in this split's scenes only: 1/12 and 1/6 of all."""

SEEN: tuple[Thing, ...] = tuple(
    (colour, shape)
    for colour in COLOURS
    for shape in SHAPES
    if (colour, shape) not in HELD_OUT["test"] | HELD_OUT["development"]
)
"""Combinations that training sees."""


@dataclass(frozen=True, slots=True)
class Counted:
    """Something to be counted; an empty word stands for any."""

    colour: str = ""
    shape: str = ""


@dataclass(frozen=True, slots=True)
class Planned:
    """A scene and what it was made for.

    Attributes:
        scene: What is drawn.
        counted: What each count of 0 … :data:`COUNTED` is equally likely of (1 … for everything).
        group: Whether combinations stand in it, or are counted to none, that training never sees.
        held: Combinations kept out of training that may be drawn or mentioned; empty in a
            ``seen`` scene.
    """

    scene: Scene
    counted: tuple[Counted, ...]
    group: Group
    held: frozenset[Thing]


def planned(split: Split, rng: random.Random) -> Planned:
    """One scene of a split, drawn from ``rng``; outside training about half are held-out."""
    held = HELD_OUT[split] if rng.random() < 0.6 else frozenset[Thing]()
    pool = _Pool(rng, held)
    plan = rng.choices((_alone, _attributes, _alike, _several, _distinct), (18, 22, 18, 18, 24))[0]
    things, counted = plan(pool)
    like_easy = plan is _alone and things[0][1] != "square" and rng.random() < 0.6
    scene = easy(things[0], rng) if like_easy else arranged(things, rng)
    # a scene that neither holds nor counts a kept-out combination mentions none at all
    about = {*things, *((c.colour, c.shape) for c in counted)}
    kept = held if held & about else frozenset[Thing]()
    return Planned(scene, counted, "held-out" if kept else "seen", kept)


class _Pool:
    """Draws combinations; where some are kept out of training, every other one is of these."""

    def __init__(self, rng: random.Random, held: frozenset[Thing]) -> None:
        self.rng = rng
        self._held = tuple(sorted(held))

    def draw(self, fits: Callable[[str, str], bool] = lambda colour, shape: True) -> Thing:
        held = [thing for thing in self._held if fits(*thing)]
        if held and self.rng.random() < 0.5:
            return self.rng.choice(held)
        return self.rng.choice([thing for thing in SEEN if fits(*thing)])


_Plan: TypeAlias = tuple[list[Thing], tuple[Counted, ...]]


def _alone(pool: _Pool) -> _Plan:
    """One shape, nothing to count."""
    return [pool.draw()], ()


def _several(pool: _Pool) -> _Plan:
    """Any shapes, all of them counted."""
    return [pool.draw() for _ in range(pool.rng.randint(1, COUNTED))], (Counted(),)


def _alike(pool: _Pool) -> _Plan:
    """Some alike among others: red circles among red stars and blue circles."""
    colour, shape = pool.draw()
    count = pool.rng.randint(0, COUNTED)
    others = pool.rng.randint(max(0, 2 - count), min(4, MOST - count))
    things = [(colour, shape)] * count
    things += [_akin(pool, colour, shape) for _ in range(others)]
    return things, (Counted(colour, shape),)


def _akin(pool: _Pool, colour: str, shape: str) -> Thing:
    """Another thing: of the same colour, of the same shape, or neither."""
    alike = pool.rng.choice(((True, False), (False, True), (False, False)))
    return pool.draw(lambda c, s: (c == colour, s == shape) == alike)


def _attributes(pool: _Pool) -> _Plan:
    """A colour so and so often, a shape so and so often, both numbers equally likely."""
    colour, shape = pool.draw()
    coloured, shaped = (pool.rng.randint(0, COUNTED) for _ in range(2))
    both = pool.rng.randint(max(0, coloured + shaped - MOST), min(coloured, shaped))
    either = coloured + shaped - both
    others = pool.rng.randint(max(0, 2 - either), min(3, MOST - either))
    things = [(colour, shape)] * both
    things += [pool.draw(lambda c, s: c == colour and s != shape) for _ in range(coloured - both)]
    things += [pool.draw(lambda c, s: c != colour and s == shape) for _ in range(shaped - both)]
    things += [pool.draw(lambda c, s: c != colour and s != shape) for _ in range(others)]
    return things, (Counted(colour=colour), Counted(shape=shape))


def _distinct(pool: _Pool) -> _Plan:
    """Shapes of which each colour and each form occurs once: each can be named."""
    things: list[Thing] = []
    for _ in range(pool.rng.randint(2, 5)):
        things.append(_unlike(pool, things))
    return things, ()


def _unlike(pool: _Pool, things: list[Thing]) -> Thing:
    """A thing of a colour and a shape that none of the others has."""
    colours, shapes = {c for c, _ in things}, {s for _, s in things}
    return pool.draw(lambda c, s: c not in colours and s not in shapes)
