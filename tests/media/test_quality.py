"""Flags against numbers worked by hand and against pictures made for them."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageFilter

from mmqa.media.images import small_grey
from mmqa.media.quality import (
    count_clipped,
    hash_distance,
    is_near_duplicate,
    is_silent,
    laplacian_variance,
    picture_flags,
)


def test_the_variance_of_the_laplacian_by_hand() -> None:
    """One bright pixel of 10 in the middle of 4 × 4: inner values −40, 10, 10, 0."""
    grey = np.zeros((4, 4), np.uint8)
    grey[1, 1] = 10
    expected = np.var([-40.0, 10.0, 10.0, 0.0])
    assert laplacian_variance(grey) == pytest.approx(expected)


def photograph(seed: int = 0) -> Image.Image:
    """Shapes with hard edges on a smooth ground."""
    random = np.random.default_rng(seed)
    pixels = np.tile(np.linspace(60, 120, 640, dtype=np.float32), (480, 1))
    for _ in range(40):
        y, x, h, w = random.integers(0, 400), random.integers(0, 560), *random.integers(10, 80, 2)
        pixels[y : y + h, x : x + w] = random.integers(0, 255)
    return Image.fromarray(pixels.astype(np.uint8))


def flags(image: Image.Image) -> tuple[str, ...]:
    return picture_flags(np.asarray(small_grey(image)), *image.size)


def test_blur_is_flagged_and_sharpness_and_plain_surfaces_are_not() -> None:
    sharp = photograph()
    assert flags(sharp) == ()
    assert flags(sharp.filter(ImageFilter.GaussianBlur(8))) == ("blurred",)
    assert flags(Image.new("L", (640, 480), 200)) == ()


def test_low_contrast_alone_is_no_blur() -> None:
    foggy = photograph().point([150 + level // 6 for level in range(256)])
    assert flags(foggy) == ()


def test_dark_and_tiny_pictures_are_flagged() -> None:
    assert flags(Image.new("L", (640, 480), 10)) == ("dark",)
    assert flags(Image.new("L", (32, 640), 200)) == ("tiny",)
    assert flags(Image.new("L", (1, 1), 200)) == ("tiny",)


def test_near_duplicates_by_hamming_distance() -> None:
    assert hash_distance("0" * 16, "f" * 16) == 64
    assert is_near_duplicate("0" * 16, "000000000000001f")
    assert not is_near_duplicate("0" * 16, "000000000000003f")
    assert not is_near_duplicate("", "")


def test_silence_is_measured_in_its_loudest_moment() -> None:
    samples = np.zeros(16_000, np.float32)
    assert is_silent(samples, 16_000)
    assert is_silent(samples + 5e-4, 16_000)
    samples[8_000:8_800] = 0.01
    assert not is_silent(samples, 16_000)
    assert is_silent(samples[:0], 16_000)


@pytest.mark.parametrize(
    ("values", "clipped"),
    [
        (np.array([32767, -32768, 32000, 0], np.int16), 2),
        (np.array([255, 0, 128, 2], np.uint8), 2),
        (np.array([2**31 - 1, -(2**31), 0], np.int32), 2),
        (np.array([1.0, -1.2, 0.5], np.float32), 2),
    ],
)
def test_samples_at_full_scale_are_counted_in_every_type(values: np.ndarray, clipped: int) -> None:
    assert count_clipped(values) == clipped
