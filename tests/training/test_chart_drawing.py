"""Charts worked by hand: bars as high as their values, slices as wide, words that can be read."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from mmqa.training.chart_drawing import Chart, ChartKind, draw, middles
from mmqa.training.scenes import Rgb

RED: Rgb = (220, 30, 35)
BLUE: Rgb = (30, 70, 210)
PLAIN = ("", "")


def chart(kind: ChartKind, **more: object) -> Chart:
    given = {"title": "", "labels": PLAIN, "values": (1.0, 0.5), "colours": ("red", "blue")}
    return Chart(kind, **{**given, "tones": (RED, BLUE), **more})  # type: ignore[arg-type]


def extent(made: Chart, tone: Rgb) -> tuple[int, int]:
    """Height and width in pixels of all that is drawn in a tone."""
    rows, columns = np.nonzero((draw(made).pixels == tone).all(axis=2))
    return int(np.ptp(rows)) + 1, int(np.ptp(columns)) + 1


def share(made: Chart, tone: Rgb) -> float:
    return float((draw(made).pixels == tone).all(axis=2).mean())


def test_bars_stand_as_high_as_their_values() -> None:
    (tall, width), (short, other) = (extent(chart("bar"), tone) for tone in (RED, BLUE))
    assert tall / short == pytest.approx(2.0, rel=0.03)
    assert abs(width - other) <= 1


def test_rows_lie_as_long_as_their_values() -> None:
    (height, long), (other, short) = (extent(chart("row"), tone) for tone in (RED, BLUE))
    assert long / short == pytest.approx(2.0, rel=0.03)
    assert abs(height - other) <= 1


def test_slices_are_as_large_as_their_shares() -> None:
    pie = chart("pie", values=(3.0, 1.0), start=20.0)
    assert share(pie, RED) / share(pie, BLUE) == pytest.approx(3.0, rel=0.06)


def test_a_slice_lies_where_its_middle_is_said_to_be() -> None:
    pie = chart("pie", values=(3.0, 1.0), start=45.0)
    assert middles(pie) == [45 + 135, 45 + 270 + 45]
    pixels = draw(pie).pixels
    # 180° is below the centre, 360° above it
    assert tuple(pixels[200, 130]) == RED
    assert tuple(pixels[60, 130]) == BLUE


def test_a_line_rises_from_left_to_right_as_its_values_do() -> None:
    line = chart("line", values=(0.2, 1.0), colours=("red",), tones=(RED,), width=0.5)
    pixels = draw(line).pixels
    rows, columns = np.nonzero((pixels == RED).all(axis=2))
    assert np.corrcoef(rows, columns)[0, 1] < -0.99


def test_title_and_labels_are_written_and_nothing_where_there_are_none() -> None:
    def inked(made: Chart) -> NDArray[np.bool_]:
        return np.asarray((draw(made).pixels != 255).any(axis=2))

    bare, worded = chart("bar"), chart("bar", title="Sales", labels=("A", "B"))
    assert not inked(bare)[:20].any()
    assert inked(worded)[:26].any()
    assert not inked(bare)[-14:].any()
    assert inked(worded)[-25:].any()


def test_the_same_chart_gives_the_same_pixels_260_a_side() -> None:
    made = chart("pie", title="Sales", grid=True)
    assert draw(made).pixels.shape == (260, 260, 3)
    assert np.array_equal(draw(made).pixels, draw(made).pixels)
