"""Outlines: within the unit circle, of the area that geometry says."""

from __future__ import annotations

from math import pi, sqrt

import pytest

from mmqa.training.scene_shapes import HOLLOW, SHAPES, TURN, area, outline, turned


@pytest.mark.parametrize("shape", SHAPES)
def test_every_outline_reaches_the_unit_circle_and_hardly_leaves_it(shape: str) -> None:
    reach = max(sqrt(x * x + y * y) for x, y in outline(shape))
    assert 0.9 < reach < (1.05 if shape == "heart" else 1.0 + 1e-9)


@pytest.mark.parametrize(
    ("shape", "expected"),
    [
        ("square", 2.0),
        ("rectangle", 4 * 2 / 5),
        ("triangle", 3 * sqrt(3) / 4),
        ("hexagon", 3 * sqrt(3) / 2),
        ("diamond", 2 * 0.66),
    ],
)
def test_areas_are_those_of_geometry(shape: str, expected: float) -> None:
    assert area(shape) == pytest.approx(expected)


def test_round_shapes_come_near_the_circle_and_the_ellipse() -> None:
    assert area("circle") == pytest.approx(pi, rel=0.01)
    assert area("oval") == pytest.approx(0.55 * pi, rel=0.01)


def test_a_crescent_is_the_disc_less_its_bite() -> None:
    # the bite is a disc of radius 0.8 about (0.45, 0): points of it are outside, its rim is not
    inner = [p for p in outline("crescent") if sqrt((p[0] - 0.45) ** 2 + p[1] ** 2) < 0.8 - 1e-9]
    assert not inner
    assert any(x == pytest.approx(0.45 - 0.8) for x, _ in outline("crescent"))


def test_a_quarter_turn_is_clockwise_on_the_screen() -> None:
    ((x, y),) = turned(((0.0, -1.0),), 90.0)
    assert (x, y) == (pytest.approx(1.0), pytest.approx(0.0, abs=1e-9))


def test_what_a_turn_would_rename_is_turned_a_little_only() -> None:
    assert TURN["square"] < 45 / 2
    assert TURN["diamond"] < 45 / 2
    assert "circle" not in HOLLOW
