"""An index is brought to another mapping or fusion without its files."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mmqa import extraction
from mmqa.errors import IndexFolderError, IndexMismatchError
from mmqa.extraction import Extract
from mmqa.fusion.concat import ConcatFuser
from mmqa.index.identity import IndexIdentity
from mmqa.index.store import IndexStore
from mmqa.records import (
    Asker,
    Calibration,
    Chunk,
    Features,
    Floats,
    ImageFeatures,
    MediaItem,
    PromptWord,
    Segment,
    SegmentText,
)
from mmqa.remapping import remap
from mmqa.segmenting import Segmenter

FUSER = ConcatFuser(2)
PRINTS = {"image_encoder": "eye", "text_encoder": "words", "mapping": "old"}
OLD = IndexIdentity("embedded", PRINTS, "concat", FUSER.width)
NEW = IndexIdentity("embedded", {**PRINTS, "mapping": "new"}, "concat", FUSER.width)
KEY = "v1;image_encoder=eye;text_recognizer=off"
PICTURE, TALK = Path("/m/a.png"), Path("/m/b.wav")


class Turned:
    """The new mapping: a picture's features, turned by a quarter; words all point right."""

    def __init__(self) -> None:
        self.encoded: list[str] = []

    def map(self, features: ImageFeatures) -> Floats:
        return features.pooled[:, ::-1].astype(np.float32)

    def hubness(self, vectors: Floats) -> Floats:
        return np.full(len(vectors), 0.25, np.float32)

    def picture_hubness(self, vectors: Floats) -> Floats:
        return np.full(len(vectors), 0.125, np.float32)

    def ask_pictures(self, vectors: Floats) -> Floats:
        return vectors

    def ask_words(self, vectors: Floats) -> Floats:
        return vectors

    def encode(self, texts: Sequence[str]) -> Floats:
        self.encoded.extend(texts)
        return np.array([[1.0, 0.0]] * len(texts), np.float32)

    def words(
        self, vectors: Floats, k: int = 8, *, of: Asker = "pictures"
    ) -> list[tuple[PromptWord, ...]]:
        return [(PromptWord("new", float(v[0])),) for v in vectors]


def unit(*values: float) -> Floats:
    return np.array(values, np.float32)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[IndexStore]:
    """A picture with a caption, and a recording whose words were kept as text, as format 2 did."""
    folder = tmp_path / "index"
    with IndexStore.create(folder, OLD, FUSER) as opened:
        with opened.transaction() as change:
            text = SegmentText(caption="cap", prompt_words=(PromptWord("old", 1.0),))
            seen = Features({"visual": unit(0.6, 0.8), "text": unit(0.0, 1.0)}, {"visual": 0.5})
            segment = Segment("aaaaaaaaaaaa.0", PICTURE, "aa", "image", 0, text=text)
            item = MediaItem(PICTURE, "aa", "image", 1, 1, tags=("mine",))
            change.put(item, [segment], [seen], ["cap old"], "f" * 16)
            change.put_extraction(
                "aa", KEY, extraction.pack([Extract("image", pooled=unit(0.6, 0.8))])
            )
            said = Segment("bbbbbbbbbbbb.0", TALK, "bb", "audio", 0, 0.0, 1.0)
            said = Segment(
                said.id, TALK, "bb", "audio", 0, 0.0, 1.0, text=SegmentText(transcript="hello")
            )
            heard = Features({"text": unit(0.8, 0.6)})
            change.put(MediaItem(TALK, "bb", "audio", 1, 1), [said], [heard], ["hello"])
            change.put_calibration({"text": Calibration(0.5, 0.1)})
        opened.flush()
        yield opened


def features_of(store: IndexStore, path: Path) -> Features:
    (number,) = store.item_rowids(path)
    return store.features([number])[0]


def moved(store: IndexStore, turned: Turned, identity: IndexIdentity = NEW) -> bool:
    return remap(store, identity, Segmenter(lambda: turned, turned, turned))  # type: ignore[arg-type]


def test_pictures_are_mapped_anew_from_what_was_kept_of_them(store: IndexStore) -> None:
    turned = Turned()
    assert moved(store, turned)
    seen = features_of(store, PICTURE)
    assert seen.vectors["visual"].tolist() == pytest.approx([0.8, 0.6], abs=1e-3)
    assert dict(seen.hubness) == {"visual": 0.25, "text": 0.25}
    assert dict(seen.picture_hubness) == {"visual": 0.125, "text": 0.125}


def test_prompt_words_are_those_of_the_new_mapping_and_can_be_searched(store: IndexStore) -> None:
    moved(store, Turned())
    (segment,) = store.item_segments(PICTURE)
    assert [word.word for word in segment.text.prompt_words] == ["new"]
    with store.snapshot() as view:
        found = [n for n, _ in view.lexical('"new"', 5)]
        assert found == [*store.item_rowids(PICTURE), *store.item_rowids(TALK)]
        assert view.lexical('"old"', 5) == []


def test_words_keep_their_vectors_unless_they_are_of_another_modality_now(store) -> None:
    turned = Turned()
    moved(store, turned)
    assert turned.encoded == ["hello"]
    assert features_of(store, PICTURE).vectors["text"].tolist() == [0.0, 1.0]
    assert set(features_of(store, TALK).vectors) == {"speech"}


def test_all_else_of_a_file_stays(store: IndexStore) -> None:
    before = store.items(), store.phash(PICTURE), store.item_segments(TALK)[0]
    moved(store, Turned())
    (talk,) = store.item_segments(TALK)
    talk = replace(talk, text=replace(talk.text, prompt_words=()))  # those are new
    assert (store.items(), store.phash(PICTURE), talk) == before
    assert store.known(PICTURE).tags == ("mine",)


def test_what_was_derived_and_measured_is_forgotten_and_made_again(store: IndexStore) -> None:
    moved(store, Turned())
    assert store.faiss_segments() == []
    assert store.calibration() == {}
    assert store.calibration_stale()
    store.rebuild()
    assert store.verify() == []
    with store.snapshot() as view:
        own = view.fused(store.item_rowids(PICTURE))[0]
        assert view.search(own, 1)[0] == store.item_rowids(PICTURE)


def test_the_index_knows_what_made_it(store: IndexStore) -> None:
    moved(store, Turned())
    assert IndexStore.stored_identity(store.folder) == NEW == store.identity
    assert '"mapping" = "new"' in (store.folder / "index.toml").read_text()
    with pytest.raises(IndexMismatchError, match="rebuild"):
        IndexStore.open(store.folder, OLD, FUSER)


def test_a_reader_that_was_open_says_that_the_index_is_another_now(store: IndexStore) -> None:
    with IndexStore.open(store.folder, OLD, FUSER) as reader:
        with reader.snapshot() as view:
            assert view.count == 2
        moved(store, Turned())
        with pytest.raises(IndexMismatchError, match="mapping"), reader.snapshot():
            pass


def test_another_fusion_needs_no_features(store: IndexStore) -> None:
    with store.transaction() as change:
        change.execute("DELETE FROM extractions")
    other = IndexIdentity("embedded", PRINTS, "weighted", FUSER.width)
    before = features_of(store, PICTURE).vectors["visual"].tolist()
    assert moved(store, Turned(), other)
    assert features_of(store, PICTURE).vectors["visual"].tolist() == pytest.approx(before, abs=1e-3)


def test_without_the_features_of_a_picture_nothing_is_changed(store: IndexStore) -> None:
    with store.transaction() as change:
        change.execute("DELETE FROM extractions")
    with pytest.raises(IndexFolderError, match=r"features of '/m/a\.png' were not kept"):
        moved(store, Turned())
    assert IndexStore.stored_identity(store.folder) == OLD
    assert features_of(store, PICTURE).vectors["visual"].tolist() == pytest.approx(
        [0.6, 0.8], abs=1e-3
    )
    assert store.verify() == []


def test_cancelled_it_leaves_everything_as_it_was(store: IndexStore) -> None:
    turned, told = Turned(), list[Chunk]()
    segmenter = Segmenter(lambda: turned, turned, turned)  # type: ignore[arg-type]
    assert not remap(store, NEW, segmenter, told.append, lambda: True)
    assert told == []
    assert store.identity == OLD
    assert store.calibration() == {"text": Calibration(0.5, 0.1)}
    assert store.verify() == []
