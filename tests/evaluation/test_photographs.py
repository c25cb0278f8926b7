"""The list is well formed, and photographs are read and encoded once."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mmqa.corpora.fetch import packages
from mmqa.errors import CorpusError
from mmqa.evaluation import photographs
from mmqa.evaluation.photographs import Photograph
from mmqa.records import ImageFeatures, Picture

LISTED = photographs.listed()


class Levels:
    """An encoder that gives the mean colour, and counts what it was shown."""

    fingerprint = "levels"

    def __init__(self) -> None:
        self.seen = 0

    def encode(self, pictures: Sequence[Picture], *, grid: bool = False) -> ImageFeatures:
        self.seen += len(pictures)
        means = np.stack([p.pixels.mean(axis=(0, 1)) for p in pictures]).astype(np.float32)
        return ImageFeatures(means, np.ones((len(pictures), 1), np.float32))


def test_there_are_enough_and_none_stands_twice() -> None:
    assert len(LISTED) >= 500
    assert len({(p.package, p.file) for p in LISTED}) == len(LISTED)
    assert len(photographs.labels(LISTED)) >= 300


def test_every_package_is_pinned_and_every_label_is_what_one_would_type() -> None:
    assert {p.package for p in LISTED} <= packages().keys()
    for photograph in LISTED:
        assert photograph.label == " ".join(photograph.label.lower().split())
        assert 1 <= len(photograph.label.split()) <= 7
        assert not Path(photograph.file).is_absolute()
        assert ".." not in photograph.file


def test_nothing_whose_folder_says_that_it_is_drawn_is_listed() -> None:
    drawn = {"cartoon", "symbols", "roadsigns", "flags", "paintings"}
    assert not [p for p in LISTED if drawn & set(Path(p.file).parts)]


def test_photographs_are_read_as_the_product_reads_them_and_encoded_once(tmp_path: Path) -> None:
    root = tmp_path / f"stamps-{packages()['stamps'].sha256[:12]}"
    folder = root / "usr/share/tuxpaint/stamps/food"
    folder.mkdir(parents=True)
    cut_out = Image.new("RGBA", (100, 100), (0, 0, 0, 0))
    cut_out.paste((200, 0, 0, 255), (40, 40, 60, 60))
    cut_out.save(folder / "red.png")
    listed = [Photograph("stamps", "food/red.png", "red square")]
    picture = photographs.read(photographs.paths(listed, tmp_path)[0])
    assert picture.pixels.shape == (24, 24, 3), "cropped to what can be seen, with a margin of 8 %"
    assert picture.pixels[0, 0].tolist() == [255, 255, 255]
    encoder = Levels()
    first = photographs.encode(listed, encoder, tmp_path)
    again = photographs.encode(listed, encoder, tmp_path)
    assert encoder.seen == 1
    assert (first.pooled == again.pooled).all()


def test_a_file_that_a_package_lacks_is_named(tmp_path: Path) -> None:
    (tmp_path / f"stamps-{packages()['stamps'].sha256[:12]}").mkdir()
    with pytest.raises(CorpusError, match=r"nowhere\.png"):
        photographs.paths([Photograph("stamps", "nowhere.png", "x")], tmp_path)


def test_what_is_no_picture_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "notes.txt"
    file.write_text("words")
    with pytest.raises(CorpusError, match="no picture"):
        photographs.read(file)


@pytest.mark.corpus
def test_every_listed_photograph_is_in_its_package() -> None:
    assert len(photographs.paths(LISTED)) == len(LISTED)
