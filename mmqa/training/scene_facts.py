"""What is true of a scene beyond dispute, and how its things can be pointed at in words.

Knows: margins within which two people would give the same answer. Refuses to know: phrasings, and
which of the facts are asked for.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt
from typing import Literal, TypeAlias

from mmqa.training.scene_layout import FAR, HIGH, LOW, NEAR, zone
from mmqa.training.scene_shapes import area
from mmqa.training.scenes import Scene, Shape

Direction: TypeAlias = Literal["left of", "right of", "above", "below"]

OPPOSITE: dict[Direction, Direction] = {
    "left of": "right of",
    "right of": "left of",
    "above": "below",
    "below": "above",
}

ZONES: tuple[str, ...] = (
    "left",
    "right",
    "top",
    "bottom",
    "middle",
    "top left",
    "top right",
    "bottom left",
    "bottom right",
)

_APART = 0.15
"""Least distance of centres along a direction that is to be told, as a share of the side."""

_SLANT = 0.5
"""Most that a pair may lie across a direction, as a share of the distance along it."""

_LEVEL = 0.05
"""Most that centres may differ across a direction that is to be denied."""

_LARGER = 1.3
"""Least ratio of radii, and of the roots of areas, of what is "larger"."""

_OUTERMOST = 0.08
"""Least lead of the outermost centre and edge over the next."""


def article(words: str) -> str:
    """``a red circle``, ``an orange star``."""
    return f"{'an' if words[0] in 'aeiou' else 'a'} {words}"


def plural(word: str) -> str:
    """``circles``, ``crosses``."""
    return f"{word}es" if word.endswith(("s", "x")) else f"{word}s"


def named(shape: Shape) -> str:
    """Colour and shape: ``red circle``."""
    return f"{shape.colour} {shape.name}"


def count(scene: Scene, colour: str = "", name: str = "") -> int:
    """How many shapes have the colour and the name; an empty word stands for any."""
    return sum(
        (not colour or s.colour == colour) and (not name or s.name == name) for s in scene.shapes
    )


def unique(scene: Scene) -> list[Shape]:
    """Shapes whose colour and name together occur once."""
    return [s for s in scene.shapes if count(scene, s.colour, s.name) == 1]


def outermost(scene: Scene) -> dict[str, Shape]:
    """``leftmost``, ``rightmost``, ``topmost``, ``lowest`` → the shape, where one clearly leads."""
    found = {}
    for word, axis, sign in (
        ("leftmost", "x", 1),
        ("rightmost", "x", -1),
        ("topmost", "y", 1),
        ("lowest", "y", -1),
    ):
        centres = sorted(scene.shapes, key=lambda s: sign * getattr(s, axis))
        edges = sorted(scene.shapes, key=lambda s: sign * getattr(s, axis) - s.radius)
        if len(centres) < 2 or centres[0] is not edges[0]:
            continue
        lead = sign * (getattr(centres[1], axis) - getattr(centres[0], axis))
        reach = lead + centres[0].radius - edges[1].radius
        if lead >= _OUTERMOST and reach >= _OUTERMOST / 2:
            found[word] = centres[0]
    return found


def extremes(scene: Scene) -> dict[str, Shape]:
    """``largest`` and ``smallest`` → the shape, where one clearly is."""
    by_size = sorted(scene.shapes, key=lambda s: s.radius)
    found = {}
    if len(by_size) > 1:
        if all(larger(s, by_size[0]) for s in by_size[1:]):
            found["smallest"] = by_size[0]
        if all(larger(by_size[-1], s) for s in by_size[:-1]):
            found["largest"] = by_size[-1]
    return found


def larger(one: Shape, other: Shape) -> bool:
    """Whether one is clearly larger than the other, by the circle around it and by its area."""
    ratio = one.radius / other.radius
    return min(ratio, ratio * sqrt(area(one.name) / area(other.name))) >= _LARGER


def standing(scene: Scene) -> dict[str, Shape]:
    """Name of a place → the one shape there, where nothing else could be meant."""
    found: dict[str, Shape] = {}
    for place in ZONES:
        near = [s for s in scene.shapes if _could_be(s, place)]
        if len(near) == 1 and _covers(place, zone(near[0].x, near[0].y)):
            found[place] = near[0]
    return found


def _covers(place: str, found: str) -> bool:
    """Whether what lies in zone ``found`` lies in ``place``: the top left is on the left."""
    if place == "middle" or not found:
        return place == found
    return set(place.split()) <= set(found.split())


def _could_be(shape: Shape, place: str) -> bool:
    """Whether somebody might say that the shape is there."""
    bounds = {"left": shape.x < 0.5, "right": shape.x > 0.5}
    bounds |= {"top": shape.y < 0.5, "bottom": shape.y > 0.5}
    bounds["middle"] = LOW < shape.x < HIGH and LOW < shape.y < HIGH
    return all(bounds[word] for word in place.split())


def denied(shape: Shape, place: str) -> bool:
    """Whether the shape is clearly not there."""
    found = zone(shape.x, shape.y)
    if place == "middle":
        return " " in found
    return bool(found) and not _covers(place, found)


def half(value: float, low: str, high: str) -> str:
    """The half of the picture that a centre lies in; empty near the middle."""
    if NEAR <= value <= FAR:
        return ""
    return low if value < NEAR else high


def direction(one: Shape, other: Shape) -> Direction | None:
    """Where one lies seen from the other; ``None`` where it is slanted or near."""
    across, down = one.x - other.x, one.y - other.y
    if abs(across) >= _APART and abs(down) <= _SLANT * abs(across):
        return "left of" if across < 0 else "right of"
    if abs(down) >= _APART and abs(across) <= _SLANT * abs(down):
        return "above" if down < 0 else "below"
    return None


def not_so(one: Shape, other: Shape) -> list[Direction]:
    """Directions in which one clearly does not lie from the other."""
    told = direction(one, other)
    if told is None:
        return []
    wrong = [OPPOSITE[told]]
    if told in ("left of", "right of") and abs(one.y - other.y) <= _LEVEL:
        wrong += ["above", "below"]
    if told in ("above", "below") and abs(one.x - other.x) <= _LEVEL:
        wrong += ["left of", "right of"]
    return wrong


def found_there(scene: Scene, way: Direction, other: Shape) -> Shape | None:
    """The one shape in that direction from the other, where no second could be meant."""
    rest = [s for s in scene.shapes if s is not other]
    could = [s for s in rest if _ahead(s, other, way) > -_LEVEL]
    if len(could) == 1 and direction(could[0], other) == way:
        return could[0]
    return None


def _ahead(one: Shape, other: Shape, way: Direction) -> float:
    """How far one lies from the other in a direction."""
    across, down = one.x - other.x, one.y - other.y
    return {"left of": -across, "right of": across, "above": -down, "below": down}[way]


def names_once(shapes: Sequence[Shape], kind: Literal["colour", "name"]) -> list[Shape]:
    """Shapes whose colour, or whose name, no other has."""
    words = [getattr(s, kind) for s in shapes]
    return [s for s, word in zip(shapes, words, strict=True) if words.count(word) == 1]
