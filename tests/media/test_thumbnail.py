"""Thumbnails: small, in proportion, whole or not at all."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mmqa.media.thumbnail import SIDE, write_thumbnail
from mmqa.records import Picture


def test_a_thumbnail_keeps_proportions_and_colours(tmp_path: Path) -> None:
    pixels = np.full((400, 800, 3), (200, 30, 30), np.uint8)
    write_thumbnail(Picture(pixels), tmp_path / "thumbs" / "a.jpg")
    with Image.open(tmp_path / "thumbs" / "a.jpg") as image:
        assert (image.format, image.size) == ("JPEG", (SIDE, SIDE // 2))
        assert np.abs(np.asarray(image)[60, 60].astype(int) - (200, 30, 30)).max() < 8
    assert [p.name for p in (tmp_path / "thumbs").iterdir()] == ["a.jpg"]


def test_small_pictures_are_not_enlarged(tmp_path: Path) -> None:
    write_thumbnail(Picture(np.zeros((10, 20, 3), np.uint8)), tmp_path / "a.jpg")
    with Image.open(tmp_path / "a.jpg") as image:
        assert image.size == (20, 10)


def test_a_failed_write_leaves_what_was_there(tmp_path: Path) -> None:
    write_thumbnail(Picture(np.zeros((10, 20, 3), np.uint8)), tmp_path / "a.jpg")
    before = (tmp_path / "a.jpg").read_bytes()
    with pytest.raises(ValueError, match=r".*"):
        write_thumbnail(Picture(np.zeros((0, 20, 3), np.uint8)), tmp_path / "a.jpg")
    assert (tmp_path / "a.jpg").read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["a.jpg"]
