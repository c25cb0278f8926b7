"""Drawings on white."""

from __future__ import annotations

import numpy as np

from mmqa.corpora.raster import on_white


def test_a_drawing_is_cropped_centred_and_given_a_margin() -> None:
    rgba = np.zeros((200, 300, 4), np.uint8)
    rgba[50:150, 20:70] = (10, 20, 30, 255)
    pixels = on_white(rgba).pixels
    assert pixels.shape == (116, 116, 3)
    dark = np.argwhere((pixels == (10, 20, 30)).all(axis=2))
    assert dark.min(axis=0).tolist() == [8, 33]
    assert dark.max(axis=0).tolist() == [107, 82]


def test_half_transparent_is_mixed_with_white() -> None:
    rgba = np.full((1, 1, 4), (0, 0, 0, 51), np.uint8)
    assert on_white(rgba).pixels[0, 0].tolist() == [204, 204, 204]


def test_nothing_visible_is_a_white_picture() -> None:
    assert (on_white(np.zeros((4, 4, 4), np.uint8)).pixels == 255).all()
