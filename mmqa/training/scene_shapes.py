"""Outlines of the shapes that scenes are drawn from.

Knows: the corners of each shape within the unit circle, how far it may be turned before people
would call it something else. Refuses to know: colours, places, pictures, questions.
"""

from __future__ import annotations

from functools import cache
from math import acos, atan2, cos, pi, sin, tau
from typing import TypeAlias

Corners: TypeAlias = tuple[tuple[float, float], ...]

SHAPES: tuple[str, ...] = (
    "circle",
    "square",
    "rectangle",
    "triangle",
    "star",
    "ring",
    "cross",
    "heart",
    "hexagon",
    "diamond",
    "oval",
    "crescent",
)

TURN: dict[str, float] = {
    "square": 10.0,
    "diamond": 8.0,
    "cross": 15.0,
    "heart": 20.0,
    "hexagon": 30.0,
}
"""Degrees by which a shape may be turned either way; any angle for the others."""

HOLLOW = frozenset({"square", "rectangle", "triangle", "star", "heart", "hexagon", "diamond"})
"""Shapes that keep their name when only the outline is drawn: a hollow circle is a ring."""

RING_WIDTH = 0.42
"""Width of a ring's band as a share of its radius."""

_ROUND = 48


@cache
def outline(shape: str) -> Corners:
    """Corners of a shape's edge within the unit circle, y downwards; a ring's outer edge.

    A heart's tip leaves the circle by a twenty-fifth, less than the gap kept between shapes.

    Args:
        shape: One of :data:`SHAPES`.

    Raises:
        KeyError: No such shape.
    """
    return _OUTLINES[shape]


@cache
def area(shape: str) -> float:
    """Area within the outline at radius 1, by the shoelace formula; a ring counts as a disc."""
    corners = outline(shape)
    following = (*corners[1:], corners[0])
    return abs(sum(x * v - u * y for (x, y), (u, v) in zip(corners, following, strict=True))) / 2


def turned(corners: Corners, degrees: float) -> Corners:
    """The corners, turned clockwise about the origin.

    >>> turned(((1.0, 0.0),), 90.0)[0][1]
    1.0
    """
    angle = degrees * pi / 180
    c, s = cos(angle), sin(angle)
    return tuple((x * c - y * s, x * s + y * c) for x, y in corners)


def _polygon(count: int, radius: float = 1.0, start: float = -pi / 2) -> Corners:
    angles = [start + tau * i / count for i in range(count)]
    return tuple((radius * cos(a), radius * sin(a)) for a in angles)


def _box(aspect: float) -> Corners:
    """A box with its corners on the unit circle; ``aspect`` is height over width."""
    angle = atan2(aspect, 1.0)
    x, y = cos(angle), sin(angle)
    return ((-x, -y), (x, -y), (x, y), (-x, y))


def _star() -> Corners:
    inner = _polygon(5, 0.42, -pi / 2 + pi / 5)
    return tuple(p for pair in zip(_polygon(5), inner, strict=True) for p in pair)


def _cross(arm: float = 0.32) -> Corners:
    a, r = arm, (1 - arm * arm) ** 0.5
    quarter = ((a, -r), (a, -a), (r, -a))
    return tuple(p for turn in (0, 90, 180, 270) for p in turned(quarter, turn))


def _heart() -> Corners:
    points = []
    for i in range(_ROUND):
        t = tau * i / _ROUND
        y = 13 * cos(t) - 5 * cos(2 * t) - 2 * cos(3 * t) - cos(4 * t)
        points.append((16 * sin(t) ** 3 / 17.5, -(y + 2.5) / 17.5))
    return tuple(points)


def _crescent(offset: float = 0.45, bite: float = 0.8) -> Corners:
    """The unit disc less a disc of radius ``bite`` whose centre lies ``offset`` to the right."""
    x = (1 - bite**2 + offset**2) / (2 * offset)
    outer = acos(x)
    inner = atan2((1 - x * x) ** 0.5, x - offset)
    half = _ROUND // 2
    around = [outer + (tau - 2 * outer) * i / half for i in range(half + 1)]
    back = [tau - inner - (tau - 2 * inner) * i / half for i in range(1, half)]
    edge = tuple((cos(a), sin(a)) for a in around)
    return edge + tuple((offset + bite * cos(a), bite * sin(a)) for a in back)


_OUTLINES: dict[str, Corners] = {
    "circle": _polygon(_ROUND),
    "square": _box(1.0),
    "rectangle": _box(0.5),
    "triangle": _polygon(3),
    "star": _star(),
    "ring": _polygon(_ROUND),
    "cross": _cross(),
    "heart": _heart(),
    "hexagon": _polygon(6),
    "diamond": ((0.0, -1.0), (0.66, 0.0), (0.0, 1.0), (-0.66, 0.0)),
    "oval": tuple((x, 0.55 * y) for x, y in _polygon(_ROUND)),
    "crescent": _crescent(),
}
