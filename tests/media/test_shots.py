"""Shots: where a film is cut, what is no cut, and that no film makes too many."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from mmqa.media.shots import DOUBLED_AT, LOOKS_PER_S, Found, Look, Shots
from mmqa.records import Pixels

STEP_S = 1 / LOOKS_PER_S


def noise(seed: int, level: int = 128) -> Pixels:
    """A picture that is like no other: patches of random grey."""
    rng = np.random.default_rng(seed)
    patches = rng.integers(max(0, level - 100), min(255, level + 100), (9, 16, 3), np.uint8)
    return np.asarray(Image.fromarray(patches).resize((256, 144), Image.Resampling.NEAREST))


def slide(*lines: str) -> Pixels:
    """Black on white."""
    image = Image.new("RGB", (1280, 720), "white")
    pen = ImageDraw.Draw(image)
    for n, line in enumerate(lines):
        pen.text((80, 60 + 90 * n), line, fill="black", font_size=64)
    return np.asarray(image.resize((256, 144), Image.Resampling.BOX))


def found(pictures: Iterable[tuple[Pixels, int]]) -> list[Found[int]]:
    """The shots of a film of pictures, each shown for so many looks; frames are look numbers."""
    shots: Shots[int] = Shots()
    seen: list[Found[int]] = []
    at = 0
    for picture, looks in pictures:
        for _ in range(looks):
            seen += shots.see(Look(at * STEP_S, picture, at))
            at += 1
    return [*seen, *shots.end(at * STEP_S)]


def times(shots: list[Found[int]]) -> list[tuple[float, float]]:
    return [(one.start_s, one.end_s) for one in shots]


def test_each_picture_that_is_shown_for_a_while_is_a_shot() -> None:
    cut = found([(noise(1), 16), (noise(2), 8), (noise(3), 24)])
    assert times(cut) == [(0.0, 2.0), (2.0, 3.0), (3.0, 6.0)]


def test_a_slide_that_changes_by_its_title_is_a_new_shot() -> None:
    cut = found([(slide("Budget 2031", "Roof repairs"), 16), (slide("Guests", "Roof repairs"), 16)])
    assert times(cut) == [(0.0, 2.0), (2.0, 4.0)]


def test_noise_and_a_pointer_that_moves_are_no_cut() -> None:
    rng = np.random.default_rng(0)
    page = slide("Budget 2031", "Roof repairs").astype(np.int16)

    def shown(n: int) -> Pixels:
        noisy = page + rng.integers(-3, 4, page.shape)
        noisy[40 + n : 46 + n, 100 + n : 104 + n] = 0
        return noisy.clip(0, 255).astype(np.uint8)

    assert times(found([(shown(n), 1) for n in range(40)])) == [(0.0, 5.0)]


def test_a_camera_that_pans_makes_one_shot() -> None:
    wide = np.asarray(
        Image.fromarray(noise(1)).resize((1024, 144)).filter(ImageFilter.GaussianBlur(6))
    )
    cut = found([(wide[:, 8 * n : 8 * n + 256], 1) for n in range(60)])
    assert times(cut) == [(0.0, 7.5)]


def test_a_flash_is_no_cut() -> None:
    white = np.full((144, 256, 3), 255, np.uint8)
    assert times(found([(noise(1), 16), (white, 1), (noise(1), 16)])) == [(0.0, 4.125)]


def test_a_slow_dissolve_ends_in_another_shot() -> None:
    before, after = noise(1).astype(np.float32), noise(2).astype(np.float32)
    mixed = [(before + (after - before) * n / 40).astype(np.uint8) for n in range(40)]
    cut = found([(noise(1), 16), *((one, 1) for one in mixed), (noise(2), 24)])
    assert len(cut) >= 2
    assert cut[-1].frame >= 16 + 30
    assert cut[0].frame < 16 + 10


def test_the_sharpest_look_stands_for_a_shot() -> None:
    blurred = np.asarray(Image.fromarray(noise(1)).filter(ImageFilter.GaussianBlur(1)))
    (one,) = found([(blurred, 8), (noise(1), 1), (blurred, 8)])
    assert (one.frame, one.frame_s) == (8, 1.0)


def test_black_between_shots_is_left_out_and_a_black_film_is_one_shot() -> None:
    black = np.zeros((144, 256, 3), np.uint8)
    assert times(found([(noise(1), 16), (black, 16), (noise(2), 16)])) == [(0.0, 2.0), (4.0, 6.0)]
    assert times(found([(black, 16)])) == [(0.0, 2.0)]


def test_one_frame_is_a_shot() -> None:
    assert times(found([(noise(1), 1)])) == [(0.0, STEP_S)]


def test_ten_thousand_tiny_shots_are_merged() -> None:
    pictures = [noise(seed) for seed in range(50)]
    cut = found((pictures[n % 50], 1) for n in range(10_000))
    whole_s = 10_000 * STEP_S
    # half a second each for the first 500, then a second, and so on: 250 + 500 + 500 s
    assert DOUBLED_AT <= len(cut) <= 2.5 * DOUBLED_AT + 1
    assert (cut[0].start_s, cut[-1].end_s) == (0.0, whole_s)
    assert all(a.end_s == b.start_s for a, b in pairwise(cut))
