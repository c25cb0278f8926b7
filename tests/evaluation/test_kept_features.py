"""Pictures are read as the product reads them, and encoded once."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mmqa.errors import CorpusError
from mmqa.evaluation import kept_features
from mmqa.records import ImageFeatures, Picture


class Levels:
    """An encoder that gives the mean colour, and counts what it was shown."""

    def __init__(self, fingerprint: str = "levels") -> None:
        self.seen = 0
        self.fingerprint = fingerprint

    def encode(self, pictures: Sequence[Picture], *, grid: bool = False) -> ImageFeatures:
        self.seen += len(pictures)
        means = np.stack([p.pixels.mean(axis=(0, 1)) for p in pictures]).astype(np.float32)
        return ImageFeatures(means, np.ones((len(pictures), 1), np.float32))


def pictures(folder: Path, count: int) -> list[Path]:
    files = [folder / f"{i}.png" for i in range(count)]
    for level, file in enumerate(files):
        Image.new("RGB", (50, 60), (level, 0, 0)).save(file)
    return files


def test_a_cut_out_is_laid_on_white(tmp_path: Path) -> None:
    cut_out = Image.new("RGBA", (100, 100), (0, 0, 0, 0))
    cut_out.paste((200, 0, 0, 255), (40, 40, 60, 60))
    cut_out.save(tmp_path / "red.png")
    picture = kept_features.read(tmp_path / "red.png")
    assert picture.pixels.shape == (24, 24, 3), "cropped to what can be seen, with a margin of 8 %"
    assert picture.pixels[0, 0].tolist() == [255, 255, 255]


def test_what_was_encoded_is_found_again_in_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept_features, "BLOCK", 3)
    files, encoder = pictures(tmp_path, 7), Levels()
    names = [file.name for file in files]
    for _ in range(2):
        found = kept_features.encode("x", files, names, encoder, folder=tmp_path)
        assert found.pooled[:, 0].tolist() == list(range(7))
    assert encoder.seen == 7


def test_an_interrupted_run_loses_no_more_than_a_block(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept_features, "BLOCK", 3)
    files, encoder = pictures(tmp_path, 7), Levels()
    names = [file.name for file in files]
    files[5].rename(tmp_path / "away")
    with pytest.raises(Exception, match=r"5\.png"):
        kept_features.encode("x", files, names, encoder, folder=tmp_path)
    (tmp_path / "away").rename(files[5])
    encoder.seen = 0
    kept_features.encode("x", files, names, encoder, folder=tmp_path)
    assert encoder.seen == 4


def test_another_encoder_or_list_is_encoded_anew(tmp_path: Path) -> None:
    files = pictures(tmp_path, 2)
    for encoder, names in ((Levels(), "ab"), (Levels("other"), "ab"), (Levels(), "ac")):
        kept_features.encode("x", files, list(names), encoder, folder=tmp_path)
        assert encoder.seen == 2


def test_what_is_no_picture_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "notes.txt"
    file.write_text("words")
    with pytest.raises(CorpusError, match="no picture"):
        kept_features.read(file)
