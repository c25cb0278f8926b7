from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from mmqa.features.ocr import RapidTextRecognizer, load
from mmqa.records import Picture

RECEIPT = ("CORNER CAFE", "12 Harbour Street", "Flat white 7.80", "TOTAL 15.65")


def drawn(lines: tuple[str, ...], size: tuple[int, int], points: int) -> Picture:
    image = Image.new("RGB", size, "white")
    draw = ImageDraw.Draw(image)
    font = ImageFont.load_default(points)
    for i, line in enumerate(lines):
        draw.text((points, points * (1 + 1.6 * i)), line, fill="black", font=font)
    return Picture(np.asarray(image))


@pytest.fixture(scope="module")
def recognizer(weights: Path) -> RapidTextRecognizer:
    return load(weights / "text_recognizer", threads=2)


@pytest.mark.weights
@pytest.mark.parametrize(
    ("size", "points"), [((480, 400), 26), ((1600, 1200), 20), ((220, 160), 14)]
)
def test_a_receipt_is_read_at_any_size(
    recognizer: RapidTextRecognizer, size: tuple[int, int], points: int
) -> None:
    assert recognizer.recognize(drawn(RECEIPT, size, points)).split("\n") == list(RECEIPT)


@pytest.mark.weights
def test_chinese_is_read(recognizer: RapidTextRecognizer, data: Path) -> None:
    picture = Picture(np.asarray(Image.open(data / "chinese_sign.png").convert("RGB")))
    text = recognizer.recognize(picture).replace(" ", "")
    assert text.split("\n") == [
        "湖边餐厅",
        "今日特价番茄炒蛋28元",
        "营业时间9:00-21:30",
        "禁止吸烟",
    ]


@pytest.mark.weights
@pytest.mark.parametrize("size", [(300, 400), (1, 1), (3, 500), (500, 3)])
def test_a_picture_without_text_gives_none(
    recognizer: RapidTextRecognizer, size: tuple[int, int], capfd: pytest.CaptureFixture[str]
) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (*size, 3), dtype=np.uint8)
    assert recognizer.recognize(Picture(noise)) == ""
    assert capfd.readouterr() == ("", "")


def test_the_fingerprint_needs_no_model_in_memory(tmp_path: Path) -> None:
    assert len(load(tmp_path, threads=1).fingerprint) == 16
