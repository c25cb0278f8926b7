"""A picture as a language model is shown it: within a budget, in a shape that models take.

Knows: how large it may be, and which shapes processors refuse or waste memory on.
Refuses to know: models, and in which form the pixels reach one.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from mmqa.records import Picture

if TYPE_CHECKING:
    from PIL import Image

MOST_OBLONG = 50
"""Longer side to shorter; more is padded. Processors of Qwen refuse 200 and more; those that bring
the shorter side to a fixed length make a row of gigabytes of it."""

SMALLEST_SIDE = 32
"""One patch of the largest patches in use. Below, some processors also take a side for the colour
channels."""


def shown(picture: Picture, most_pixels: int) -> Image.Image:
    """The picture, RGB, with at most ``most_pixels``, padded with white where it is too oblong.

    Args:
        picture: Of any size from 1 × 1.
        most_pixels: From 1,024; less counts as that.
    """
    from PIL import Image

    image = Image.fromarray(picture.pixels)
    size = shown_size(image.size, most_pixels)
    if size != image.size:
        image = image.resize(size, Image.Resampling.LANCZOS)
    around = sheet_size(picture.pixels.shape, most_pixels)
    if around == size:
        return image
    sheet = Image.new("RGB", around, "white")
    sheet.paste(image, ((sheet.width - size[0]) // 2, (sheet.height - size[1]) // 2))
    return sheet


def shown_size(size: tuple[int, int], most_pixels: int) -> tuple[int, int]:
    """Width and height of a picture as it is shown, without padding; what is padded fits as well.

    >>> shown_size((4000, 3000), 1_000_000)
    (1154, 866)
    >>> shown_size((1, 1), 1_000_000)
    (32, 32)
    """
    width, height = size
    most_pixels = max(most_pixels, SMALLEST_SIDE**2)
    scale = min(1.0, math.sqrt(most_pixels / (width * height)))
    longest = MOST_OBLONG * math.isqrt(most_pixels // MOST_OBLONG)
    scale = min(scale, longest / max(width, height))
    if max(width, height) * scale < SMALLEST_SIDE:
        scale = SMALLEST_SIDE / max(width, height)
    return max(1, int(width * scale)), max(1, int(height * scale))


def sheet_size(shape: Sequence[int], most_pixels: int) -> tuple[int, int]:
    """Width and height of what :func:`shown` gives for pixels of a shape, padding included.

    >>> sheet_size((10, 30_000, 3), 1_000_000)
    (7050, 141)
    """
    size = shown_size((shape[1], shape[0]), most_pixels)
    least = max(SMALLEST_SIDE, math.ceil(max(size) / MOST_OBLONG))
    return max(size[0], least), max(size[1], least)
