"""Where the shapes of a scene lie, how large they are, and on what ground.

Knows: how shapes find room without touching, which ground lets all of them be seen, where a place
has a name that nobody would dispute. Refuses to know: which shapes there are, and what is asked.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace

from mmqa.training.scene_shapes import HOLLOW, TURN
from mmqa.training.scenes import (
    COLOURS,
    EASY_BROWN,
    SMALL_SIDE,
    Ground,
    Rgb,
    Scene,
    Shape,
    Style,
    contrast,
)

LOW, HIGH = 0.34, 0.66
"""A centre nearer to an edge than this third is "left", "right", "top" or "bottom"."""

NEAR, FAR = 0.42, 0.58
"""A centre between these is in the middle; what lies between a side and the middle has no name."""

_CLEAR = 130.0
"""Least contrast between a shape and any tone of its ground."""

_SIZES = ((0.062, 0.08), (0.095, 0.12), (0.15, 0.19))
_GAP = 0.012
_EDGE = 0.015
_BANDS = ((0.0, 0.3), (0.44, 0.56), (0.7, 1.0))

_MIDDLING: tuple[Rgb, ...] = (
    (222, 205, 170),
    (190, 215, 235),
    (200, 225, 200),
    (235, 205, 200),
    (205, 195, 225),
    (215, 215, 190),
    (180, 200, 205),
)
_DARK: tuple[Rgb, ...] = ((25, 30, 48), (40, 40, 44), (48, 30, 62), (18, 50, 40), (60, 40, 30))


def zone(x: float, y: float) -> str:
    """The name of a place: ``left``, ``top right``, ``middle`` …; empty where it is disputable.

    >>> zone(0.2, 0.2), zone(0.5, 0.9), zone(0.5, 0.5), zone(0.38, 0.5)
    ('top left', 'bottom', 'middle', '')
    """
    column = _band(x, "left", "right")
    row = _band(y, "top", "bottom")
    if column is None or row is None:
        return ""
    return f"{row} {column}".strip() or "middle"


def _band(value: float, low: str, high: str) -> str | None:
    if value < LOW:
        return low
    if value > HIGH:
        return high
    return "" if NEAR <= value <= FAR else None


def arranged(things: Sequence[tuple[str, str]], rng: random.Random) -> Scene:
    """A scene of n things, given as colour and shape, at most 8 of them."""
    radii = [rng.uniform(*rng.choice(_SIZES)) for _ in things]
    places = _places(radii, rng)
    shapes = tuple(
        _shape(thing, place, radius, rng)
        for thing, (*place, radius) in zip(things, places, strict=True)
    )
    scene = Scene(shapes, _ground([s.rgb for s in shapes], rng))
    return replace(
        scene,
        blur=rng.choice((0.0, 0.0, 0.0, 0.6, 0.9)),
        quality=rng.choice((0, 0, 0, 60, 80, 92)),
    )


def easy(thing: tuple[str, str], rng: random.Random) -> Scene:
    """A scene as easy-VQA draws it: one filled shape, upright, on a pale ground, 64 pixels."""
    colour, name = thing
    radius = rng.uniform(0.09, 0.26)
    place = [rng.uniform(radius, 1 - radius) for _ in range(2)]
    rgb = EASY_BROWN if colour == "brown" and rng.random() < 0.5 else rng.choice(COLOURS[colour])
    angle = 90.0 * rng.randrange(2) if name in ("rectangle", "oval") else 0.0
    shape = Shape(colour, name, place[0], place[1], radius, rgb, angle)
    pale = Ground((_pale(rng, 228),))
    ground = pale if _seen([rgb], pale) else _ground([rgb], rng, plain=True)
    return Scene((shape,), ground, SMALL_SIDE)


def _shape(
    thing: tuple[str, str], place: Sequence[float], radius: float, rng: random.Random
) -> Shape:
    colour, name = thing
    turn = TURN.get(name, 180.0)
    angle = rng.uniform(-turn, turn) if rng.random() < 0.7 else 0.0
    red, green, blue = (
        min(255, max(0, value + rng.randint(-6, 6))) for value in rng.choice(COLOURS[colour])
    )
    style = _style(name, radius, rng)
    return Shape(colour, name, place[0], place[1], radius, (red, green, blue), angle, style)


def _style(name: str, radius: float, rng: random.Random) -> Style:
    """Small shapes are not hollow: a hollow hexagon of a few pixels is a ring to the eye."""
    drawn = rng.random()
    if drawn < 0.2 and name in HOLLOW and radius > _SIZES[0][1]:
        return "hollow"
    return "edged" if 0.2 <= drawn < 0.4 and name != "crescent" else "filled"


def _places(radii: Sequence[float], rng: random.Random) -> list[tuple[float, float, float]]:
    """Where circles of these radii lie so that none touches another; smaller if they must be."""
    while True:
        placed: list[tuple[float, float, float]] = []
        for radius in radii:
            place = _room(radius, placed, rng)
            if place is None:
                break
            placed.append((*place, radius))
        if len(placed) == len(radii):
            return placed
        radii = [0.92 * radius for radius in radii]


def _room(
    radius: float, placed: Sequence[tuple[float, float, float]], rng: random.Random
) -> tuple[float, float] | None:
    """A free place: first in one of nine parts of the picture, each as likely, then anywhere."""
    reach = radius + _EDGE
    column, row = rng.choice(_BANDS), rng.choice(_BANDS)
    for attempt in range(60):
        (left, right), (top, bottom) = (column, row) if attempt < 15 else ((0, 1), (0, 1))
        x = rng.uniform(max(left, reach), min(right, 1 - reach))
        y = rng.uniform(max(top, reach), min(bottom, 1 - reach))
        if all((x - u) ** 2 + (y - v) ** 2 > (radius + r + _GAP) ** 2 for u, v, r in placed):
            return x, y
    return None


def _ground(tones: Sequence[Rgb], rng: random.Random, *, plain: bool = False) -> Ground:
    """A ground on which all tones are clearly seen; of many, the best, should none be."""
    best, least = Ground((_pale(rng, 200),)), 0.0
    for _ in range(40):
        ground = _any_ground(rng)
        seen = min(contrast(tone, other) for tone in tones for other in ground.tones)
        if seen > least:
            best, least = ground, seen
        if seen >= _CLEAR:
            break
    if plain:
        return Ground(best.tones[:1])
    return replace(
        best,
        noise=rng.choice((0.0, 0.0, 0.0, 3.0, 7.0)),
        cloud=rng.choice((0.0, 0.0, 0.0, 5.0, 10.0)),
        seed=rng.getrandbits(32),
    )


def _seen(tones: Sequence[Rgb], ground: Ground) -> bool:
    return all(contrast(tone, other) >= _CLEAR for tone in tones for other in ground.tones)


def _any_ground(rng: random.Random) -> Ground:
    kind = rng.choices(("white", "pale", "middling", "dark"), (15, 40, 25, 20))[0]
    first, second = _tone(kind, rng), _tone(kind, rng)
    return Ground((first, second) if rng.random() < 0.3 else (first,), rng.uniform(0, 360))


def _tone(kind: str, rng: random.Random) -> Rgb:
    if kind == "white":
        return (255, 255, 255)
    if kind == "pale":
        return _pale(rng, 222)
    return rng.choice(_MIDDLING if kind == "middling" else _DARK)


def _pale(rng: random.Random, least: int) -> Rgb:
    return rng.randint(least, 255), rng.randint(least, 255), rng.randint(least, 255)
