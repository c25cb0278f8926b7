"""Layout: nothing touches, everything is seen, places are named where nobody would dispute."""

from __future__ import annotations

import random

import pytest

from mmqa.training.scene_layout import arranged, easy, zone
from mmqa.training.scene_shapes import SHAPES
from mmqa.training.scenes import COLOURS, contrast


def things(rng: random.Random, count: int) -> list[tuple[str, str]]:
    return [(rng.choice(list(COLOURS)), rng.choice(SHAPES)) for _ in range(count)]


def test_shapes_neither_touch_nor_leave_the_picture() -> None:
    for seed in range(200):
        rng = random.Random(seed)
        shapes = arranged(things(rng, 1 + seed % 8), rng).shapes
        assert len(shapes) == 1 + seed % 8
        for i, one in enumerate(shapes):
            assert one.radius < min(one.x, one.y, 1 - one.x, 1 - one.y)
            for other in shapes[i + 1 :]:
                apart = ((one.x - other.x) ** 2 + (one.y - other.y) ** 2) ** 0.5
                assert apart > one.radius + other.radius


def test_every_shape_is_seen_on_its_ground() -> None:
    seen = []
    for seed in range(300):
        rng = random.Random(seed)
        scene = arranged(things(rng, 1 + seed % 8), rng)
        seen += [contrast(s.rgb, tone) for s in scene.shapes for tone in scene.ground.tones]
    assert min(seen) > 100
    assert sum(value >= 130 for value in seen) > 0.99 * len(seen)


def test_the_things_are_as_asked_for() -> None:
    wanted = [("red", "circle"), ("gray", "star"), ("red", "circle")]
    scene = arranged(wanted, random.Random(1))
    assert [(s.colour, s.name) for s in scene.shapes] == wanted


def test_every_ninth_of_the_picture_is_about_as_likely() -> None:
    zones: dict[str, int] = {}
    for seed in range(600):
        shape = arranged([("red", "circle")], random.Random(seed)).shapes[0]
        zones[zone(shape.x, shape.y)] = zones.get(zone(shape.x, shape.y), 0) + 1
    assert len(zones) == 9
    assert min(zones.values()) > 600 / 9 * 0.6


@pytest.mark.parametrize(
    ("x", "y", "name"),
    [
        (0.33, 0.5, "left"),
        (0.67, 0.58, "right"),
        (0.42, 0.2, "top"),
        (0.5, 0.9, "bottom"),
        (0.58, 0.42, "middle"),
        (0.1, 0.1, "top left"),
        (0.9, 0.1, "top right"),
        (0.1, 0.9, "bottom left"),
        (0.9, 0.9, "bottom right"),
        (0.35, 0.5, ""),
        (0.5, 0.6, ""),
        (0.1, 0.4, ""),
    ],
)
def test_places_have_names_but_near_the_borders_between_them(x: float, y: float, name: str) -> None:
    assert zone(x, y) == name


def test_an_easy_scene_is_one_upright_shape_on_a_plain_ground_of_64_pixels() -> None:
    for seed in range(50):
        scene = easy(("blue", "triangle"), random.Random(seed))
        (shape,) = scene.shapes
        assert scene.side == 64
        assert (shape.angle, shape.style, scene.blur, scene.quality) == (0.0, "filled", 0.0, 0)
        assert len(scene.ground.tones) == 1
        assert contrast(shape.rgb, scene.ground.tones[0]) > 100


def test_white_is_seen_in_an_easy_scene_too() -> None:
    for seed in range(50):
        scene = easy(("white", "circle"), random.Random(seed))
        assert contrast(scene.shapes[0].rgb, scene.ground.tones[0]) > 100
