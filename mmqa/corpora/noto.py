"""Noto Color Emoji: the same things as OpenMoji, drawn by other hands.

Knows: the Debian package's font and how to draw one emoji with it. Refuses to know: names (they are
OpenMoji's), and what the drawings are used for.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from mmqa.corpora.fetch import fetch
from mmqa.interfaces import Progress
from mmqa.records import Pixels

FONT = "usr/share/fonts/truetype/noto/NotoColorEmoji.ttf"
SIZE = 109
"""The only size in which the font has bitmaps (136 × 128 pixels)."""

_CANVAS = (3 * 136, 160)


def font_file(folder: Path | None = None, *, progress: Progress | None = None) -> Path:
    """The font; fetched first where needed.

    Raises:
        CorpusError: The package cannot be fetched.
    """
    return fetch("noto", folder=folder, progress=progress) / FONT


def render(character: str, font: Path) -> Pixels | None:
    """Draw one emoji, as uint8 (160, 408, 4) with straight alpha.

    Returns:
        ``None`` where the font has no single picture for it: nothing is drawn, or a sequence falls
        apart into several.
    """
    canvas = Image.new("RGBA", _CANVAS, (255, 255, 255, 0))
    drawing = ImageDraw.Draw(canvas)
    typeface = _typeface(font)
    if typeface.getlength(character) > 1.2 * 136:
        return None
    drawing.text((8, 8), character, font=typeface, embedded_color=True)
    pixels = np.asarray(canvas, dtype=np.uint8)
    return pixels if pixels[..., 3].any() else None


@lru_cache(maxsize=1)
def _typeface(font: Path) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(str(font), SIZE)
