"""The bytes of a picture in a chat message → pixels.

Knows: how to make any picture upright, opaque and sRGB enough to be looked at. Refuses to know:
messages. Files that are added go through ``media.images``, which does more (profiles, cut-outs);
where a chat has that at hand, it is given instead.
"""

from __future__ import annotations

import io
import warnings
from typing import TYPE_CHECKING

import numpy as np

from mmqa.errors import UsageError
from mmqa.records import Picture

if TYPE_CHECKING:
    from PIL import Image

MOST_PIXELS = 100_000_000
"""As ``max_pixels`` of the configuration; checked in the header, before a pixel is decoded."""


def decoded(data: bytes) -> Picture:
    """The picture in ``data``; of an animation the first frame.

    Raises:
        UsageError: It is no picture, damaged, or too large.
    """
    from PIL import Image

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # our limit counts
            with Image.open(io.BytesIO(data)) as image:
                if image.width * image.height > MOST_PIXELS:
                    raise _refused(f"has {image.width * image.height:,} pixels")
                return Picture(np.asarray(_plain(image)))
    except UsageError:
        raise
    except Exception as error:  # decoders answer damaged bytes with errors of any type
        raise _refused(f"cannot be read: {error}") from error


def _refused(why: str) -> UsageError:
    return UsageError(
        f"a picture in a message {why}",
        f"Give a PNG, JPEG or WebP of at most {MOST_PIXELS:,} pixels.",
    )


def _plain(image: Image.Image) -> Image.Image:
    """Upright, 8 bits, RGB; what can be seen through lies on white."""
    from PIL import Image, ImageOps

    image = ImageOps.exif_transpose(image)
    if image.has_transparency_data:
        image = image.convert("RGBA")
        sheet = Image.new("RGB", image.size, "white")
        sheet.paste(image, mask=image.getchannel("A"))
        return sheet
    if image.mode.startswith(("I", "F")):
        return _eight_bit(image).convert("RGB")
    return image.convert("RGB")


def _eight_bit(image: Image.Image) -> Image.Image:
    """Grey of 16 bits keeps its scale; other wide numbers are stretched to all that is there."""
    from PIL import Image

    values = np.nan_to_num(np.asarray(image).astype(np.float32))
    low, high = float(values.min()), float(values.max())
    if image.mode.startswith("I") and 255 < high <= 65535 and low >= 0:
        low, high = 0.0, 65535.0
    scaled = (values - low) * (255.0 / max(high - low, 1e-12))
    return Image.fromarray(scaled.round().clip(0, 255).astype(np.uint8))
