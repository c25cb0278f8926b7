"""Pictures as ``data:`` addresses, as OpenAI-compatible servers take them.

Knows: how large a picture may be, and which shapes vision-language models refuse. Refuses to know:
where in the prompt it stands.
"""

from __future__ import annotations

import base64
import io
import math
from typing import TYPE_CHECKING

from mmqa.records import Picture

if TYPE_CHECKING:
    from PIL import Image

MOST_OBLONG = 50
"""Longer side to shorter; more is padded. Qwen's processors refuse 200 and more, and others make a
row of empty tiles of it."""
SMALLEST_SIDE = 32
"""One patch of the largest patches in use; smaller pictures are enlarged."""
LARGEST_PNG_BYTES = 400_000
"""Drawings, charts and screenshots stay below it and are sent without loss, so that small print
stays readable; photographs are sent as JPEG."""
_JPEG_QUALITY = 92


def data_url(picture: Picture, most_pixels: int) -> str:
    """``picture`` as ``data:image/png;base64,…``, or JPEG where PNG would be large.

    Args:
        picture: Of any size from 1 × 1.
        most_pixels: It is sent with at most so many, from 1,024.
    """
    from PIL import Image

    image = _fitted(Image.fromarray(picture.pixels), max(most_pixels, SMALLEST_SIDE**2))
    data, kind = _encoded(image, "PNG"), "png"
    if len(data) > LARGEST_PNG_BYTES:
        data, kind = _encoded(image, "JPEG"), "jpeg"
    return f"data:image/{kind};base64,{base64.b64encode(data).decode('ascii')}"


def sent_size(size: tuple[int, int], most_pixels: int) -> tuple[int, int]:
    """Width and height of a picture as sent, without what it is padded with.

    >>> sent_size((4000, 3000), 1_000_000)
    (1154, 866)
    >>> sent_size((1, 1), 1_000_000)
    (32, 32)
    """
    width, height = size
    scale = min(1.0, math.sqrt(most_pixels / (width * height)))
    # what is padded must fit the budget as well: longest · (longest / MOST_OBLONG + 1)
    longest = math.sqrt(MOST_OBLONG * most_pixels + MOST_OBLONG**2 / 4) - MOST_OBLONG / 2
    scale = min(scale, longest / max(width, height))
    if max(width, height) * scale < SMALLEST_SIDE:
        scale = SMALLEST_SIDE / max(width, height)
    return max(1, int(width * scale)), max(1, int(height * scale))


def _fitted(image: Image.Image, most_pixels: int) -> Image.Image:
    """Within the budget, and padded with white where it is too oblong or too thin."""
    from PIL import Image

    size = sent_size(image.size, most_pixels)
    if size != image.size:
        image = image.resize(size, Image.Resampling.LANCZOS)
    least = max(SMALLEST_SIDE, math.ceil(max(size) / MOST_OBLONG))
    if min(size) >= least:
        return image
    sheet = Image.new("RGB", (max(size[0], least), max(size[1], least)), "white")
    sheet.paste(image, ((sheet.width - size[0]) // 2, (sheet.height - size[1]) // 2))
    return sheet


def _encoded(image: Image.Image, kind: str) -> bytes:
    file = io.BytesIO()
    if kind == "PNG":
        image.save(file, "PNG", compress_level=4)
    else:
        image.save(file, "JPEG", quality=_JPEG_QUALITY, subsampling=0)
    return file.getvalue()
