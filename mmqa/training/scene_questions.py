"""Questions about scenes, with answers that nobody could dispute nor guess without looking.

Knows: which facts of a scene are asked for, and that of every kind of question each answer is as
frequent. Refuses to know: how scenes are made up and drawn, and the wording of the frames.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path

from mmqa.training import scene_facts as facts
from mmqa.training.scene_layout import zone
from mmqa.training.scene_plans import SEEN, Counted, Planned, planned
from mmqa.training.scene_shapes import SHAPES
from mmqa.training.scenes import COLOURS, Shape, draw
from mmqa.training.visual_examples import AnswerKind, Asked, Example, Split
from mmqa.training.visual_phrasings import worded

FILE = Path(__file__).with_name("scene_phrasings.toml")

VERSION = 1
"""Part of every key, since features are kept by key: raised when a key's picture changes."""

MOST = 9
"""Questions of one scene at most."""

_NOUNS = ("shape", "object", "thing", "figure")
_NUMBERS = ("zero", "one", "two", "three", "four", "five", "six")

_DIRECTIONS: dict[facts.Direction, tuple[str, ...]] = {
    "left of": ("left of", "to the left of", "on the left of"),
    "right of": ("right of", "to the right of", "on the right of"),
    "above": ("above", "over"),
    "below": ("below", "under", "underneath"),
}
_PLACES: dict[str, tuple[str, ...]] = {
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
_MORE = {"largest": ("largest", "biggest"), "smallest": ("smallest", "tiniest")}
_COMPARED = {True: ("larger", "bigger"), False: ("smaller",)}


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
    asking = _Asking(plan, split, rng)
    counts = [asking.count(counted) for counted in plan.counted]
    others = [asked for way, share in _WAYS if rng.random() < share for asked in way(asking)]
    rng.shuffle(others)
    kept = {asked.question.lower(): asked for asked in (*counts, *others[: MOST - len(counts)])}
    return tuple(kept.values())


class _Asking:
    """One scene and the means to ask about it."""

    def __init__(self, plan: Planned, split: Split, rng: random.Random) -> None:
        self.plan = plan
        self.scene = plan.scene
        self.split = split
        self.rng = rng
        self.noun = rng.choice(_NOUNS)
        self.unique = facts.unique(plan.scene)

    def ask(self, asked: str, answer: str, kind: AnswerKind, **slots: str) -> Asked:
        slots = {"noun": self.noun, **slots}
        spelt = self.rng.choice(("gray", "grey"))
        slots = {name: words.replace("gray", spelt) for name, words in slots.items()}
        question, phrasing = worded(FILE, asked, self.split, slots, self.rng)
        return Asked(question, answer, kind, phrasing)

    def confirm(self, asked: str, true: bool, **slots: str) -> Asked:
        return self.ask(asked, "yes" if true else "no", "yes-no", **slots)

    def coin(self) -> bool:
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
            (f"the {self.noun} {self.rng.choice(_PLACES[place])}", s) for place, s in there
        ]

    def count(self, counted: Counted) -> Asked:
        number = facts.count(self.scene, counted.colour, counted.shape)
        return self.ask("count", str(number), "count", things=self.things(counted))

    def things(self, counted: Counted) -> str:
        words = (counted.colour, facts.plural(counted.shape or self.noun))
        return " ".join(word for word in words if word)


def _colour(asking: _Asking) -> Iterator[Asked]:
    named = facts.names_once(asking.scene.shapes, "name")
    shape = asking.choose(named)
    if shape is not None:
        yield asking.ask("colour", shape.colour, "colour", the=f"the {shape.name}")


def _shape(asking: _Asking) -> Iterator[Asked]:
    shape = asking.choose(facts.names_once(asking.scene.shapes, "colour"))
    if shape is not None:
        the = f"the {shape.colour} {asking.noun}"
        yield asking.ask("shape", shape.name, "shape", the=the)


def _placed_colour(asking: _Asking) -> Iterator[Asked]:
    placed = asking.placed()
    if placed:
        the, shape = asking.rng.choice(placed)
        yield asking.ask("colour", shape.colour, "colour", the=the)


def _placed_shape(asking: _Asking) -> Iterator[Asked]:
    placed = asking.placed()
    if placed:
        the, shape = asking.rng.choice(placed)
        yield asking.ask("shape", shape.name, "shape", the=the)


def _position(asking: _Asking) -> Iterator[Asked]:
    shape = asking.choose([s for s in asking.unique if zone(s.x, s.y)])
    if shape is not None:
        place = zone(shape.x, shape.y)
        yield asking.ask("position", place, "position", the=asking.point(shape))


def _side(asking: _Asking) -> Iterator[Asked]:
    sided = [s for s in asking.unique if facts.half(s.x, "left", "right")]
    shape = asking.choose(sided)
    if shape is not None:
        side = facts.half(shape.x, "left", "right")
        yield asking.ask("side", side, "position", the=asking.point(shape))


def _level(asking: _Asking) -> Iterator[Asked]:
    levelled = [s for s in asking.unique if facts.half(s.y, "top", "bottom")]
    shape = asking.choose(levelled)
    if shape is not None:
        level = facts.half(shape.y, "top", "bottom")
        yield asking.ask("level", level, "position", the=asking.point(shape))


def _pairs(asking: _Asking, fits: Callable[[Shape, Shape], object]) -> tuple[Shape, Shape] | None:
    first = asking.choose([s for s in asking.unique if any(fits(s, o) for o in asking.unique)])
    if first is None:
        return None
    return first, asking.rng.choice([o for o in asking.unique if fits(first, o)])


def _where_relative(asking: _Asking) -> Iterator[Asked]:
    pair = _pairs(asking, facts.direction)
    if pair is not None:
        the, other = map(asking.point, pair)
        told = facts.direction(*pair)
        assert told is not None
        yield asking.ask("where_relative", told, "relation", the=the, other=other)


def _what_relative(asking: _Asking) -> Iterator[Asked]:
    ways = list(facts.OPPOSITE)
    asking.rng.shuffle(ways)
    for way in ways:
        for other in asking.unique:
            found = facts.found_there(asking.scene, way, other)
            if found is not None:
                direction = asking.rng.choice(_DIRECTIONS[way])
                answer = facts.article(facts.named(found))
                yield asking.ask(
                    "what_relative",
                    answer,
                    "relation",
                    direction=direction,
                    the=asking.point(other),
                )
                return


def _what_there(asking: _Asking) -> Iterator[Asked]:
    places = list(facts.standing(asking.scene).items())
    if places:
        place, shape = asking.rng.choice(places)
        answer = facts.article(facts.named(shape))
        words = asking.rng.choice(_PLACES[place])
        yield asking.ask("what_there", answer, "relation", place=words)


def _size(asking: _Asking) -> Iterator[Asked]:
    pair = _pairs(asking, lambda one, other: _unlike(one, other))
    if pair is not None:
        more = asking.coin()
        the, other = map(asking.point, pair)
        first = facts.larger(*pair) is more
        word = asking.rng.choice(_COMPARED[more])
        answer = the if first else other
        yield asking.ask("size", answer, "size", the=the, other=other, more=word)


def _unlike(one: Shape, other: Shape) -> bool:
    return facts.larger(one, other) or facts.larger(other, one)


def _extreme(asking: _Asking) -> Iterator[Asked]:
    found = list(facts.extremes(asking.scene).items())
    if found:
        word, shape = asking.rng.choice(found)
        the = f"the {asking.rng.choice(_MORE[word])} {asking.noun}"
        ways: Mapping[str, str] = {
            "name": facts.article(facts.named(shape)),
            "colour": shape.colour,
            "shape": shape.name,
        }
        asked = asking.rng.choice(list(ways))
        yield asking.ask(asked, ways[asked], "size", the=the)


def _outer(asking: _Asking) -> Iterator[Asked]:
    found = list(facts.outermost(asking.scene).items())
    if found:
        word, shape = asking.rng.choice(found)
        answer = facts.article(facts.named(shape))
        yield asking.ask("name", answer, "relation", the=f"the {word} {asking.noun}")


def _exists(asking: _Asking) -> Iterator[Asked]:
    present = asking.coin()
    counted = _present(asking) if present else _absent(asking)
    bare = " ".join(w for w in (counted.colour, counted.shape or asking.noun) if w)
    lacks = asking.rng.random() < 0.25
    yield asking.confirm(
        "lacks" if lacks else "exists",
        present is not lacks,
        a=facts.article(bare),
        bare=bare,
        things=asking.things(counted),
    )


def _present(asking: _Asking) -> Counted:
    shape = asking.choose(asking.scene.shapes)
    assert shape is not None
    return _about(asking, shape.colour, shape.name)


def _about(asking: _Asking, colour: str, name: str) -> Counted:
    ways = (Counted(colour, name), Counted(colour=colour), Counted(shape=name))
    return asking.rng.choices(ways, (2, 1, 1))[0]


def _absent(asking: _Asking) -> Counted:
    """Something that is not there, though mostly its colour or its shape is."""
    colours = {s.colour for s in asking.scene.shapes}
    names = {s.name for s in asking.scene.shapes}
    about = _about(asking, "colour", "shape")
    if not about.shape:
        return Counted(colour=asking.rng.choice([c for c in COLOURS if c not in colours]))
    if not about.colour:
        return Counted(shape=asking.rng.choice([s for s in SHAPES if s not in names]))
    return _absent_thing(asking, colours, names)


def _absent_thing(asking: _Asking, colours: set[str], names: set[str]) -> Counted:
    drawn = {(s.colour, s.name) for s in asking.scene.shapes}
    held = [t for t in sorted(asking.plan.held) if t not in drawn]
    seen = [t for t in SEEN if t not in drawn]
    things = held if held and asking.rng.random() < 0.7 else seen
    near = [(c, s) for c, s in things if c in colours or s in names]
    return Counted(*asking.rng.choice(near if near and asking.rng.random() < 0.7 else things))


def _is_number(asking: _Asking) -> Iterator[Asked]:
    for counted in asking.plan.counted[:1]:
        number = facts.count(asking.scene, counted.colour, counted.shape)
        if number < 2:
            return
        true = asking.coin()
        told = number if true else asking.rng.choice([n for n in range(2, 7) if n != number])
        word = asking.rng.choice((str(told), _NUMBERS[told]))
        yield asking.confirm("is_number", true, number=word, things=asking.things(counted))


def _is_relative(asking: _Asking) -> Iterator[Asked]:
    pair = _pairs(asking, facts.direction)
    if pair is not None:
        true = asking.coin()
        told = facts.direction(*pair)
        assert told is not None
        way = told if true else asking.rng.choice(facts.not_so(*pair))
        words = asking.rng.choice(_DIRECTIONS[way])
        the, other = map(asking.point, pair)
        yield asking.confirm("is_relative", true, the=the, other=other, direction=words)


def _is_more(asking: _Asking) -> Iterator[Asked]:
    pair = _pairs(asking, _unlike)
    if pair is not None:
        more = asking.coin()
        the, other = map(asking.point, pair)
        word = asking.rng.choice(_COMPARED[more])
        true = facts.larger(*pair) is more
        yield asking.confirm("is_more", true, the=the, other=other, more=word)


def _is_there(asking: _Asking) -> Iterator[Asked]:
    true = asking.coin()
    place = asking.rng.choice(facts.ZONES)
    if true:
        shape = asking.choose([s for s in asking.unique if zone(s.x, s.y)])
        place = zone(shape.x, shape.y) if shape else ""
    else:
        shape = asking.choose([s for s in asking.unique if facts.denied(s, place)])
    if shape is not None:
        words = asking.rng.choice(_PLACES[place])
        yield asking.confirm("is_there", true, the=asking.point(shape), place=words)


def _is_coloured(asking: _Asking) -> Iterator[Asked]:
    shape = asking.choose(facts.names_once(asking.scene.shapes, "name"))
    if shape is not None:
        true = asking.coin()
        things = (*SEEN, *asking.plan.held)
        others = [c for c, s in things if s == shape.name and c != shape.colour]
        present = [s.colour for s in asking.scene.shapes if s.colour in others]
        near = present if present and asking.coin() else others
        colour = shape.colour if true else asking.rng.choice(near)
        yield asking.confirm("is_coloured", true, the=f"the {shape.name}", colour=colour)


_WAYS: tuple[tuple[Callable[[_Asking], Iterator[Asked]], float], ...] = (
    (_colour, 0.7),
    (_shape, 0.7),
    (_placed_colour, 0.5),
    (_placed_shape, 0.5),
    (_position, 0.9),
    (_side, 0.25),
    (_level, 0.25),
    (_where_relative, 0.8),
    (_what_relative, 0.5),
    (_what_there, 0.4),
    (_outer, 0.2),
    (_size, 0.7),
    (_extreme, 0.6),
    (_exists, 0.9),
    (_exists, 0.6),
    (_is_number, 0.5),
    (_is_relative, 0.7),
    (_is_more, 0.4),
    (_is_there, 0.4),
    (_is_coloured, 0.4),
)
