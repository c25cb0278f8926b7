"""Pictures as they are sent: within the budget, in a shape that models take, readable again."""

from __future__ import annotations

import base64
import io

import numpy as np
import pytest
from PIL import Image

from mmqa.records import Picture
from mmqa.vlm.served_pictures import data_url
from mmqa.vlm.shown import MOST_OBLONG


def sent(picture: Picture, pixels: int = 1_000_000) -> tuple[str, Image.Image]:
    head, _, data = data_url(picture, pixels).partition(";base64,")
    image = Image.open(io.BytesIO(base64.b64decode(data)))
    image.load()
    return head, image


def flat(height: int, width: int, colour: tuple[int, int, int] = (200, 30, 60)) -> Picture:
    return Picture(np.full((height, width, 3), colour, np.uint8))


def test_a_drawing_is_sent_without_loss() -> None:
    head, image = sent(flat(60, 80))
    assert head == "data:image/png"
    assert image.size == (80, 60)
    assert image.getpixel((5, 5)) == (200, 30, 60)


def test_a_photograph_is_sent_as_jpeg_and_looks_the_same() -> None:
    rng = np.random.default_rng(0)
    rough = rng.integers(0, 255, (50, 60, 3), dtype=np.uint8)
    large = np.asarray(Image.fromarray(rough).resize((800, 600), Image.Resampling.BICUBIC))
    noisy = np.clip(large + rng.normal(0, 8, large.shape), 0, 255).astype(np.uint8)
    head, image = sent(Picture(noisy))
    assert head == "data:image/jpeg"
    error = np.asarray(image).astype(float) - noisy
    assert np.sqrt((error**2).mean()) < 7  # of 255


def test_a_large_picture_is_shrunk_to_the_budget_and_keeps_its_shape() -> None:
    _, image = sent(flat(3000, 4000), 300_000)
    assert 290_000 < image.width * image.height <= 300_000
    assert image.width / image.height == pytest.approx(4 / 3, rel=0.01)


@pytest.mark.parametrize(
    ("height", "width"),
    [(1, 1), (1, 30), (10, 30_000), (30_000, 10), (1, 1_000_000), (33, 32), (7, 2000)],
)
def test_any_shape_is_sent_in_one_that_models_take(height: int, width: int) -> None:
    _, image = sent(flat(height, width))
    assert image.width * image.height <= 1_000_000
    assert min(image.size) >= 32
    assert max(image.size) / min(image.size) <= MOST_OBLONG
    assert (200, 30, 60) in image.convert("RGB").get_flattened_data()  # it is still there
