"""Pictures of every mode, decoded to what a person would see."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
from PIL import Image

from mmqa.errors import UsageError
from mmqa.vlm import chat_pictures
from mmqa.vlm.chat_pictures import decoded


def file(image: Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    data = io.BytesIO()
    image.save(data, kind, **options)
    return data.getvalue()


def near(pixels: np.ndarray, colour: tuple[int, int, int], by: int = 3) -> bool:
    return bool((np.abs(pixels.astype(int) - colour) <= by).all())


def test_colours_are_kept() -> None:
    pixels = decoded(file(Image.new("RGB", (6, 4), (10, 200, 30)))).pixels
    assert pixels.shape == (4, 6, 3)
    assert near(pixels, (10, 200, 30), 0)


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGBA", "LA", "I;16", "I", "F", "CMYK"])
def test_white_is_white_in_every_mode(mode: str) -> None:
    if mode in {"I;16", "I", "F"}:
        top = 65535 if mode != "F" else 1.0
        values = np.array([[0, top], [top, top]], np.float32 if mode == "F" else np.uint16)
        image = Image.fromarray(values if mode != "I" else values.astype(np.int32))
    else:
        image = Image.new("RGB", (2, 2), "white").convert(mode)
        image.putpixel((0, 0), Image.new("RGB", (1, 1), "black").convert(mode).getpixel((0, 0)))
    pixels = decoded(file(image, "TIFF" if mode in {"CMYK", "F", "I"} else "PNG")).pixels
    assert pixels.dtype == np.uint8
    assert near(pixels[1, 1], (255, 255, 255))
    assert near(pixels[0, 0], (0, 0, 0), 40)  # black ink alone is not quite black


def test_what_can_be_seen_through_lies_on_white() -> None:
    image = Image.new("RGBA", (2, 1), (255, 0, 0, 0))
    image.putpixel((1, 0), (255, 0, 0, 255))
    pixels = decoded(file(image)).pixels
    assert near(pixels[0, 0], (255, 255, 255))
    assert near(pixels[0, 1], (255, 0, 0))


def test_alpha_alone_is_white() -> None:
    assert near(decoded(file(Image.new("RGBA", (3, 3), (0, 0, 0, 0)))).pixels, (255, 255, 255))


def test_a_picture_is_set_upright() -> None:
    image = Image.new("RGB", (4, 2), "white")
    exif = Image.Exif()
    exif[0x0112] = 6
    assert decoded(file(image, "JPEG", exif=exif)).pixels.shape == (4, 2, 3)


def test_of_an_animation_the_first_frame_is_taken() -> None:
    frames = [Image.new("RGB", (3, 3), colour) for colour in ("red", "blue")]
    data = file(frames[0], "GIF", save_all=True, append_images=frames[1:])
    assert near(decoded(data).pixels, (255, 0, 0))


@pytest.mark.parametrize("data", [b"", b"no picture", file(Image.new("RGB", (90, 90)))[:60]])
def test_damage_is_told(data: bytes) -> None:
    with pytest.raises(UsageError, match="cannot be read"):
        decoded(data)


def test_what_would_fill_the_memory_is_refused_by_its_header(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(chat_pictures, "MOST_PIXELS", 99)
    with pytest.raises(UsageError, match="100 pixels"):
        decoded(file(Image.new("RGB", (10, 10))))
