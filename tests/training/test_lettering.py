"""Words set on grounds: where the ink stands, and that it can be seen."""

from __future__ import annotations

import random

import numpy as np
import pytest

from mmqa.training.lettering import COLOURS, Written, draw, write
from mmqa.training.typefaces import TYPEFACES


def written(*lines: str, ground: str = "plain", tilt: float = 0.0, size: int = 40) -> Written:
    paper, wall = (250, 250, 250), (200, 220, 240)
    return Written(lines, "red", paper, wall, ground, TYPEFACES[1], size, (0.5, 0.5), tilt)


@pytest.mark.parametrize("ground", ["plain", "sign", "label", "board"])
def test_the_ink_stands_in_the_picture_and_nowhere_but_near_its_middle(ground: str) -> None:
    pixels = draw(written("EXIT", ground=ground)).pixels.astype(int)
    ink = np.abs(pixels - np.array(COLOURS["red"])).sum(axis=2) < 30
    rows, columns = np.nonzero(ink)
    assert ink.sum() > 300
    assert 130 < columns.mean() < 254
    assert 100 < rows.mean() < 190


def test_long_lines_shrink_until_they_fit() -> None:
    pixels = draw(written("WWWWWWWWWWWW", size=60)).pixels.astype(int)
    ink = np.abs(pixels - np.array(COLOURS["red"])).sum(axis=2) < 30
    columns = np.nonzero(ink)[1]
    assert columns.min() > 0
    assert columns.max() < pixels.shape[1] - 1


def test_what_is_written_stands_out_from_its_ground() -> None:
    rng = random.Random(5)
    for _ in range(200):
        one = write(("A",), rng)
        ink, paper = (np.dot((0.299, 0.587, 0.114), rgb) for rgb in (COLOURS[one.ink], one.paper))
        assert abs(ink - paper) >= 110
