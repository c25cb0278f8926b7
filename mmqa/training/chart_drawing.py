"""Charts: bars, lines and pies, and their pictures.

Knows: what a chart holds and how it is drawn with a title and labels. Refuses to know: which charts
there are, and what is asked about them.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import accumulate
from math import cos, radians, sin
from typing import Literal, TypeAlias

import numpy as np
from PIL import Image, ImageDraw

from mmqa.records import Picture
from mmqa.training.scenes import SIDE, Rgb
from mmqa.training.typefaces import TYPEFACES, font

ChartKind: TypeAlias = Literal["bar", "row", "line", "pie"]
"""``row``: a bar chart whose bars lie."""

_FINE = 2
_TITLE = 30
_LABELS = 24
_MARGIN = 16


@dataclass(frozen=True, slots=True)
class Chart:
    """Everything that its picture shows.

    Attributes:
        kind: How the values are drawn.
        title: Stands above; empty for none.
        labels: One a value; below bars, beside rows, on slices; empty words for none.
        values: Above 0; a pie's slices are their shares.
        colours: Names of the colours; one a value, or one for a line.
        tones: What is drawn for each colour.
        ground: Behind everything.
        ink: Of words and axes.
        grid: Whether faint lines run behind bars and lines.
        width: Of bars as a share of their room; of a line in tenths of its 10 pixels.
        start: Degrees where a pie's first slice begins, 0 upwards, clockwise.
        dots: Whether a line's points are marked.
    """

    kind: ChartKind
    title: str
    labels: tuple[str, ...]
    values: tuple[float, ...]
    colours: tuple[str, ...]
    tones: tuple[Rgb, ...]
    ground: Rgb = (255, 255, 255)
    ink: Rgb = (40, 40, 40)
    grid: bool = False
    width: float = 0.7
    start: float = 0.0
    dots: bool = False


def draw(chart: Chart) -> Picture:
    """The picture of a chart, 260 pixels a side; the same chart gives the same pixels."""
    canvas = Image.new("RGB", (SIDE * _FINE,) * 2, chart.ground)
    pen = ImageDraw.Draw(canvas)
    if chart.title:
        _write(pen, (SIDE / 2, 16), chart.title, chart.ink, size=15)
    {"bar": _bars, "row": _rows, "line": _line, "pie": _pie}[chart.kind](pen, chart)
    return Picture(np.asarray(canvas.reduce(_FINE)))


def _write(
    pen: ImageDraw.ImageDraw,
    place: tuple[float, float],
    words: str,
    ink: Rgb,
    *,
    size: int = 11,
    anchor: str = "mm",
) -> None:
    where = (place[0] * _FINE, place[1] * _FINE)
    pen.text(where, words, fill=ink, font=font(TYPEFACES[0], size * _FINE), anchor=anchor)


def _box(pen: ImageDraw.ImageDraw, box: tuple[float, float, float, float], tone: Rgb) -> None:
    pen.rectangle([round(edge * _FINE) for edge in box], fill=tone)


def _frame(pen: ImageDraw.ImageDraw, chart: Chart, *, lying: bool) -> tuple[float, ...]:
    """Axes and faint lines; gives left, top, right and bottom of the room for values."""
    left = _MARGIN + (44 if lying and any(chart.labels) else 0)
    top = _MARGIN + (_TITLE - _MARGIN if chart.title else 0) + 4
    bottom = SIDE - _MARGIN - (0 if lying or not any(chart.labels) else _LABELS - _MARGIN + 4)
    right = SIDE - _MARGIN
    faint = _between(chart.ground, chart.ink, 0.18)
    for step in range(1, 5) if chart.grid else ():
        x, y = left + (right - left) * step / 4, bottom - (bottom - top) * step / 4
        _box(pen, (x, top, x + 0.5, bottom) if lying else (left, y, right, y + 0.5), faint)
    _box(pen, (left - 1.5, top, left, bottom), chart.ink)
    if not lying:
        _box(pen, (left - 1.5, bottom, right, bottom + 1.5), chart.ink)
    return left, top, right, bottom


def _between(one: Rgb, other: Rgb, share: float) -> Rgb:
    red, green, blue = (round(u + share * (v - u)) for u, v in zip(one, other, strict=True))
    return red, green, blue


def _bars(pen: ImageDraw.ImageDraw, chart: Chart) -> None:
    left, top, right, bottom = _frame(pen, chart, lying=False)
    room = (right - left) / len(chart.values)
    scale = (bottom - top) / max(chart.values)
    for place, value in enumerate(chart.values):
        middle = left + (place + 0.5) * room
        half = chart.width * room / 2
        _box(
            pen, (middle - half, bottom - scale * value, middle + half, bottom), chart.tones[place]
        )
        _write(pen, (middle, bottom + 11), chart.labels[place], chart.ink)


def _rows(pen: ImageDraw.ImageDraw, chart: Chart) -> None:
    left, top, right, bottom = _frame(pen, chart, lying=True)
    room = (bottom - top) / len(chart.values)
    scale = (right - left) / max(chart.values)
    for place, value in enumerate(chart.values):
        middle = top + (place + 0.5) * room
        half = chart.width * room / 2
        _box(pen, (left, middle - half, left + scale * value, middle + half), chart.tones[place])
        _write(pen, (left - 5, middle), chart.labels[place], chart.ink, anchor="rm")


def _line(pen: ImageDraw.ImageDraw, chart: Chart) -> None:
    left, top, right, bottom = _frame(pen, chart, lying=False)
    room = (right - left) / len(chart.values)
    scale = (bottom - top - 8) / max(chart.values)
    points = [
        (left + (place + 0.5) * room, bottom - scale * value)
        for place, value in enumerate(chart.values)
    ]
    fine = [(x * _FINE, y * _FINE) for x, y in points]
    width = round(10 * chart.width * _FINE)
    pen.line(fine, fill=chart.tones[0], width=width, joint="curve")
    for (x, y), label in zip(points, chart.labels, strict=True):
        if chart.dots:
            pen.circle((x * _FINE, y * _FINE), 1.1 * width, fill=chart.tones[0])
        _write(pen, (x, bottom + 11), label, chart.ink)


def _pie(pen: ImageDraw.ImageDraw, chart: Chart) -> None:
    middle = SIDE / 2 + (8 if chart.title else 0)
    reach = 98 if any(chart.labels) else 108
    box = [
        edge * _FINE
        for edge in (SIDE / 2 - reach, middle - reach, SIDE / 2 + reach, middle + reach)
    ]
    for angle, value, label, tone in zip(
        middles(chart), chart.values, chart.labels, chart.tones, strict=True
    ):
        span = 180 * value / sum(chart.values)
        pen.pieslice(
            box, angle - span - 90, angle + span - 90, fill=tone, outline=chart.ground, width=3
        )
        x, y = 0.68 * reach * sin(radians(angle)), -0.68 * reach * cos(radians(angle))
        _write(pen, (SIDE / 2 + x, middle + y), label, _readable(tone))


def middles(chart: Chart) -> list[float]:
    """Degrees in which the middle of each slice lies from a pie's centre; 0 upwards, clockwise."""
    ends = accumulate(chart.values, initial=0.0)
    return [
        chart.start + 360 * (begin + value / 2) / sum(chart.values)
        for begin, value in zip(ends, chart.values, strict=False)
    ]


def _readable(tone: Rgb) -> Rgb:
    """Black or white, whichever is seen on the tone (luma of ITU-R BT.601)."""
    luma = 0.299 * tone[0] + 0.587 * tone[1] + 0.114 * tone[2]
    return (20, 20, 20) if luma > 140 else (250, 250, 250)
