"""Weak pairs out of an index that is made by hand; no file is ever opened."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mmqa import extraction
from mmqa.errors import IndexMissingError
from mmqa.extraction import Extract
from mmqa.fusion.concat import ConcatFuser
from mmqa.index.identity import IndexIdentity
from mmqa.index.store import IndexStore
from mmqa.records import Features, Kind, MediaItem, Segment, SegmentText
from mmqa.training import index_pairs
from mmqa.training.index_pairs import CAPTION_WEIGHT, NAME_WEIGHT
from mmqa.training.pairs import Words

FUSER = ConcatFuser(2)
IDENTITY = IndexIdentity("embedded", {"image_encoder": "eye"}, "concat", FUSER.width)
KEY = "v1;image_encoder=eye;text_recognizer=off"
POOLED = np.array([0.5, 0.25], np.float32)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "index"
    with IndexStore.create(folder, IDENTITY, FUSER) as store, store.transaction() as transaction:
        for number, (name, kind, texts) in enumerate(FILES):
            _put(transaction, number, Path(name), kind, texts)
    return folder


FILES: list[tuple[str, Kind, list[SegmentText]]] = [
    ("/m/a.png", "image", [SegmentText(caption="Our ferry\nat the pier", name_words="ferry 2")]),
    ("/m/b.png", "image", [SegmentText(caption="The red bus", name_words="red bus")]),
    ("/m/c.png", "image", [SegmentText(ocr="PIER 4")]),
    (
        "/m/d.wav",
        "audio",
        [
            SegmentText(caption="Harbour news", transcript="The ferry"),
            SegmentText(caption="Harbour news", transcript="leaves at nine."),
        ],
    ),
    ("/m/e.wav", "audio", [SegmentText(caption="Silence")]),
    ("/m/f.txt", "text", [SegmentText(passage="A note.")]),
]


def _put(transaction, number: int, path: Path, kind: Kind, texts: list[SegmentText]) -> None:  # type: ignore[no-untyped-def]
    sha256 = f"{number:064x}"
    item = MediaItem(path, sha256, kind, 1, 0)
    segments = [
        Segment(f"{number:012x}.{n}", path, sha256, kind, n, text=text)
        for n, text in enumerate(texts)
    ]
    features = [Features({"text": np.array([1, 0], np.float32)}) for _ in texts]
    phash = "00000000000000ff" if kind == "image" else ""
    transaction.put(item, segments, features, ["words"] * len(texts), phash)
    if path.name == "a.png":
        seen = Extract("image", pooled=POOLED, probabilities=np.array([1.0], np.float32))
        transaction.put_extraction(sha256, KEY, extraction.pack([seen]))


def test_pictures_with_words_are_pairs_with_the_features_that_the_index_holds(folder: Path) -> None:
    found = index_pairs.read(folder, "eye")
    first, second, _ = found.pairs
    assert first.image == Path("/m/a.png")
    assert first.texts == (
        Words("Our ferry", CAPTION_WEIGHT),
        Words("at the pier", CAPTION_WEIGHT),
        Words("ferry 2", NAME_WEIGHT),
    )
    assert first.pooled is not None
    assert first.pooled.tolist() == POOLED.tolist()
    assert (first.sha256, first.phash) == ("0" * 64, "00000000000000ff")
    assert second.texts == (Words("The red bus", CAPTION_WEIGHT),)  # its name says the same
    assert second.pooled is None


def test_features_of_another_encoder_are_not_taken(folder: Path) -> None:
    assert index_pairs.read(folder, "other eye").pairs[0].pooled is None


def test_a_recording_pairs_its_words_with_all_that_is_said_in_it(folder: Path) -> None:
    talk = index_pairs.read(folder, "eye").pairs[2]
    assert (talk.image, talk.audio) == (None, Path("/m/d.wav"))
    assert talk.heard == "The ferry leaves at nine."
    assert talk.texts == (Words("Harbour news", CAPTION_WEIGHT),)


def test_what_has_no_words_is_told_and_notes_are_passed_over(folder: Path) -> None:
    refused = {r.where: r.reason for r in index_pairs.read(folder, "eye").refused}
    assert refused == {
        "/m/c.png": "the index knows no words for it",
        "/m/e.wav": "nobody speaks in it",
    }


def test_no_index_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(IndexMissingError):
        index_pairs.read(tmp_path / "none", "eye")
