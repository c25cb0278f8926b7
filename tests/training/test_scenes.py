"""Drawing: colours stand where the record says, the same scene gives the same pixels."""

from __future__ import annotations

import time

import numpy as np
import pytest

from mmqa.training.scene_shapes import HOLLOW, SHAPES
from mmqa.training.scenes import COLOURS, SIDE, Ground, Scene, Shape, Style, contrast, draw

WHITE = Ground(((255, 255, 255),))

INKED = {"ring": (0.8, 0.0), "crescent": (-0.7, 0.0)}
"""A point of the shape in units of its radius, where the centre is none."""


def scene(*shapes: Shape, ground: Ground = WHITE, side: int = SIDE) -> Scene:
    return Scene(shapes, ground, side)


@pytest.mark.parametrize("name", SHAPES)
@pytest.mark.parametrize("side", [SIDE, 64])
def test_the_colour_is_where_the_record_says(name: str, side: int) -> None:
    shape = Shape("red", name, 0.25, 0.7, 0.15, (220, 30, 35))
    pixels = draw(scene(shape, side=side)).pixels
    u, v = INKED.get(name, (0.0, 0.0))
    x, y = (int(side * (at + 0.15 * by)) for at, by in ((0.25, u), (0.7, v)))
    assert tuple(pixels[y, x]) == (220, 30, 35)
    inked = np.argwhere((pixels != 255).any(axis=2)) / side
    assert inked[:, 0].min() >= 0.7 - 0.16
    assert inked[:, 0].max() <= 0.7 + 0.16
    assert inked[:, 1].min() >= 0.25 - 0.16
    assert inked[:, 1].max() <= 0.25 + 0.16


def test_a_ring_has_a_hole_and_a_disc_has_none() -> None:
    ring = draw(scene(Shape("blue", "ring", 0.5, 0.5, 0.2, (0, 0, 255)))).pixels
    disc = draw(scene(Shape("blue", "circle", 0.5, 0.5, 0.2, (0, 0, 255)))).pixels
    assert tuple(ring[130, 130]) == (255, 255, 255)
    assert tuple(disc[130, 130]) == (0, 0, 255)


@pytest.mark.parametrize("name", sorted(HOLLOW))
def test_a_hollow_shape_shows_the_ground_within(name: str) -> None:
    shape = Shape("red", name, 0.5, 0.5, 0.2, (220, 30, 35), style="hollow")
    pixels = draw(scene(shape)).pixels
    assert tuple(pixels[130, 130]) == (255, 255, 255)
    assert (pixels == (220, 30, 35)).all(axis=2).sum() > 500


def test_an_edge_is_darker_than_what_it_goes_round() -> None:
    edged: Style = "edged"
    shape = Shape("red", "square", 0.5, 0.5, 0.2, (200, 100, 50), style=edged)
    pixels = draw(scene(shape)).pixels
    assert tuple(pixels[130, 130]) == (200, 100, 50)
    assert (pixels == (136, 68, 34)).all(axis=2).any()


def test_edges_are_smooth_but_where_it_is_drawn_as_easy_vqa_does() -> None:
    shape = Shape("black", "circle", 0.5, 0.5, 0.2, (0, 0, 0))
    assert len(np.unique(draw(scene(shape)).pixels)) > 2
    assert set(np.unique(draw(scene(shape, side=64)).pixels)) == {0, 255}


def test_a_gradient_runs_from_the_first_tone_to_the_last() -> None:
    ground = Ground(((0, 0, 0), (200, 100, 50)), angle=0.0)
    pixels = draw(scene(ground=ground)).pixels
    assert tuple(pixels[0, 0]) == (0, 0, 0)
    assert tuple(pixels[-1, 0]) == (200, 100, 50)
    assert (np.diff(pixels[:, 0, 0].astype(int)) >= 0).all()


def test_noise_and_texture_are_faint_and_the_same_for_the_same_scene() -> None:
    ground = Ground(((128, 128, 128),), noise=7.0, cloud=10.0, seed=5)
    rough = Scene((), ground, blur=0.9, quality=80)
    pixels = draw(rough).pixels
    assert (pixels == draw(rough).pixels).all()
    assert 3 < pixels.std() < 15
    assert pixels.shape == (SIDE, SIDE, 3)
    assert pixels.dtype == np.uint8


def test_colours_of_different_names_are_further_apart_than_jitter() -> None:
    names = list(COLOURS)
    nearest = min(
        contrast(one, other)
        for i, first in enumerate(names)
        for second in names[i + 1 :]
        for one in COLOURS[first]
        for other in COLOURS[second]
    )
    # yellow and orange, teal and green come nearest; a tone is moved by 6 a channel at most
    assert nearest > 60
    assert contrast((0, 0, 0), (6, 6, 6)) < 20


def test_hundreds_of_pictures_a_second() -> None:
    from mmqa.training.scene_questions import examples

    drawn = [e.pictures[0] for e in examples("train", 60)]
    begun = time.process_time()
    for picture in drawn:
        picture()
    # 350 a second and core where nothing else runs; the bound only guards against a blunder
    assert 60 / (time.process_time() - begun) > 60
