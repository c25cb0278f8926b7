"""A picture is shown within the budget, in a shape that models take, and is still there."""

from __future__ import annotations

import numpy as np
import pytest

from mmqa.records import Picture
from mmqa.vlm.shown import MOST_OBLONG, SMALLEST_SIDE, sheet_size, shown

RED = (200, 30, 60)


def flat(height: int, width: int) -> Picture:
    return Picture(np.full((height, width, 3), RED, np.uint8))


def test_a_picture_within_the_budget_is_shown_as_it_is() -> None:
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 255, (60, 80, 3), dtype=np.uint8)
    np.testing.assert_array_equal(np.asarray(shown(Picture(pixels), 10_000)), pixels)


def test_a_large_picture_is_shrunk_to_the_budget_and_keeps_its_shape() -> None:
    image = shown(flat(3000, 4000), 300_000)
    assert 290_000 < image.width * image.height <= 300_000
    assert image.width / image.height == pytest.approx(4 / 3, rel=0.01)


@pytest.mark.parametrize(
    ("height", "width"),
    [(1, 1), (1, 30), (10, 30_000), (30_000, 10), (1, 1_000_000), (33, 32), (3, 50)],
)
@pytest.mark.parametrize("most_pixels", [1, 2_000, 1_000_000])
def test_any_shape_is_shown_in_one_that_models_take(
    height: int, width: int, most_pixels: int
) -> None:
    picture = flat(height, width)
    image = shown(picture, most_pixels)
    assert image.size == sheet_size(picture.pixels.shape, most_pixels)
    assert image.width * image.height <= max(most_pixels, SMALLEST_SIDE**2 * MOST_OBLONG)
    assert min(image.size) >= SMALLEST_SIDE
    assert max(image.size) / min(image.size) <= MOST_OBLONG
    assert RED in image.get_flattened_data(), "it is still there, between what it is padded with"


def test_what_is_padded_is_padded_with_white_on_both_sides() -> None:
    pixels = np.asarray(shown(flat(8, 64), 1_000_000))
    assert pixels.shape == (32, 64, 3)
    assert (pixels[12:20] == RED).all()
    assert (pixels[:12] == 255).all() and (pixels[20:] == 255).all()
