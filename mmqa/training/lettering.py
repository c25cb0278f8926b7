"""Words set on grounds and signs: in which colours, how large, where and how tilted.

Knows: how lines become a picture. Refuses to know: which words, and what is asked about them.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw

from mmqa.records import Picture
from mmqa.training.typefaces import TYPEFACES, Typeface, font

COLOURS: dict[str, tuple[int, int, int]] = {
    "black": (15, 15, 15),
    "white": (250, 250, 250),
    "red": (205, 25, 25),
    "blue": (25, 60, 200),
    "green": (20, 130, 40),
    "yellow": (250, 215, 20),
    "orange": (240, 130, 10),
    "purple": (120, 35, 150),
    "brown": (115, 65, 25),
    "pink": (245, 130, 180),
    "gray": (125, 125, 125),
}
"""Inks by name."""

_GROUNDS = ("plain", "sign", "label", "board")
_CONTRAST = 110.0  # of luma, 0–255: what is written must stand out


@dataclass(frozen=True, slots=True)
class Written:
    """What stands in a picture and how.

    Attributes:
        lines: One or more lines of one or more words.
        ink: Name of a colour.
        paper: RGB of what is written on.
        wall: RGB of what lies around it; the same as ``paper`` for a plain ground.
        ground: ``plain``, ``sign``, ``label`` (rounded, with an edge) or ``board`` (wide).
        typeface: How it is written.
        size: Of the letters, pixels.
        place: Where the middle stands, shares of width and height.
        tilt: Degrees.
    """

    lines: tuple[str, ...]
    ink: str
    paper: tuple[int, int, int]
    wall: tuple[int, int, int]
    ground: str
    typeface: Typeface
    size: int
    place: tuple[float, float]
    tilt: float

    @property
    def text(self) -> str:
        """One line a line, as OCR would give it."""
        return "\n".join(self.lines)


def write(lines: tuple[str, ...], rng: random.Random) -> Written:
    """Choose how lines are written."""
    ink = rng.choice(tuple(COLOURS))
    paper = _paper(COLOURS[ink], rng)
    ground = rng.choice(_GROUNDS)
    wall = paper if ground == "plain" else _any(rng)
    return Written(
        lines=lines,
        ink=ink,
        paper=paper,
        wall=wall,
        ground=ground,
        typeface=rng.choice(TYPEFACES),
        size=rng.choice((28, 34, 40, 48, 60)),
        place=(rng.uniform(0.4, 0.6), rng.uniform(0.35, 0.65)),
        tilt=rng.choice((0.0, 0.0, rng.uniform(-5, 5))),
    )


def draw(written: Written) -> Picture:
    """The picture, 384 × 288; letters shrink where a line would not fit."""
    width, height = 384, 288
    sheet = Image.new("RGB", (width, height), written.wall)
    plate = _plate(written, (int(width * 0.94), int(height * 0.9)))
    turned = plate.rotate(written.tilt, Image.Resampling.BICUBIC, expand=True)
    left = round(written.place[0] * width - turned.width / 2)
    top = round(written.place[1] * height - turned.height / 2)
    left = min(max(left, 0), max(width - turned.width, 0))
    top = min(max(top, 0), max(height - turned.height, 0))
    sheet.paste(turned, (left, top), turned.getchannel("A"))
    return Picture(np.asarray(sheet, dtype=np.uint8))


def _plate(written: Written, most: tuple[int, int]) -> Image.Image:
    """What is written on, with the words, RGBA; no larger than ``most``."""
    size = written.size
    while True:
        edge = size // 2
        letters = font(written.typeface, size)
        widths = [letters.getlength(line) for line in written.lines]
        step = round(size * 1.25)
        width = round(max(widths)) + 2 * edge
        height = step * len(widths) + edge
        if (width <= most[0] and height <= most[1]) or size <= 12:
            break
        size -= 2
    if written.ground == "board":
        width = most[0]
    plate = Image.new("RGBA", (width, height), (*written.paper, 0))
    pen = ImageDraw.Draw(plate)
    _back(pen, written, plate.size)
    for row, line in enumerate(written.lines):
        middle = (width / 2, edge / 2 + (row + 0.5) * step)
        pen.text(middle, line, font=letters, fill=COLOURS[written.ink], anchor="mm")
    return plate


def _back(pen: ImageDraw.ImageDraw, written: Written, size: tuple[int, int]) -> None:
    box = (0, 0, size[0] - 1, size[1] - 1)
    if written.ground == "sign":
        pen.rectangle(box, fill=written.paper, outline=COLOURS[written.ink], width=3)
    elif written.ground == "label":
        pen.rounded_rectangle(box, size[1] // 5, fill=written.paper)
    else:
        pen.rectangle(box, fill=written.paper)


def _paper(ink: tuple[int, int, int], rng: random.Random) -> tuple[int, int, int]:
    """A ground that the ink stands out from."""
    while True:
        paper = _any(rng)
        if abs(_luma(paper) - _luma(ink)) >= _CONTRAST:
            return paper


def _any(rng: random.Random) -> tuple[int, int, int]:
    if rng.random() < 0.4:
        light = rng.randint(225, 255)
        return light, light, light
    return rng.randint(0, 255), rng.randint(0, 255), rng.randint(0, 255)


def _luma(rgb: tuple[int, int, int]) -> float:
    return 0.299 * rgb[0] + 0.587 * rgb[1] + 0.114 * rgb[2]
