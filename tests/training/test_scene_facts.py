"""Facts of scenes worked by hand, and the margins within which none is told."""

from __future__ import annotations

import pytest

from mmqa.training import scene_facts as facts
from mmqa.training.scenes import Ground, Scene, Shape


def shape(words: str, x: float, y: float, radius: float = 0.1) -> Shape:
    colour, name = words.split()
    return Shape(colour, name, x, y, radius, (0, 0, 0))


def scene(*shapes: Shape) -> Scene:
    return Scene(shapes, Ground(((255, 255, 255),)))


CIRCLE = shape("red circle", 0.2, 0.2)
STAR = shape("blue star", 0.8, 0.25)
RING = shape("red ring", 0.2, 0.8, 0.18)
FOUR = scene(CIRCLE, STAR, RING, shape("red circle", 0.5, 0.5))
"""Two red circles, a blue star, a large red ring."""


def test_counting_by_colour_by_shape_by_both_and_of_all() -> None:
    assert facts.count(FOUR) == 4
    assert facts.count(FOUR, colour="red") == 3
    assert facts.count(FOUR, name="circle") == 2
    assert facts.count(FOUR, "red", "ring") == 1
    assert facts.count(FOUR, "blue", "ring") == 0


def test_only_what_occurs_once_can_be_named() -> None:
    assert facts.unique(FOUR) == [STAR, RING]
    assert facts.names_once(FOUR.shapes, "colour") == [STAR]
    assert facts.names_once(FOUR.shapes, "name") == [STAR, RING]


@pytest.mark.parametrize(
    ("dx", "dy", "told"),
    [
        (-0.3, 0.0, "left of"),
        (0.3, 0.15, "right of"),
        (0.0, -0.3, "above"),
        (-0.1, 0.3, "below"),
        (0.3, 0.2, None),
        (0.3, -0.3, None),
        (0.14, 0.0, None),
    ],
)
def test_a_direction_is_told_where_it_is_not_slanted_nor_near(
    dx: float, dy: float, told: str | None
) -> None:
    assert facts.direction(shape("red star", 0.5 + dx, 0.5 + dy), CIRCLE_AT_CENTRE) == told


CIRCLE_AT_CENTRE = shape("red circle", 0.5, 0.5)


def test_what_is_level_is_clearly_neither_above_nor_below() -> None:
    left = shape("red star", 0.2, 0.52)
    assert facts.not_so(left, CIRCLE_AT_CENTRE) == ["right of", "above", "below"]
    lower = shape("red star", 0.2, 0.6)
    assert facts.not_so(lower, CIRCLE_AT_CENTRE) == ["right of"]
    slanted = shape("red star", 0.2, 0.8)
    assert facts.not_so(slanted, CIRCLE_AT_CENTRE) == []


def test_what_is_found_in_a_direction_is_the_only_thing_there() -> None:
    above, beside = shape("red star", 0.5, 0.2), shape("teal cross", 0.9, 0.6)
    three = scene(CIRCLE_AT_CENTRE, above, beside)
    assert facts.found_there(three, "above", CIRCLE_AT_CENTRE) is above
    # the cross lies to the right, but so might the star, by a hair
    assert facts.found_there(three, "right of", CIRCLE_AT_CENTRE) is None
    assert facts.found_there(three, "left of", CIRCLE_AT_CENTRE) is None
    alone = scene(CIRCLE_AT_CENTRE, beside)
    assert facts.found_there(alone, "right of", CIRCLE_AT_CENTRE) is beside
    two_above = scene(CIRCLE_AT_CENTRE, above, shape("gray heart", 0.2, 0.3))
    assert facts.found_there(two_above, "above", CIRCLE_AT_CENTRE) is None


def test_larger_by_radius_and_by_area() -> None:
    small, large = shape("red circle", 0.2, 0.2, 0.1), shape("blue circle", 0.7, 0.7, 0.14)
    assert facts.larger(large, small)
    assert not facts.larger(small, large)
    assert not facts.larger(shape("blue circle", 0.7, 0.7, 0.12), small)
    # a star of the same reach covers less than half of a circle: neither is called larger
    assert not facts.larger(shape("blue star", 0.7, 0.7, 0.14), small)
    assert not facts.larger(small, shape("blue star", 0.7, 0.7, 0.1))


def test_extremes_are_told_where_one_is_clearly_largest_or_smallest() -> None:
    assert facts.extremes(FOUR) == {"largest": RING}
    assert facts.extremes(scene(CIRCLE)) == {}
    two = scene(CIRCLE, RING)
    assert facts.extremes(two) == {"largest": RING, "smallest": CIRCLE}


def test_the_outermost_leads_clearly() -> None:
    # circle and ring are as far to the left, circle and star about as high
    assert facts.outermost(FOUR) == {"rightmost": STAR, "lowest": RING}
    assert facts.outermost(scene(CIRCLE)) == {}


def test_a_place_means_a_shape_where_no_other_could_be_meant() -> None:
    assert facts.standing(FOUR) == {
        "right": STAR,
        "top left": CIRCLE,
        "top right": STAR,
        "bottom left": RING,
        "bottom": RING,
        "middle": FOUR.shapes[3],
    }


@pytest.mark.parametrize(
    ("x", "y", "place", "so"),
    [
        (0.2, 0.2, "bottom right", True),
        (0.2, 0.2, "right", True),
        (0.2, 0.2, "middle", True),
        (0.2, 0.2, "left", False),
        (0.2, 0.2, "top left", False),
        (0.2, 0.5, "top left", True),
        (0.2, 0.5, "middle", False),
        (0.5, 0.5, "left", True),
        (0.38, 0.5, "right", False),
    ],
)
def test_a_place_is_denied_where_nobody_would_grant_it(
    x: float, y: float, place: str, so: bool
) -> None:
    assert facts.denied(shape("red circle", x, y), place) is so


def test_halves_have_no_name_near_the_middle() -> None:
    assert facts.half(0.41, "left", "right") == "left"
    assert facts.half(0.59, "left", "right") == "right"
    assert facts.half(0.5, "left", "right") == ""


def test_articles_and_plurals() -> None:
    assert facts.article("orange star") == "an orange star"
    assert facts.article("red oval") == "a red oval"
    assert facts.plural("cross") == "crosses"
    assert facts.plural("square") == "squares"
