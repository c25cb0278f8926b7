"""Made-up photographs cost what photographs cost."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from mmqa.evaluation.bench_add import HEIGHT, WIDTH, photographic, run, write_pictures


def test_neighbouring_pixels_are_alike_as_in_photographs():
    pixels = photographic(np.random.default_rng(0)).astype(float)
    assert pixels.shape == (HEIGHT, WIDTH, 3)
    grey = pixels.mean(axis=2)
    assert np.corrcoef(grey[:, :-1].ravel(), grey[:, 1:].ravel())[0, 1] > 0.9
    assert grey.std() > 20


def test_pictures_are_different_files_of_the_size_of_photographs(tmp_path):
    files = write_pictures(tmp_path / "p", 5)
    assert len({file.read_bytes() for file in files}) == 5
    with Image.open(files[0]) as picture:
        assert picture.size == (WIDTH, HEIGHT)
    assert all(20_000 < file.stat().st_size < 300_000 for file in files)


@pytest.mark.weights
def test_the_bench_runs_end_to_end():
    report = run(images=4, images_with_ocr=2, rounds=1)
    assert [figure.name for figure in report.figures] == [
        "add / image encoder, OCR off",
        "add / (image encoder + OCR), OCR on",
    ]
    assert all(figure.value > 0 for figure in report.figures)
