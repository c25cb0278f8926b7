"""Pictures → small JPEG files for cards and lists.

Knows: how small, and how to leave no half-written file. Refuses to know: where thumbnails live.
"""

from __future__ import annotations

import os
from pathlib import Path
from threading import get_ident

from PIL import Image

from mmqa.records import Picture

SIDE = 256
"""Longest side, pixels: sharp on a card, about 10 kB."""

_QUALITY = 80


def write_thumbnail(picture: Picture, path: Path) -> None:
    """Write a small JPEG to ``path``, whole or not at all; an existing one is replaced.

    Not synced to disk, which would take longer than the rest: a thumbnail is derived data, and one
    lost with the power is drawn again.

    Raises:
        OSError: The folder cannot be written.
    """
    image = Image.fromarray(picture.pixels)
    image.thumbnail((SIDE, SIDE), Image.Resampling.BILINEAR, reducing_gap=1.0)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}-{get_ident()}.tmp")
    try:
        image.save(temporary, "JPEG", quality=_QUALITY)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
