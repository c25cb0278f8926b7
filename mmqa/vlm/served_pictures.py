"""Pictures as ``data:`` addresses, as OpenAI-compatible servers take them.

Knows: when a picture is sent without loss. Refuses to know: how large it may be and in which shape
(``shown`` does), and where in the prompt it stands.
"""

from __future__ import annotations

import base64
import io
from typing import TYPE_CHECKING

from mmqa.records import Picture
from mmqa.vlm.shown import shown

if TYPE_CHECKING:
    from PIL import Image

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
    image = shown(picture, most_pixels)
    data, kind = _encoded(image, "PNG"), "png"
    if len(data) > LARGEST_PNG_BYTES:
        data, kind = _encoded(image, "JPEG"), "jpeg"
    return f"data:image/{kind};base64,{base64.b64encode(data).decode('ascii')}"


def _encoded(image: Image.Image, kind: str) -> bytes:
    file = io.BytesIO()
    if kind == "PNG":
        image.save(file, "PNG", compress_level=4)
    else:
        image.save(file, "JPEG", quality=_JPEG_QUALITY, subsampling=0)
    return file.getvalue()
