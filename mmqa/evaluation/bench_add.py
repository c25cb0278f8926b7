"""Pictures added a second, end to end, against the bare models on the same decoded pixels.

Knows: how to draw pictures that cost as much as photographs. Refuses to know: how adding works.

Two figures, because reading text costs far more than looking: without OCR, against the image
encoder alone; with OCR, against image encoder and text recogniser alone.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from mmqa.config import Config
from mmqa.evaluation.report import BenchReport, Figure
from mmqa.interfaces import Progress
from mmqa.records import Chunk, Picture

if TYPE_CHECKING:
    from mmqa.parts import Parts

TARGET = 0.7
WIDTH, HEIGHT = 640, 480
_SIGNS = ("FERRY 14:30", "Open daily", "TOTAL 22.30", "Platform 7", "Main Street", "No parking")


@dataclass(frozen=True, slots=True)
class Rates:
    """Pictures a second, end to end and bare, as measured right after each other."""

    whole: float
    bare: float

    @property
    def ratio(self) -> float:
        """End to end as a share of bare."""
        return self.whole / self.bare


def run(
    config: Config | None = None,
    progress: Progress | None = None,
    images: int = 200,
    images_with_ocr: int = 48,
    rounds: int = 3,
) -> BenchReport:
    """Add the same pictures to new indexes, by turns with the bare models.

    Args:
        config: Settings; ``index`` and ``ocr`` are set here.
        progress: Told after each round.
        images: Pictures of a round without OCR.
        images_with_ocr: Pictures of a round with OCR.
        rounds: How often each is measured; the median ratio counts.
    """
    settings = config or Config()
    plain = _measure(replace(settings, ocr=False), images, rounds, progress)
    full = _measure(replace(settings, ocr=True), images_with_ocr, rounds, progress)
    return BenchReport(
        suite="bench: add",
        figures=(
            _figure("add / image encoder, OCR off", plain, images),
            _figure("add / (image encoder + OCR), OCR on", full, images_with_ocr),
        ),
        how={
            "pictures": f"JPEG {WIDTH} x {HEIGHT}, one in four with text",
            "measured": f"median ratio of {rounds} rounds, models loaded before",
            "add with OCR off, pictures/s": _rate([r.whole for r in plain]),
            "image encoder alone, pictures/s": _rate([r.bare for r in plain]),
            "add with OCR on, pictures/s": _rate([r.whole for r in full]),
            "image encoder + OCR alone, pictures/s": _rate([r.bare for r in full]),
        },
    )


def _rate(values: Sequence[float]) -> float:
    return round(median(values), 1)


def _figure(name: str, rates: Sequence[Rates], n: int) -> Figure:
    return Figure(name, median(r.ratio for r in rates), n, target=TARGET)


def _measure(config: Config, n: int, rounds: int, progress: Progress | None) -> list[Rates]:
    from mmqa.parts import Parts

    parts = Parts(config)
    with tempfile.TemporaryDirectory(prefix="mmqa-bench-") as folder:
        root = Path(folder)
        files = write_pictures(root / "pictures", n)
        warm_up = write_pictures(root / "warm-up", 2, seed=10_000)
        pictures = [Picture(np.asarray(Image.open(file).convert("RGB"))) for file in files]
        bare = _bare(parts, pictures)
        found = []
        for turn in range(rounds):
            whole = _add(root / f"index-{turn}", config, warm_up, files)
            found.append(Rates(whole, bare()))
            if progress is not None:
                label = "adding with OCR" if config.ocr else "adding"
                progress(Chunk(label, turn + 1, rounds, "steps"))
    return found


def _add(index: Path, config: Config, warm_up: Sequence[Path], files: Sequence[Path]) -> float:
    """Pictures a second through the façade into a new index."""
    from mmqa.library import Library

    with Library.open(index, config=config) as library:
        library.add(warm_up)
        began_s = time.perf_counter()
        report = library.add(files)
        seconds = time.perf_counter() - began_s
    if report.added != len(files):
        raise RuntimeError(f"{report.added} of {len(files)} pictures were added: {report.failed}")
    return len(files) / seconds


def _bare(parts: Parts, pictures: Sequence[Picture]) -> Callable[[], float]:
    """The yardstick: pictures a second through the models alone, at their faster batch size."""
    encoder = parts.image_encoder
    encoder.encode(pictures[:1])
    recognizer = parts.text_recognizer if parts.config.ocr else None
    if recognizer is not None:
        recognizer.recognize(pictures[0])

    def measure() -> float:
        looking = min(_seconds_looking(size) for size in (1, 16))
        began_s = time.perf_counter()
        if recognizer is not None:
            for picture in pictures:
                recognizer.recognize(picture)
        return len(pictures) / (looking + time.perf_counter() - began_s)

    def _seconds_looking(size: int) -> float:
        began_s = time.perf_counter()
        for first in range(0, len(pictures), size):
            encoder.encode(pictures[first : first + size])
        return time.perf_counter() - began_s

    return measure


def write_pictures(folder: Path, n: int, seed: int = 0) -> list[Path]:
    """Write n JPEG files that decode and encode like photographs; one in four has some text."""
    folder.mkdir(parents=True)
    files = []
    for i in range(n):
        picture = Image.fromarray(photographic(np.random.default_rng(seed + i)))
        if i % 4 == 0:
            _write_sign(picture, _SIGNS[i // 4 % len(_SIGNS)])
        path = folder / f"{i:04}.jpg"
        picture.save(path, quality=88)
        files.append(path)
    return files


def photographic(rng: np.random.Generator) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    """Colours whose amplitude falls with frequency as in photographs (1/f; Field 1987).

    Returns:
        uint8 (HEIGHT, WIDTH, 3).
    """
    rows = np.fft.fftfreq(HEIGHT)[:, None]
    columns = np.fft.rfftfreq(WIDTH)[None, :]
    frequency = np.maximum(np.hypot(rows, columns), 1.0 / WIDTH)
    falloff = np.exp(-((frequency / 0.3) ** 2)) / frequency  # the lens blurs the finest detail
    noise = rng.normal(size=(3, HEIGHT, WIDTH))
    shaped = np.fft.irfft2(np.fft.rfft2(noise) * falloff, s=(HEIGHT, WIDTH))
    shaped[1:] = 0.75 * shaped[0] + 0.45 * shaped[1:]
    shaped /= shaped.std(axis=(1, 2), keepdims=True)
    levels = 120 + 45 * shaped.transpose(1, 2, 0)
    return np.clip(levels, 0, 255).astype(np.uint8)


def _write_sign(picture: Image.Image, words: str) -> None:
    pen = ImageDraw.Draw(picture)
    pen.rectangle((120, 160, 520, 300), fill=(250, 250, 245), outline=(20, 20, 20), width=4)
    pen.text((320, 230), words, font=ImageFont.load_default(44), fill=(20, 20, 20), anchor="mm")
