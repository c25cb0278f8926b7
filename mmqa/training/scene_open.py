"""Questions about a scene that are answered with a colour, a shape, a place or a thing.

Knows: which facts of a scene are asked for. Refuses to know: how likely each question is, what is
answered with yes or no, and the wording of the frames.
"""

from __future__ import annotations

from collections.abc import Iterator

from mmqa.training import scene_facts as facts
from mmqa.training.scene_asking import COMPARED, DIRECTIONS, PLACES, Asking, pairs, unlike
from mmqa.training.scene_layout import zone
from mmqa.training.visual_examples import Asked

_MORE = {"largest": ("largest", "biggest"), "smallest": ("smallest", "tiniest")}


def colour(asking: Asking) -> Iterator[Asked]:
    """The colour of what its shape names."""
    named = facts.names_once(asking.scene.shapes, "name")
    shape = asking.choose(named)
    if shape is not None:
        yield asking.ask("colour", shape.colour, "colour", the=f"the {shape.name}")


def shape(asking: Asking) -> Iterator[Asked]:
    """The shape of what its colour names."""
    shape = asking.choose(facts.names_once(asking.scene.shapes, "colour"))
    if shape is not None:
        the = f"the {shape.colour} {asking.noun}"
        yield asking.ask("shape", shape.name, "shape", the=the)


def placed_colour(asking: Asking) -> Iterator[Asked]:
    """The colour of what its place names, or of the only thing."""
    placed = asking.placed()
    if placed:
        the, shape = asking.rng.choice(placed)
        yield asking.ask("colour", shape.colour, "colour", the=the)


def placed_shape(asking: Asking) -> Iterator[Asked]:
    """The shape of what its place names, or of the only thing."""
    placed = asking.placed()
    if placed:
        the, shape = asking.rng.choice(placed)
        yield asking.ask("shape", shape.name, "shape", the=the)


def position(asking: Asking) -> Iterator[Asked]:
    """One of nine places."""
    shape = asking.choose([s for s in asking.unique if zone(s.x, s.y)])
    if shape is not None:
        place = zone(shape.x, shape.y)
        yield asking.ask("position", place, "position", the=asking.point(shape))


def side(asking: Asking) -> Iterator[Asked]:
    """Left or right."""
    sided = [s for s in asking.unique if facts.half(s.x, "left", "right")]
    shape = asking.choose(sided)
    if shape is not None:
        side = facts.half(shape.x, "left", "right")
        yield asking.ask("side", side, "position", the=asking.point(shape))


def level(asking: Asking) -> Iterator[Asked]:
    """Top or bottom."""
    levelled = [s for s in asking.unique if facts.half(s.y, "top", "bottom")]
    shape = asking.choose(levelled)
    if shape is not None:
        level = facts.half(shape.y, "top", "bottom")
        yield asking.ask("level", level, "position", the=asking.point(shape))


def where_relative(asking: Asking) -> Iterator[Asked]:
    """Where one thing lies seen from another."""
    pair = pairs(asking, facts.direction)
    if pair is not None:
        the, other = map(asking.point, pair)
        told = facts.direction(*pair)
        assert told is not None
        yield asking.ask("where_relative", told, "relation", the=the, other=other)


def what_relative(asking: Asking) -> Iterator[Asked]:
    """What lies in a direction from another thing."""
    ways = list(facts.OPPOSITE)
    asking.rng.shuffle(ways)
    for way in ways:
        for other in asking.unique:
            found = facts.found_there(asking.scene, way, other)
            if found is not None:
                direction = asking.rng.choice(DIRECTIONS[way])
                answer = facts.article(facts.named(found))
                yield asking.ask(
                    "what_relative",
                    answer,
                    "relation",
                    direction=direction,
                    the=asking.point(other),
                )
                return


def what_there(asking: Asking) -> Iterator[Asked]:
    """What is in a place."""
    places = list(facts.standing(asking.scene).items())
    if places:
        place, shape = asking.rng.choice(places)
        answer = facts.article(facts.named(shape))
        words = asking.rng.choice(PLACES[place])
        yield asking.ask("what_there", answer, "relation", place=words)


def size(asking: Asking) -> Iterator[Asked]:
    """Which of two is larger or smaller."""
    pair = pairs(asking, unlike)
    if pair is not None:
        more = asking.coin()
        the, other = map(asking.point, pair)
        first = facts.larger(*pair) is more
        word = asking.rng.choice(COMPARED[more])
        answer = the if first else other
        yield asking.ask("size", answer, "size", the=the, other=other, more=word)


def extreme(asking: Asking) -> Iterator[Asked]:
    """Colour, shape or both of the largest or the smallest."""
    found = list(facts.extremes(asking.scene).items())
    if found:
        word, shape = asking.rng.choice(found)
        the = f"the {asking.rng.choice(_MORE[word])} {asking.noun}"
        ways = {
            "name": facts.article(facts.named(shape)),
            "colour": shape.colour,
            "shape": shape.name,
        }
        asked = asking.rng.choice(list(ways))
        yield asking.ask(asked, ways[asked], "size", the=the)


def outer(asking: Asking) -> Iterator[Asked]:
    """What the outermost thing is."""
    found = list(facts.outermost(asking.scene).items())
    if found:
        word, shape = asking.rng.choice(found)
        answer = facts.article(facts.named(shape))
        yield asking.ask("name", answer, "relation", the=f"the {word} {asking.noun}")
