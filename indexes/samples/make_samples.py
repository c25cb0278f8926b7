"""Makes the sample files: pictures, recordings and notes of one small world, from nothing.

Knows: file names, formats, and what each file is for. Refuses to know: any part of mmqa.

The results are committed; run this only to change them. Needs ``fonts-dejavu``, ``fonts-noto-cjk``,
``espeak-ng`` and ``flite`` (Debian packages). The same versions of these and of Pillow and PyAV
give the same files. Questions about the files were written first: see questions.toml.

    python indexes/samples/make_samples.py [--only pictures|recordings|notes]
"""

from __future__ import annotations

import argparse
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import drawing
import notes
import papers
import pillow_heif
import scenes
import speech
from PIL import Image, ImageEnhance, ImageFilter

HERE = Path(__file__).resolve().parent
LIMIT_BYTES = 8_000_000
ORIENTATION = 0x0112
"""EXIF tag: how a viewer has to turn the stored pixels."""

PICTURES: dict[str, Callable[[], Image.Image]] = {
    "IMG_2034.jpg": papers.ferry_sign,
    "IMG_2035.jpg": papers.waiting_room_sign,
    "IMG_2036.png": papers.bus_timetable,
    "IMG_2037.jpg": papers.ferry_timetable,
    "IMG_2039.webp": papers.wifi_card,
    "IMG_2041.jpg": papers.cafe_receipt,
    "IMG_2044.jpg": papers.bakery_sign,
    "IMG_2047.jpg": papers.seal_sign,
    "IMG_2050.jpg": scenes.sailboat,
    "IMG_2051.jpg": scenes.lighthouse,
    "IMG_2052.png": scenes.apple,
    "IMG_2053.png": scenes.cat,
    "IMG_2054.png": scenes.bicycle,
    "IMG_2055.jpg": scenes.umbrella,
    "IMG_2056.webp": scenes.football,
    "IMG_2057.jpg": scenes.balloon,
    "IMG_2058.jpg": papers.hardware_receipt,
    "IMG_2059.jpg": papers.dentist_plate,
    "IMG_2060.heic": papers.museum_ticket,
    "IMG_2061.avif": papers.library_notice,
    "IMG_2062.jpg": scenes.house,
    "IMG_2064.webp": scenes.coffee,
    "IMG_2065.jpg": scenes.fish,
    "slide-01.png": papers.title_slide,
    "slide-02.png": papers.agenda_slide,
    "slide-03.png": papers.budget_slide,
    "slide-04.png": papers.decisions_slide,
    "chart-visitors.png": papers.visitors_chart,
    "chart-electricity.png": papers.electricity_chart,
}


def make_pictures(folder: Path) -> None:
    """All pictures, three of them with a flaw that a camera would make."""
    pillow_heif.register_heif_opener()
    for name, draw in PICTURES.items():
        save(draw(), folder / name)
    save(shift(papers.ferry_timetable()), folder / "IMG_2038.jpg")
    save_turned(papers.parking_sign(), folder / "IMG_2046.jpg")
    blurred = scenes.lighthouse().filter(ImageFilter.GaussianBlur(9))
    save(blurred, folder / "IMG_2063.jpg")


def save(picture: Image.Image, path: Path) -> None:
    """Store in the format of the path's ending; PNG with a palette where that loses little."""
    if path.suffix == ".png" and picture.mode == "RGB":
        picture.quantize(255, dither=Image.Dither.NONE).save(path, optimize=True)
    elif path.suffix == ".png":
        picture.save(path, optimize=True)
    else:
        picture.save(path, quality=82)


def shift(picture: Image.Image) -> Image.Image:
    """The same thing photographed a moment later: a near duplicate."""
    width, height = picture.size
    moved = picture.crop((3, 2, width, height)).resize((width, height), Image.Resampling.BICUBIC)
    return ImageEnhance.Brightness(moved).enhance(0.97)


def save_turned(picture: Image.Image, path: Path) -> None:
    """Store the pixels lying on their side, with the EXIF mark that says so."""
    exif = Image.Exif()
    exif[ORIENTATION] = 6
    picture.transpose(Image.Transpose.ROTATE_90).save(path, quality=82, exif=exif)


def make_recordings(folder: Path) -> None:
    """All recordings."""
    for item in speech.SPEECHES:
        speech.write(folder / item.name, speech.record(item), item.rate_hz)


def make_notes(folder: Path) -> None:
    """All notes, and the page."""
    for name, text in notes.NOTES.items():
        (folder / name).write_text(text.strip() + "\n", encoding="utf-8", newline="\n")
    (folder / "booking.pdf").write_bytes(notes.pdf(notes.BOOKING))


MAKERS = {"pictures": make_pictures, "recordings": make_recordings, "notes": make_notes}


def missing() -> list[str]:
    """What has to be installed first."""
    fonts = [f"the font {path}" for path in drawing.missing_fonts()]
    tools = [f"the program {name}" for name in ("flite", "espeak-ng") if not shutil.which(name)]
    return fonts + tools


def main() -> int:
    """Make the files; 1 when something to make them with is missing."""
    parser = argparse.ArgumentParser(description="Make the sample files of mmqa.")
    parser.add_argument("--only", choices=MAKERS, help="make only these")
    only = parser.parse_args().only
    if missing():
        print(f"Missing: {', '.join(missing())}.", file=sys.stderr)
        print("apt install fonts-dejavu fonts-noto-cjk flite espeak-ng", file=sys.stderr)
        return 1
    for name, make in MAKERS.items():
        if only in (None, name):
            (HERE / name).mkdir(exist_ok=True)
            make(HERE / name)
    size = sum(p.stat().st_size for name in MAKERS for p in (HERE / name).iterdir())
    print(f"{size / 1e6:.2f} MB in {HERE}")
    return 0 if size < LIMIT_BYTES else 1


if __name__ == "__main__":
    sys.exit(main())
