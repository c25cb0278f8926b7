"""Pictures as they come back from the world: cut, sent on, darkened, shaken, turned.

Knows: one function for each change, with the unit and range of its one number. Refuses to know: how
strong a change should be (``augment`` does), and what the picture shows.

Every function gives a new :class:`~mmqa.records.Picture` and leaves the old one as it is. A number
that changes nothing (a factor of 1, an angle of 0) gives the pixels back as they were.
"""

from __future__ import annotations

import io
import re

import numpy as np
from PIL import Image, ImageFilter

from mmqa.records import Floats, Picture

SMALLEST_SIDE = 16
"""Pixels; no change makes a side shorter than that."""

_DIRECTED = re.compile(
    r"\b(?:left|right|clockwise|anticlockwise|counterclockwise|east|west|letters?|numbers?|"
    r"digits?|words?|text|sign|says?|reads?|written|writing|clock|map|flag)\b|[左右东西字写钟]",
    re.IGNORECASE,
)


def crop(picture: Picture, rng: np.random.Generator, keep: float) -> Picture:
    """A window of ``keep`` × the width and ``keep`` × the height, at a place drawn from ``rng``.

    Args:
        picture: Any size.
        rng: Draws where the window lies.
        keep: Share of each side, 0 < keep ≤ 1 (of the area: its square). Random crops as in
            Krizhevsky et al. 2012, §4.1.
    """
    height, width = picture.pixels.shape[:2]
    rows, columns = _side(height, keep), _side(width, keep)
    top = int(rng.integers(0, height - rows + 1))
    left = int(rng.integers(0, width - columns + 1))
    return Picture(picture.pixels[top : top + rows, left : left + columns].copy(), picture.page)


def flip(picture: Picture) -> Picture:
    """Left and right exchanged; see :func:`may_be_mirrored` for when a caption survives it."""
    return Picture(picture.pixels[:, ::-1].copy(), picture.page)


def may_be_mirrored(caption: str) -> bool:
    """Whether a caption says nothing that a mirror makes untrue: no side, no writing, no dial.

    >>> may_be_mirrored("two dogs on a beach"), may_be_mirrored("an arrow to the left")
    (True, False)
    """
    return _DIRECTED.search(caption) is None


def recompress(picture: Picture, quality: float) -> Picture:
    """Saved as JPEG and read again.

    Args:
        picture: Any size.
        quality: 1–95 as libjpeg counts (Annex K tables, scaled); messengers save at 50 to 80.
    """
    written = io.BytesIO()
    Image.fromarray(picture.pixels).save(written, "JPEG", quality=round(quality))
    written.seek(0)
    with Image.open(written) as image:
        return _picture(image.convert("RGB"), picture)


def brighten(picture: Picture, factor: float) -> Picture:
    """Every level times ``factor``: below 1 darker, above 1 brighter; clipped at 255."""
    return _from_levels(picture.pixels.astype(np.float32) * np.float32(factor), picture)


def blur(picture: Picture, share: float) -> Picture:
    """Out of focus: a Gaussian of standard deviation ``share`` × the shorter side.

    Args:
        picture: Any size.
        share: 0–0.1; at 0.01 edges look soft at viewing size (see ``quality.BLURRED_SHARPNESS``).
    """
    image = Image.fromarray(picture.pixels)
    return _picture(image.filter(ImageFilter.GaussianBlur(share * min(image.size))), picture)


def add_noise(picture: Picture, rng: np.random.Generator, deviation: float) -> Picture:
    """Sensor noise: independent normal values on every channel.

    Args:
        picture: Any size.
        rng: Draws the noise.
        deviation: Standard deviation in levels, 0–255; a phone by candle-light shows 5 to 15.
    """
    noise = rng.standard_normal(picture.pixels.shape, dtype=np.float32) * np.float32(deviation)
    return _from_levels(picture.pixels.astype(np.float32) + noise, picture)


def turn(picture: Picture, degrees: float) -> Picture:
    """Turned about its middle, anticlockwise; the corners take the mean colour of the border.

    Args:
        picture: Any size; the size stays.
        degrees: −180 to 180; photographs taken by hand are mostly within 5.
    """
    border = np.concatenate([picture.pixels[[0, -1]].reshape(-1, 3), _columns(picture)])
    red, green, blue = (round(float(level)) for level in border.mean(axis=0))
    image = Image.fromarray(picture.pixels)
    turned = image.rotate(degrees, Image.Resampling.BICUBIC, fillcolor=(red, green, blue))
    return _picture(turned, picture)


def grey(picture: Picture) -> Picture:
    """Without colour: luma of ITU-R BT.601, three times."""
    luma = np.asarray(Image.fromarray(picture.pixels).convert("L"))
    return Picture(np.repeat(luma[:, :, None], 3, axis=2), picture.page)


def resize(picture: Picture, factor: float) -> Picture:
    """Both sides times ``factor``, bilinear, as thumbnails and previews are made."""
    height, width = picture.pixels.shape[:2]
    size = (_side(width, factor), _side(height, factor))
    image = Image.fromarray(picture.pixels)
    return _picture(image.resize(size, Image.Resampling.BILINEAR), picture)


def _columns(picture: Picture) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    return picture.pixels[:, [0, -1]].reshape(-1, 3)


def _side(length: int, factor: float) -> int:
    """A side after scaling, never below :data:`SMALLEST_SIDE` unless it was."""
    return max(min(length, SMALLEST_SIDE), round(length * factor))


def _from_levels(levels: Floats, picture: Picture) -> Picture:
    return Picture(np.rint(levels).clip(0, 255).astype(np.uint8), picture.page)


def _picture(image: Image.Image, picture: Picture) -> Picture:
    """The changed pixels; the hash of the old ones is no longer theirs."""
    return Picture(np.asarray(image), picture.page)
