"""The means to ask about one scene: words for its things, its places and its directions.

Knows: how a shape is pointed at so that no other can be meant, and what people call places and
directions. Refuses to know: which facts are asked for.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from pathlib import Path

from mmqa.training import scene_facts as facts
from mmqa.training.scene_plans import Counted, Planned
from mmqa.training.scenes import Shape
from mmqa.training.visual_examples import AnswerKind, Asked, Split
from mmqa.training.visual_phrasings import worded

FILE = Path(__file__).with_name("scene_phrasings.toml")

_NOUNS = ("shape", "object", "thing", "figure")

DIRECTIONS: dict[facts.Direction, tuple[str, ...]] = {
    "left of": ("left of", "to the left of", "on the left of"),
    "right of": ("right of", "to the right of", "on the right of"),
    "above": ("above", "over"),
    "below": ("below", "under", "underneath"),
}
PLACES: dict[str, tuple[str, ...]] = {
    "left": ("on the left", "on the left side", "at the left"),
    "right": ("on the right", "on the right side", "at the right"),
    "top": ("at the top",),
    "bottom": ("at the bottom",),
    "middle": ("in the middle", "in the centre", "in the center"),
    "top left": ("in the top left corner", "at the top left", "in the upper left"),
    "top right": ("in the top right corner", "at the top right", "in the upper right"),
    "bottom left": ("in the bottom left corner", "at the bottom left", "in the lower left"),
    "bottom right": ("in the bottom right corner", "at the bottom right", "in the lower right"),
}
COMPARED = {True: ("larger", "bigger"), False: ("smaller",)}


class Asking:
    """One scene and the means to ask about it."""

    def __init__(self, plan: Planned, split: Split, rng: random.Random) -> None:
        self.plan = plan
        self.scene = plan.scene
        self.split = split
        self.rng = rng
        self.noun = rng.choice(_NOUNS)
        self.unique = facts.unique(plan.scene)

    def ask(self, asked: str, answer: str, kind: AnswerKind, **slots: str) -> Asked:
        """A question in the words of one of the frames listed as ``asked``; "grey" by a coin."""
        slots = {"noun": self.noun, **slots}
        spelt = self.rng.choice(("gray", "grey"))
        slots = {name: words.replace("gray", spelt) for name, words in slots.items()}
        question, phrasing = worded(FILE, asked, self.split, slots, self.rng)
        return Asked(question, answer, kind, phrasing)

    def confirm(self, asked: str, true: bool, **slots: str) -> Asked:
        """A question that is answered with yes or no."""
        return self.ask(asked, "yes" if true else "no", "yes-no", **slots)

    def coin(self) -> bool:
        """Heads or tails."""
        return self.rng.random() < 0.5

    def choose(self, shapes: Sequence[Shape]) -> Shape | None:
        """One of the shapes, in held-out scenes mostly of those that training never sees."""
        held = [s for s in shapes if (s.colour, s.name) in self.plan.held]
        if held and self.rng.random() < 0.7:
            return self.rng.choice(held)
        return self.rng.choice(shapes) if shapes else None

    def point(self, shape: Shape) -> str:
        """Words that mean this shape of unique colour and name and no other."""
        ways = [f"the {facts.named(shape)}"] * 3
        if facts.count(self.scene, name=shape.name) == 1:
            ways.append(f"the {shape.name}")
        if facts.count(self.scene, colour=shape.colour) == 1:
            ways.append(f"the {shape.colour} {self.noun}")
        return self.rng.choice(ways)

    def placed(self) -> list[tuple[str, Shape]]:
        """Words that mean one shape by its place, without saying what it is."""
        if len(self.scene.shapes) == 1:
            return [(f"the {self.noun}", self.scene.shapes[0])] * 4
        outer = [(f"the {word} {self.noun}", s) for word, s in facts.outermost(self.scene).items()]
        there = facts.standing(self.scene).items()
        return outer + [
            (f"the {self.noun} {self.rng.choice(PLACES[place])}", s) for place, s in there
        ]

    def count(self, counted: Counted) -> Asked:
        """How many there are."""
        number = facts.count(self.scene, counted.colour, counted.shape)
        return self.ask("count", str(number), "count", things=self.things(counted))

    def things(self, counted: Counted) -> str:
        """What is counted, in the plural: ``red circles``, ``circles``, ``objects``."""
        words = (counted.colour, facts.plural(counted.shape or self.noun))
        return " ".join(word for word in words if word)


def pairs(asking: Asking, fits: Callable[[Shape, Shape], object]) -> tuple[Shape, Shape] | None:
    """Two things of which ``fits`` holds, in this order; ``None`` where there are none."""
    first = asking.choose([s for s in asking.unique if any(fits(s, o) for o in asking.unique)])
    if first is None:
        return None
    return first, asking.rng.choice([o for o in asking.unique if fits(first, o)])


def unlike(one: Shape, other: Shape) -> bool:
    """Whether one of the two is clearly larger."""
    return facts.larger(one, other) or facts.larger(other, one)
