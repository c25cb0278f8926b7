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
    """An encoder that gives the mean colour."""

    fingerprint = "levels"

    def encode(self, pictures: Sequence[Picture], *, grid: bool = False) -> ImageFeatures:
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


def test_photographs_are_encoded_in_the_order_of_the_list(tmp_path: Path) -> None:
    folder = tmp_path / f"stamps-{packages()['stamps'].sha256[:12]}/usr/share/tuxpaint/stamps/food"
    folder.mkdir(parents=True)
    for name, colour in (("a", (200, 0, 0)), ("b", (0, 0, 200))):
        Image.new("RGB", (50, 50), colour).save(folder / f"{name}.png")
    listed = [Photograph("stamps", f"food/{n}.png", n) for n in "ba"]
    found = photographs.encode(listed, Levels(), tmp_path)
    assert found.pooled.tolist() == [[0, 0, 200], [200, 0, 0]]


def test_a_file_that_a_package_lacks_is_named(tmp_path: Path) -> None:
    (tmp_path / f"stamps-{packages()['stamps'].sha256[:12]}").mkdir()
    with pytest.raises(CorpusError, match=r"nowhere\.png"):
        photographs.paths([Photograph("stamps", "nowhere.png", "x")], tmp_path)


@pytest.mark.corpus
def test_every_listed_photograph_is_in_its_package() -> None:
    assert len(photographs.paths(LISTED)) == len(LISTED)
