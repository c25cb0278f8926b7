"""Questions about a scene that are answered with yes or no, each as often.

Knows: that a coin is tossed before the scene is looked at, so that no wording tells the answer.
Refuses to know: how likely each question is, and the wording of the frames.
"""

from __future__ import annotations

from collections.abc import Iterator

from mmqa.training import scene_facts as facts
from mmqa.training.scene_asking import COMPARED, DIRECTIONS, PLACES, Asking, pairs, unlike
from mmqa.training.scene_layout import zone
from mmqa.training.scene_plans import SEEN, Counted
from mmqa.training.scene_shapes import SHAPES
from mmqa.training.scenes import COLOURS
from mmqa.training.visual_examples import Asked

_NUMBERS = ("zero", "one", "two", "three", "four", "five", "six")


def exists(asking: Asking) -> Iterator[Asked]:
    """Whether there is something; one in four asks whether there is not."""
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


def _present(asking: Asking) -> Counted:
    shape = asking.choose(asking.scene.shapes)
    assert shape is not None
    return _about(asking, shape.colour, shape.name)


def _about(asking: Asking, colour: str, name: str) -> Counted:
    ways = (Counted(colour, name), Counted(colour=colour), Counted(shape=name))
    return asking.rng.choices(ways, (2, 1, 1))[0]


def _absent(asking: Asking) -> Counted:
    """Something that is not there, though mostly its colour or its shape is."""
    colours = {s.colour for s in asking.scene.shapes}
    names = {s.name for s in asking.scene.shapes}
    about = _about(asking, "colour", "shape")
    if not about.shape:
        return Counted(colour=asking.rng.choice([c for c in COLOURS if c not in colours]))
    if not about.colour:
        return Counted(shape=asking.rng.choice([s for s in SHAPES if s not in names]))
    return _absent_thing(asking, colours, names)


def _absent_thing(asking: Asking, colours: set[str], names: set[str]) -> Counted:
    drawn = {(s.colour, s.name) for s in asking.scene.shapes}
    held = [t for t in sorted(asking.plan.held) if t not in drawn]
    seen = [t for t in SEEN if t not in drawn]
    things = held if held and asking.rng.random() < 0.7 else seen
    near = [(c, s) for c, s in things if c in colours or s in names]
    return Counted(*asking.rng.choice(near if near and asking.rng.random() < 0.7 else things))


def is_number(asking: Asking) -> Iterator[Asked]:
    """Whether there are so many, from two upwards."""
    for counted in asking.plan.counted[:1]:
        number = facts.count(asking.scene, counted.colour, counted.shape)
        if number < 2:
            return
        true = asking.coin()
        told = number if true else asking.rng.choice([n for n in range(2, 7) if n != number])
        word = asking.rng.choice((str(told), _NUMBERS[told]))
        yield asking.confirm("is_number", true, number=word, things=asking.things(counted))


def is_relative(asking: Asking) -> Iterator[Asked]:
    """Whether one thing lies in a direction from another."""
    pair = pairs(asking, facts.direction)
    if pair is not None:
        true = asking.coin()
        told = facts.direction(*pair)
        assert told is not None
        way = told if true else asking.rng.choice(facts.not_so(*pair))
        words = asking.rng.choice(DIRECTIONS[way])
        the, other = map(asking.point, pair)
        yield asking.confirm("is_relative", true, the=the, other=other, direction=words)


def is_more(asking: Asking) -> Iterator[Asked]:
    """Whether one thing is larger, or smaller, than another."""
    pair = pairs(asking, unlike)
    if pair is not None:
        more = asking.coin()
        the, other = map(asking.point, pair)
        word = asking.rng.choice(COMPARED[more])
        true = facts.larger(*pair) is more
        yield asking.confirm("is_more", true, the=the, other=other, more=word)


def is_there(asking: Asking) -> Iterator[Asked]:
    """Whether a thing is in a place."""
    true = asking.coin()
    place = asking.rng.choice(facts.ZONES)
    if true:
        shape = asking.choose([s for s in asking.unique if zone(s.x, s.y)])
        place = zone(shape.x, shape.y) if shape else ""
    else:
        shape = asking.choose([s for s in asking.unique if facts.denied(s, place)])
    if shape is not None:
        words = asking.rng.choice(PLACES[place])
        yield asking.confirm("is_there", true, the=asking.point(shape), place=words)


def is_coloured(asking: Asking) -> Iterator[Asked]:
    """Whether what its shape names has a colour."""
    shape = asking.choose(facts.names_once(asking.scene.shapes, "name"))
    if shape is not None:
        true = asking.coin()
        things = (*SEEN, *sorted(asking.plan.held))
        others = [c for c, s in things if s == shape.name and c != shape.colour]
        present = [s.colour for s in asking.scene.shapes if s.colour in others]
        near = present if present and asking.coin() else others
        colour = shape.colour if true else asking.rng.choice(near)
        yield asking.confirm("is_coloured", true, the=f"the {shape.name}", colour=colour)
