"""Geometry and levels by hand; the real encoder still takes a changed picture for its own."""

from __future__ import annotations

import numpy as np
import pytest

from mmqa.media import augment_pictures as pictures
from mmqa.records import Picture


def numbered(rows: int, columns: int) -> Picture:
    """Every pixel tells where it is: red its row, green its column."""
    pixels = np.zeros((rows, columns, 3), np.uint8)
    pixels[:, :, 0] = np.arange(rows)[:, None]
    pixels[:, :, 1] = np.arange(columns)[None, :]
    return Picture(pixels, page=3, perceptual_hash="00000000000000ff")


def test_a_crop_is_a_window_of_the_asked_size_and_holds_the_pixels_of_its_place() -> None:
    cut = pictures.crop(numbered(100, 200), np.random.default_rng(1), 0.9).pixels
    assert cut.shape == (90, 180, 3)
    top, left = cut[0, 0, :2]
    assert 0 <= top <= 10
    assert 0 <= left <= 20
    assert (cut == numbered(100, 200).pixels[top : top + 90, left : left + 180]).all()


def test_crops_fall_on_every_place_alike() -> None:
    rng = np.random.default_rng(0)
    tops = [int(pictures.crop(numbered(100, 100), rng, 0.9).pixels[0, 0, 0]) for _ in range(500)]
    assert set(tops) == set(range(11))


def test_a_mirror_exchanges_the_first_and_the_last_column() -> None:
    flipped = pictures.flip(numbered(4, 5)).pixels
    assert flipped[0, :, 1].tolist() == [4, 3, 2, 1, 0]
    assert (pictures.flip(Picture(flipped)).pixels == numbered(4, 5).pixels).all()


@pytest.mark.parametrize(
    ("caption", "survives"),
    [
        ("a dog in the snow", True),
        ("arrow pointing right", False),
        ("Bright red car", True),
        ("the letter B", False),
        ("a stop sign", False),
        ("左箭头", False),
        ("猫", True),
    ],
)
def test_a_caption_survives_a_mirror_unless_it_names_a_side_or_writing(
    caption: str, survives: bool
) -> None:
    assert pictures.may_be_mirrored(caption) is survives


@pytest.mark.parametrize(
    ("level", "factor", "wanted"), [(100, 0.7, 70), (100, 1.3, 130), (220, 1.3, 255)]
)
def test_brightness_multiplies_levels_and_stops_at_white(
    level: int, factor: float, wanted: int
) -> None:
    plain = Picture(np.full((8, 8, 3), level, np.uint8))
    assert (pictures.brighten(plain, factor).pixels == wanted).all()


def test_noise_has_the_asked_deviation() -> None:
    plain = Picture(np.full((200, 200, 3), 128, np.uint8))
    noisy = pictures.add_noise(plain, np.random.default_rng(5), 8)
    assert noisy.pixels.astype(float).std() == pytest.approx(8, abs=0.1)
    assert noisy.pixels.mean() == pytest.approx(128, abs=0.2)


def test_a_blurred_edge_is_as_wide_as_asked() -> None:
    """The step response of a Gaussian is its integral: 16 % to 84 % lie two deviations apart."""
    pixels = np.zeros((400, 400, 3), np.uint8)
    pixels[:, 200:] = 255
    row = pictures.blur(Picture(pixels), 0.02).pixels[200, :, 0].astype(float) / 255
    low, high = (np.interp(share, row, np.arange(400)) for share in (0.159, 0.841))
    assert high - low == pytest.approx(2 * 0.02 * 400, rel=0.05)


def test_a_quarter_turn_brings_the_right_edge_to_the_top() -> None:
    pixels = np.zeros((64, 64, 3), np.uint8)
    pixels[:, 56:] = 255
    turned = pictures.turn(Picture(pixels), 90).pixels
    assert turned[2, 32].tolist() == [255, 255, 255]
    assert turned[61, 32].tolist() == [0, 0, 0]


def test_a_small_turn_fills_the_corners_with_the_colour_of_the_border() -> None:
    pixels = np.full((64, 64, 3), (200, 100, 50), np.uint8)
    assert (pictures.turn(Picture(pixels), 20).pixels == (200, 100, 50)).all()


def test_grey_is_the_luma_of_bt_601() -> None:
    red = Picture(np.full((2, 2, 3), (255, 0, 0), np.uint8))
    assert (pictures.grey(red).pixels == round(0.299 * 255)).all()


def test_sizes_follow_the_factor_and_never_vanish() -> None:
    assert pictures.resize(numbered(100, 200), 0.5).pixels.shape == (50, 100, 3)
    assert pictures.resize(numbered(100, 200), 0.01).pixels.shape == (16, 16, 3)
    assert pictures.resize(numbered(4, 200), 0.5).pixels.shape == (4, 100, 3)


def test_a_lower_quality_is_further_from_the_original() -> None:
    rng = np.random.default_rng(0)
    smooth = np.add.outer(np.arange(64), np.arange(64))[:, :, None] + rng.integers(
        0, 60, (64, 64, 3)
    )
    picture = Picture(smooth.astype(np.uint8))
    errors = [
        np.abs(pictures.recompress(picture, q).pixels.astype(int) - picture.pixels).mean()
        for q in (95, 60, 20)
    ]
    assert errors[0] < errors[1] < errors[2]
    assert errors[0] > 0


def test_the_page_stays_and_the_hash_of_the_old_pixels_goes() -> None:
    changed = pictures.recompress(numbered(32, 32), 80)
    assert changed.page == 3
    assert changed.perceptual_hash == ""
