"""Pictures: every format, every mode, upright and opaque; bad ones refused with a sentence."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pillow_heif
import pytest
from PIL import Image, ImageCms, ImageDraw

from mmqa.errors import MediaError
from mmqa.media.images import ReadImage, read_image
from mmqa.media.sniff import sniff

pillow_heif.register_heif_opener()

LIMIT = 50_000_000


def read(path: Path, max_pixels: int = LIMIT, max_side: int = 1600) -> ReadImage:
    return read_image(path, sniff(path)[1], max_pixels, max_side)


def scene(width: int = 320, height: int = 240) -> Image.Image:
    """Red above, blue below, a green square in the left upper corner."""
    image = Image.new("RGB", (width, height), (200, 30, 30))
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, height // 2, width, height), fill=(30, 30, 200))
    draw.rectangle((0, 0, width // 4, height // 4), fill=(30, 200, 30))
    return image


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "AVIF", "HEIF"])
def test_every_format_gives_the_same_picture(tmp_path: Path, format: str) -> None:
    path = tmp_path / "picture"
    scene().save(path, format)
    pixels = read(path).picture.pixels
    assert pixels.shape == (240, 320, 3)
    assert pixels.dtype == np.uint8
    for (row, column), colour in {
        (20, 20): (30, 200, 30),
        (60, 200): (200, 30, 30),
        (200, 100): (30, 30, 200),
    }.items():
        assert np.abs(pixels[row, column].astype(int) - colour).max() < 25


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "CMYK", "YCbCr", "I;16", "I", "F"])
def test_every_colour_mode_becomes_rgb(tmp_path: Path, mode: str) -> None:
    path = tmp_path / "picture.tif"
    grey = scene().convert("L")
    if mode == "I;16":
        image = Image.fromarray(np.asarray(grey).astype(np.uint16) * 257)
    else:
        image = grey.convert(mode) if mode in {"I", "F", "LA"} else scene().convert(mode)
    image.save(path)
    pixels = read(path).picture.pixels
    assert pixels.shape == (240, 320, 3)
    green, blue = pixels[5:50, 5:70, 1].mean(), pixels[150:230, 10:300, 1].mean()
    assert green > blue + 50, "green stays lighter than blue"


def test_sixteen_bit_grey_keeps_its_scale(tmp_path: Path) -> None:
    values = np.full((64, 64), 32896, np.uint16)  # 128 · 257
    values[0, 0] = 60000
    Image.fromarray(values).save(tmp_path / "a.png")
    assert read(tmp_path / "a.png").picture.pixels[30, 30].tolist() == [128, 128, 128]


@pytest.mark.parametrize("orientation", range(1, 9))
def test_pictures_are_turned_upright(tmp_path: Path, orientation: int) -> None:
    turns = {
        1: None,
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    turn = turns[orientation]
    stored = scene() if turn is None else scene().transpose(turn)
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored.save(tmp_path / "a.jpg", exif=exif, quality=95)
    pixels = read(tmp_path / "a.jpg").picture.pixels
    assert pixels.shape == (240, 320, 3)
    assert np.abs(pixels[20, 20].astype(int) - (30, 200, 30)).max() < 25


def test_a_cut_out_is_cropped_and_put_on_white_with_a_margin(tmp_path: Path) -> None:
    image = Image.new("RGBA", (400, 300), (0, 0, 0, 0))
    image.paste((200, 30, 30, 255), (100, 50, 200, 150))
    image.save(tmp_path / "a.png")
    pixels = read(tmp_path / "a.png").picture.pixels
    assert pixels.shape == (116, 116, 3), "100 pixels and 8 % on each side"
    assert pixels[0, 0].tolist() == [255, 255, 255]
    assert pixels[58, 58].tolist() == [200, 30, 30]


def test_round_corners_are_no_cut_out(tmp_path: Path) -> None:
    image = scene().convert("RGBA")
    image.paste((0, 0, 0, 0), (0, 0, 6, 6))
    image.save(tmp_path / "a.png")
    pixels = read(tmp_path / "a.png").picture.pixels
    assert pixels.shape == (240, 320, 3)
    assert pixels[2, 2].tolist() == [255, 255, 255]


def test_a_white_cut_out_can_still_be_seen(tmp_path: Path) -> None:
    image = Image.new("RGBA", (200, 200), (0, 0, 0, 0))
    image.paste((255, 255, 255, 255), (50, 50, 150, 150))
    image.save(tmp_path / "a.png")
    pixels = read(tmp_path / "a.png").picture.pixels
    assert pixels[0, 0].tolist() == [64, 64, 64]
    assert pixels[58, 58].tolist() == [255, 255, 255]


def test_a_palette_with_a_transparent_colour_is_put_on_white(tmp_path: Path) -> None:
    image = Image.new("P", (100, 100), 0)
    image.putpalette([0, 0, 0, 200, 30, 30])
    image.paste(1, (20, 20, 60, 60))
    image.save(tmp_path / "a.gif", transparency=0)
    pixels = read(tmp_path / "a.gif").picture.pixels
    assert pixels[0, 0].tolist() == [255, 255, 255]
    assert pixels[20, 20].tolist() == [200, 30, 30]


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize("size", [(1, 1), (12_000, 10), (10, 12_000)])
def test_a_dot_and_a_thread_are_pictures_too(
    tmp_path: Path, format: str, size: tuple[int, int]
) -> None:
    Image.new("RGB", size, (200, 30, 30)).save(tmp_path / "a", format)
    pixels = read(tmp_path / "a").picture.pixels
    assert pixels.shape[2] == 3 and min(pixels.shape) >= 1 and max(pixels.shape) <= 2100
    assert np.abs(pixels[0, 0].astype(int) - (200, 30, 30)).max() < 25


def test_a_thread_of_thirty_thousand_pixels_is_shrunk_and_still_there(tmp_path: Path) -> None:
    Image.new("RGB", (30_000, 10), (200, 30, 30)).save(tmp_path / "a.png")
    pixels = read(tmp_path / "a.png").picture.pixels
    assert pixels.shape == (1, 1600, 3)
    assert pixels[0, 800].tolist() == [200, 30, 30]


def test_a_drawing_in_the_alpha_channel_alone_can_be_seen(tmp_path: Path) -> None:
    image = Image.new("RGBA", (200, 200), (0, 0, 0, 0))
    image.paste((0, 0, 0, 255), (50, 50, 150, 150))
    image.save(tmp_path / "a.png")
    pixels = read(tmp_path / "a.png").picture.pixels
    assert pixels[0, 0].tolist() == [255, 255, 255]
    assert pixels[58, 58].tolist() == [0, 0, 0]


def test_an_invisible_picture_is_refused(tmp_path: Path) -> None:
    Image.new("RGBA", (50, 50), (9, 9, 9, 0)).save(tmp_path / "a.png")
    with pytest.raises(MediaError, match="wholly transparent"):
        read(tmp_path / "a.png")


def test_of_an_animation_the_first_frame_is_taken(tmp_path: Path) -> None:
    first, second = Image.new("RGB", (60, 60), "red"), Image.new("RGB", (60, 60), "blue")
    first.save(tmp_path / "a.gif", save_all=True, append_images=[second])
    assert read(tmp_path / "a.gif").picture.pixels[5, 5].tolist() == [255, 0, 0]


@pytest.mark.parametrize("format", ["JPEG", "PNG"])
def test_large_pictures_are_shrunk_to_the_longest_side(tmp_path: Path, format: str) -> None:
    scene(3000, 1500).save(tmp_path / "a", format)
    result = read(tmp_path / "a", max_side=1000)
    assert result.picture.pixels.shape == (500, 1000, 3)
    assert read(tmp_path / "a", max_side=2400).picture.pixels.shape == (1500, 3000, 3)


def test_srgb_and_damaged_colour_profiles_change_nothing(tmp_path: Path) -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    for name, bytes_ in {"srgb.png": profile, "broken.png": b"no profile at all"}.items():
        Image.new("RGB", (64, 64), (128, 90, 60)).save(tmp_path / name, icc_profile=bytes_)
        assert read(tmp_path / name).picture.pixels[9, 9].tolist() == [128, 90, 60]


def test_other_colour_profiles_become_srgb(tmp_path: Path) -> None:
    """sRGB with red and green exchanged: what the file calls red is green to the eye."""
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    for old, new in ((b"rXYZ", b"????"), (b"gXYZ", b"rXYZ"), (b"????", b"gXYZ")):
        profile = profile.replace(old, new, 1)
    for old, new in ((b"sRGB", b"xRGB"), (b"s\0R\0G\0B", b"x\0R\0G\0B")):
        profile = profile.replace(old, new)
    Image.new("RGB", (64, 64), (200, 30, 30)).save(tmp_path / "a.png", icc_profile=profile)
    pixel = read(tmp_path / "a.png").picture.pixels[9, 9].astype(int)
    assert np.abs(pixel - (30, 200, 30)).max() <= 2


@pytest.mark.parametrize("format", ["PNG", "WEBP", "AVIF", "HEIF", "TIFF"])
def test_formats_other_than_jpeg_are_turned_upright_too(tmp_path: Path, format: str) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    stored = scene().transpose(Image.Transpose.ROTATE_90)
    stored.save(tmp_path / "a", format, exif=exif.tobytes())
    pixels = read(tmp_path / "a").picture.pixels
    assert pixels.shape == (240, 320, 3)
    assert np.abs(pixels[20, 20].astype(int) - (30, 200, 30)).max() < 25


@pytest.mark.parametrize("side", [9_000, 20_000, 60_000])
def test_a_picture_of_too_many_pixels_is_refused_before_it_is_decoded(
    write_plain_png: Callable[..., Path], side: int
) -> None:
    path = write_plain_png("a.png", side, rows=side if side == 20_000 else 1)
    start = time.perf_counter()
    with pytest.raises(MediaError) as caught:
        read(path)
    assert time.perf_counter() - start < 0.5
    assert f"{side * side:,} pixels, more than the 50,000,000 allowed" in caught.value.reason


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "AVIF", "HEIF"])
@pytest.mark.parametrize("share", [0.1, 0.6])
def test_a_truncated_picture_is_refused_with_a_sentence(
    tmp_path: Path, format: str, share: float
) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (200, 200, 3), np.uint8)
    Image.fromarray(noise).save(tmp_path / "whole", format)
    data = (tmp_path / "whole").read_bytes()
    (tmp_path / "cut").write_bytes(data[: int(len(data) * share)])
    with pytest.raises(MediaError) as caught:
        read(tmp_path / "cut")
    assert "cut short" in caught.value.reason or "damaged" in caught.value.reason


def test_a_truncated_jpeg_is_called_cut_short(tmp_path: Path) -> None:
    scene().save(tmp_path / "a.jpg")
    data = (tmp_path / "a.jpg").read_bytes()
    (tmp_path / "a.jpg").write_bytes(data[: len(data) // 2])
    with pytest.raises(MediaError, match="the JPEG picture is cut short"):
        read(tmp_path / "a.jpg")


def test_flipped_bytes_never_make_it_fail_otherwise_than_with_a_sentence(tmp_path: Path) -> None:
    random = np.random.default_rng(1)
    for format in ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "AVIF", "HEIF"):
        scene(64, 48).save(tmp_path / "whole", format)
        data = (tmp_path / "whole").read_bytes()
        for _ in range(25):
            damaged = bytearray(data)
            for at in random.integers(0, len(damaged), 8):
                damaged[at] = random.integers(0, 256)
            (tmp_path / "damaged").write_bytes(damaged)
            try:
                read(tmp_path / "damaged")
            except MediaError as error:
                assert error.reason


def test_a_smaller_or_recompressed_copy_has_nearly_the_same_hash(tmp_path: Path) -> None:
    from mmqa.media.quality import is_near_duplicate

    scene().save(tmp_path / "a.png")
    scene().resize((200, 150)).save(tmp_path / "b.jpg", quality=60)
    scene().transpose(Image.Transpose.ROTATE_90).save(tmp_path / "c.png")
    a, b, c = (read(tmp_path / n).picture.perceptual_hash for n in ("a.png", "b.jpg", "c.png"))
    assert len(a) == 16
    assert is_near_duplicate(a, b)
    assert not is_near_duplicate(a, c)
