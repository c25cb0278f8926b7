"""A picture file → upright, opaque, sRGB pixels of a sane size, with its flags and hash.

Knows: colour modes, transparency, orientation, and how to refuse what would fill the memory.
Refuses to know: what the picture shows, and where its caption is kept (``captions`` does).

The size is read from the header and checked before a pixel is decoded. JPEG is decoded at a
fraction of its size where that is enough (``draft``), which is most of the speed.
"""

from __future__ import annotations

import io
import re
import warnings
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageCms

from mmqa.errors import MediaError
from mmqa.media.captions import picture_caption
from mmqa.media.quality import picture_flags
from mmqa.media.refusals import refusal
from mmqa.media.taken import picture_taken
from mmqa.records import Picture

MAX_SIDE = 1600
"""Enough to read small print in a photographed page; the encoders look at a few hundred pixels."""

_CLOSE_ENOUGH = 1.3
"""JPEG decodes at a half or a quarter: 12 megapixels come at 2016 pixels, and shrinking those
further would take longer than decoding them."""
_SMALL_SIDE = 256
_HASH_SIDE = 32
_MARGIN = 0.08
_SEE_THROUGH_SHARE = 0.05
"""Below it transparency is rounded corners or a soft edge, not a cut-out."""
_WHITE_LEVEL = 240
_PILLOW_FORMATS: dict[str, tuple[str, ...]] = {
    "jpeg": ("JPEG", "MPO"),
    "png": ("PNG",),
    "webp": ("WEBP",),
    "gif": ("GIF",),
    "bmp": ("BMP",),
    "tiff": ("TIFF",),
    "avif": ("AVIF",),
    "heic": ("HEIF",),
}
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""EXIF orientation (CIPA DC-008, table 6) → what sets it upright."""
_EIGHT_BIT = frozenset({"1", "L", "P", "RGB", "CMYK", "YCbCr", "LAB", "HSV", "RGBX"})


@dataclass(frozen=True, slots=True, eq=False)
class ReadImage:
    """A picture with what its file says about it.

    Attributes:
        picture: The pixels.
        caption: From EXIF, XMP or PNG text; may be empty.
        flags: Sorted quality flags.
        taken_ns: When it was taken, as EXIF says.
    """

    picture: Picture
    caption: str = ""
    flags: tuple[str, ...] = ()
    taken_ns: int | None = None


def read_image(path: Path, format: str, max_pixels: int, max_side: int = MAX_SIDE) -> ReadImage:
    """Read and clean a picture.

    Args:
        path: The file.
        format: As :func:`mmqa.media.sniff.sniff` named it.
        max_pixels: Width × height above which it is refused, from the header.
        max_side: The longest side of the result, pixels. What is no more than 1.3 times that is
            left as it is.

    Raises:
        MediaError: It is too large, damaged, cut short, or wholly transparent.
    """
    if format == "heic":
        _register_heif()
    _allow(max_pixels)
    try:
        with warnings.catch_warnings():
            # Pillow warns from 89 megapixels; the limit that counts is ours.
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            with path.open("rb") as file, Image.open(file, "r", _PILLOW_FORMATS[format]) as image:
                return _read(path, image, max_pixels, max_side)
    except MediaError:
        raise
    except Image.DecompressionBombError as error:
        raise _too_large(
            path, re.sub(r"\D*(\d+) pixels.*", r"\1", str(error)), max_pixels
        ) from error
    except MemoryError as error:
        raise MediaError(
            path, "the picture does not fit into memory", "Lower max_pixels."
        ) from error
    except Exception as error:  # decoders answer damaged bytes with errors of any type
        if isinstance(error, OSError) and error.errno:
            raise refusal(path, error) from error
        raise MediaError(path, _damage(format, error), "Copy or export it again.") from error


def _allow(max_pixels: int) -> None:
    """Pillow refuses pictures of twice its own limit; whoever sets a higher one means it."""
    limit = Image.MAX_IMAGE_PIXELS
    if limit is not None and max_pixels > 2 * limit:
        Image.MAX_IMAGE_PIXELS = max_pixels


def _too_large(path: Path, pixels: int | str, max_pixels: int) -> MediaError:
    return MediaError(
        path,
        f"the picture has {int(pixels):,} pixels, more than the {max_pixels:,} allowed",
        "Save it smaller, or raise max_pixels.",
    )


def _damage(format: str, error: Exception) -> str:
    detail = str(error).lower()
    if "truncated" in detail or "broken data stream" in detail or "unexpected end" in detail:
        return f"the {format.upper()} picture is cut short"
    return f"the {format.upper()} picture is damaged ({error})"


@lru_cache(maxsize=1)
def _register_heif() -> None:
    import pillow_heif

    pillow_heif.register_heif_opener(thumbnails=False)


def _read(path: Path, image: Image.Image, max_pixels: int, max_side: int) -> ReadImage:
    width, height = image.size
    if width * height > max_pixels:
        raise _too_large(path, width * height, max_pixels)
    image.draft("L" if image.mode == "L" else "RGB", _fitting(image.size, max_side))
    image.load()
    caption, taken_ns = picture_caption(image), picture_taken(image)
    upright = _upright(path, image, max_side)
    grey = small_grey(upright)
    picture = Picture(np.asarray(upright), perceptual_hash=perceptual_hash(grey))
    return ReadImage(picture, caption, picture_flags(np.asarray(grey), width, height), taken_ns)


def _fitting(size: tuple[int, int], max_side: int) -> tuple[int, int]:
    """The size that ``size`` shrinks to; ``draft`` keeps at least that in both directions."""
    longest = max(size)
    return (max(1, size[0] * max_side // longest), max(1, size[1] * max_side // longest))


def _upright(path: Path, image: Image.Image, max_side: int) -> Image.Image:
    """Small first, then convert, turn and lay flat: every step after the first is cheap."""
    orientation = image.getexif().get(0x0112, 1)
    profile = image.info.get("icc_profile")
    image = _shrink(_eight_bit(image), max_side)
    image = _opaque(path, image) if image.mode in {"RGBA", "LA", "PA"} else image
    image = _to_srgb(image, profile) if profile else image
    image = image if image.mode == "RGB" else image.convert("RGB")
    turn = _TURNS.get(orientation)
    return image if turn is None else image.transpose(turn)


def _eight_bit(image: Image.Image) -> Image.Image:
    """Modes that can be resized, without what a plain ``convert`` would clip to white."""
    if image.has_transparency_data:
        return image if image.mode in {"RGBA", "LA"} else image.convert("RGBA")
    if image.mode in {"1", "P"}:
        return image.convert("L" if image.mode == "1" else "RGB")
    return image if image.mode in _EIGHT_BIT else _stretch(image)


def _stretch(image: Image.Image) -> Image.Image:
    """Grey of 12, 16, 32 bits or floats → 8 bits; 16 bits keep their scale if they use it."""
    values = np.nan_to_num(np.asarray(image).astype(np.float32))
    low, high = float(values.min()), float(values.max())
    if image.mode.startswith("I") and low >= 0 and 4096 <= high <= 65535:
        low, high = 0.0, 65535.0
    scaled = (values - low) * (255.0 / max(high - low, 1e-12))
    return Image.fromarray(scaled.round().clip(0, 255).astype(np.uint8))


def _shrink(image: Image.Image, max_side: int) -> Image.Image:
    if max(image.size) > max_side * _CLOSE_ENOUGH:
        image.thumbnail((max_side, max_side), Image.Resampling.BILINEAR, reducing_gap=2.0)
    return image


def _opaque(path: Path, image: Image.Image) -> Image.Image:
    """On white; a cut-out is cropped to what can be seen, with a margin of 8 % around it."""
    image = image.convert("RGBA")
    alpha = image.getchannel("A")
    box = alpha.point([0] * 8 + [255] * 248).getbbox()
    if box is None:
        raise MediaError(path, "the picture is wholly transparent: there is nothing to see")
    histogram = alpha.histogram()
    if sum(histogram[:128]) < _SEE_THROUGH_SHARE * image.width * image.height:
        return _on(_background(image), image, 0)
    cut = image.crop(box)
    return _on(_background(cut), cut, round(_MARGIN * max(cut.size)))


def _on(background: tuple[int, int, int], image: Image.Image, margin: int) -> Image.Image:
    size = (image.width + 2 * margin, image.height + 2 * margin)
    sheet = Image.new("RGB", size, background)
    sheet.paste(image, (margin, margin), image)
    return sheet


def _background(image: Image.Image) -> tuple[int, int, int]:
    """White, but dark grey behind what is itself white and would vanish."""
    alpha = image.getchannel("A").point([0] * 128 + [255] * 128)
    levels = image.convert("L").histogram(alpha)
    seen, white = sum(levels), sum(levels[_WHITE_LEVEL:])
    return (64, 64, 64) if seen and white > 0.95 * seen else (255, 255, 255)


def _to_srgb(image: Image.Image, profile: bytes) -> Image.Image:
    transform = _transform(profile, image.mode)
    return transform.apply(image) if transform else image


@lru_cache(maxsize=16)
def _transform(profile: bytes, mode: str) -> Any:
    """From ``profile`` to sRGB; ``None`` where it is sRGB, or damaged, or of another mode."""
    if b"sRGB" in profile or "s\x00R\x00G\x00B".encode("latin-1") in profile:
        return None
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        return ImageCms.buildTransform(source, ImageCms.createProfile("sRGB"), mode, "RGB")
    except (ImageCms.PyCMSError, OSError, ValueError):
        return None  # colours a shade off are better than no picture


def small_grey(image: Image.Image) -> Image.Image:
    """A grey copy with a longest side of 256 to 511 pixels, for flags and hash."""
    factor = max(1, max(image.size) // _SMALL_SIDE)
    image = image.reduce(factor) if factor > 1 else image
    return image.convert("L")


def perceptual_hash(grey: Image.Image) -> str:
    """16 hex digits that stay when a picture is scaled, recompressed or brightened.

    The sign of the 64 lowest frequencies against their median (pHash; Zauner 2010, §3.2.1).
    """
    import imagehash

    small = grey.resize((_HASH_SIDE, _HASH_SIDE), Image.Resampling.BOX)
    return str(imagehash.phash(small))
