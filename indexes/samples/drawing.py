"""Brushes for the sample pictures: canvas, fonts, gradients, text that is placed and measured.

Knows: pixels and fonts. Refuses to know: what any sample shows.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont

Colour = tuple[int, int, int]
Point = tuple[float, float]

SCALE = 2
"""Everything is drawn this much larger and reduced at the end: smooth edges."""

DEJAVU = Path("/usr/share/fonts/truetype/dejavu")
NOTO_CJK = Path("/usr/share/fonts/opentype/noto")
FONTS = {
    "sans": DEJAVU / "DejaVuSans.ttf",
    "bold": DEJAVU / "DejaVuSans-Bold.ttf",
    "serif": DEJAVU / "DejaVuSerif-Bold.ttf",
    "mono": DEJAVU / "DejaVuSansMono.ttf",
    "chinese": NOTO_CJK / "NotoSansCJK-Bold.ttc",
}

WHITE: Colour = (255, 255, 255)
INK: Colour = (34, 40, 49)


def missing_fonts() -> list[Path]:
    """Fonts that are needed to make the samples and are not installed."""
    return [path for path in FONTS.values() if not path.exists()]


@lru_cache(maxsize=64)
def font(name: str, size: float) -> ImageFont.FreeTypeFont:
    """A font at ``size`` pixels of the finished picture."""
    return ImageFont.truetype(str(FONTS[name]), int(size * SCALE))


class Canvas:
    """A picture being drawn, in coordinates of the finished picture.

    Args:
        width: Finished width in pixels.
        height: Finished height in pixels.
        top: Colour at the top edge.
        bottom: Colour at the bottom edge, shaded in between; ``None`` means plain.
    """

    def __init__(self, width: int, height: int, top: Colour, bottom: Colour | None = None) -> None:
        self.width, self.height = width, height
        self.image = gradient((width * SCALE, height * SCALE), top, bottom or top)
        self.pen = ImageDraw.Draw(self.image)

    def polygon(self, points: Sequence[Point], fill: Colour) -> None:
        """A filled polygon."""
        self.pen.polygon([(x * SCALE, y * SCALE) for x, y in points], fill=fill)

    def line(self, points: Sequence[Point], fill: Colour, width: float) -> None:
        """A line with round joints and ends."""
        scaled = [(x * SCALE, y * SCALE) for x, y in points]
        self.pen.line(scaled, fill=fill, width=int(width * SCALE), joint="curve")
        for x, y in points:
            self.disc(x, y, width / 2, fill)

    def disc(self, x: float, y: float, radius: float, fill: Colour) -> None:
        """A filled circle."""
        self.oval(x - radius, y - radius, x + radius, y + radius, fill)

    def ring(self, x: float, y: float, radius: float, colour: Colour, width: float) -> None:
        """A circle's outline."""
        box = [v * SCALE for v in (x - radius, y - radius, x + radius, y + radius)]
        self.pen.ellipse(box, outline=colour, width=int(width * SCALE))

    def oval(self, x0: float, y0: float, x1: float, y1: float, fill: Colour) -> None:
        """A filled ellipse in a box."""
        self.pen.ellipse([v * SCALE for v in (x0, y0, x1, y1)], fill=fill)

    def pie(self, box: Sequence[float], start: float, end: float, fill: Colour) -> None:
        """A slice of an ellipse; angles in degrees, clockwise from three o'clock."""
        self.pen.pieslice([v * SCALE for v in box], start, end, fill=fill)

    def chord(self, box: Sequence[float], start: float, end: float, fill: Colour) -> None:
        """A segment of an ellipse, cut straight."""
        self.pen.chord([v * SCALE for v in box], start, end, fill=fill)

    def arc(
        self, box: Sequence[float], start: float, end: float, colour: Colour, width: float
    ) -> None:
        """A piece of an ellipse's outline."""
        scaled = [v * SCALE for v in box]
        self.pen.arc(scaled, start, end, fill=colour, width=int(width * SCALE))

    def box(
        self,
        corners: Sequence[float],
        fill: Colour,
        *,
        radius: float = 0,
        outline: Colour | None = None,
        width: float = 0,
    ) -> None:
        """A rectangle, with round corners and an edge where asked for."""
        self.pen.rounded_rectangle(
            [v * SCALE for v in corners],
            radius * SCALE,
            fill=fill,
            outline=outline,
            width=int(width * SCALE),
        )

    def shade(self, corners: Sequence[float], top: Colour, bottom: Colour) -> None:
        """A rectangle shaded from ``top`` to ``bottom``."""
        x0, y0, x1, y1 = (int(v * SCALE) for v in corners)
        self.image.paste(gradient((x1 - x0, y1 - y0), top, bottom), (x0, y0))

    def text(
        self,
        at: Point,
        words: str,
        size: float,
        *,
        colour: Colour = INK,
        face: str = "sans",
        anchor: str = "la",
    ) -> None:
        """One line of text; ``anchor`` as in Pillow (``la`` left top, ``ma`` centre top)."""
        x, y = at
        self.pen.text(
            (x * SCALE, y * SCALE), words, font=font(face, size), fill=colour, anchor=anchor
        )

    def shadow(self, corners: Sequence[float], radius: float = 12, strength: int = 90) -> None:
        """A soft shadow below a box that is about to be drawn."""
        mask = Image.new("L", self.image.size, 0)
        moved = [(v + 6) * SCALE for v in corners]
        ImageDraw.Draw(mask).rounded_rectangle(moved, radius * SCALE, fill=strength)
        blurred = mask.filter(ImageFilter.GaussianBlur(9 * SCALE))
        self.image.paste(Image.new("RGB", self.image.size, (0, 0, 0)), mask=blurred)

    def glow(self, x: float, y: float, radius: float, colour: Colour, strength: int = 150) -> None:
        """A soft light or highlight."""
        mask = Image.new("L", self.image.size, 0)
        box = [v * SCALE for v in (x - radius, y - radius, x + radius, y + radius)]
        ImageDraw.Draw(mask).ellipse(box, fill=strength)
        blurred = mask.filter(ImageFilter.GaussianBlur(radius * SCALE / 2.5))
        self.image.paste(Image.new("RGB", self.image.size, colour), mask=blurred)

    def finish(self, *, grain: float = 0.0, seed: int = 0) -> Image.Image:
        """The finished picture; ``grain`` adds the noise of a camera, in grey levels."""
        small = self.image.resize((self.width, self.height), Image.Resampling.LANCZOS)
        if not grain:
            return small
        noise = np.random.default_rng(seed).normal(0, grain, (self.height, self.width, 1))
        return Image.fromarray(
            np.clip(np.asarray(small, np.float32) + noise, 0, 255).astype(np.uint8)
        )


def gradient(size: tuple[int, int], top: Colour, bottom: Colour) -> Image.Image:
    """A vertical shading of (width, height) ``size``."""
    width, height = size
    steps = np.linspace(0, 1, height, dtype=np.float32)[:, None]
    rows = np.asarray(top, np.float32) * (1 - steps) + np.asarray(bottom, np.float32) * steps
    pixels = np.repeat(rows[:, None, :], width, axis=1)
    return Image.fromarray(pixels.round().astype(np.uint8))
