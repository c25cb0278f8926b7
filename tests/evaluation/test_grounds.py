"""A collection made ready: weights, words and ConSE, with small stand-ins for the models."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from mmqa.evaluation import grounds
from mmqa.evaluation.collection import Collection, load
from mmqa.extraction import Extract, pack
from mmqa.fusion.concat import ConcatFuser
from mmqa.index.identity import IndexIdentity
from mmqa.index.store import IndexStore
from mmqa.mapping.closed_form import ClosedFormMapping
from mmqa.records import Features, MediaItem, Segment, Weighing

EAST, NORTH = np.array([1, 0], np.float32), np.array([0, 1], np.float32)


class Encoder:
    """Words with an "e" lie east, others north."""

    def encode(self, texts):
        return np.stack([EAST if "e" in text else NORTH for text in texts])


class Identity:
    bank = picture_bank = np.stack([EAST, NORTH])
    picture_calibration: Mapping = {}

    def ask_words(self, vectors):
        return vectors

    ask_pictures = ask_words


class Listens:
    """A router that always listens, and remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def weigh(self, text, vector):
        self.asked.append(text)
        return Weighing({"visual": 0.0, "text": 0.0, "speech": 1.0}, "learned")


PARTS = SimpleNamespace(
    text_encoder=Encoder(), image_encoder=None, mapping=Identity(), languages=("en",)
)


@pytest.fixture
def collection(tmp_path: Path) -> Collection:
    fuser = ConcatFuser(2)
    folder, identity = tmp_path / "index", IndexIdentity("test", {}, fuser.name, fuser.width)
    chances = np.array([0.25, 0.75], np.float32)
    with IndexStore.create(folder, identity, fuser) as store, store.transaction() as change:
        for name, kind, words in (("a.png", "image", ""), ("b.txt", "text", "the red kite")):
            item = MediaItem(Path("/m") / name, name, kind, 1, 0)
            segment = Segment(f"{name[0] * 12}.0", item.path, name, kind, 0)
            modality = "visual" if kind == "image" else "text"
            change.put(item, [segment], [Features({modality: EAST})], [words])
        extract = Extract("image", pooled=np.zeros(3, np.float32), probabilities=chances)
        change.put_extraction("a.png", "key", pack([extract]))
    file = tmp_path / "q.jsonl"
    lines = (
        {"question": "red kite", "relevant": ["b.txt"]},
        {"question": "a fish in the picture", "relevant": ["a.png"]},
        {"question": "囹圄", "relevant": ["a.png"]},
    )
    file.write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")
    return load(file, folder)


def test_questions_are_encoded_together_and_what_is_not_understood_asks_nothing(
    collection: Collection,
) -> None:
    ground = grounds.ground(collection, PARTS)
    red, fish, unknown = ground.questions()
    assert red.words["text"].tolist() == EAST.tolist()
    assert set(fish.words) == {"visual", "text", "speech"}
    assert not unknown.words


def test_words_score_what_holds_them_and_nothing_else(collection: Collection) -> None:
    scores = grounds.ground(collection, PARTS).lexical()
    assert scores.shape == (3, 2)
    assert scores[0, 1] > 3
    assert scores[0, 0] == scores[1, 0] == 0


def test_a_router_weighs_unless_the_words_say_where_to_look(collection: Collection) -> None:
    ground, router = grounds.ground(collection, PARTS), Listens()
    found = grounds.routed(PARTS, router, said=True)(ground)
    assert [one.by for one in found] == ["learned", "words", "uniform"]
    assert max(found[1].weights, key=found[1].weights.__getitem__) == "visual"
    assert router.asked == ["red kite"]
    alone = grounds.routed(PARTS, router, said=False)(ground)
    assert [one.by for one in alone] == ["learned", "learned", "uniform"]
    words = grounds.routed(PARTS, None, said=True)(ground)
    assert [one.by for one in words] == ["uniform", "words", "uniform"]


def test_conse_is_the_mean_of_the_classes_by_their_probabilities(collection: Collection) -> None:
    weights = SimpleNamespace(
        classes=np.stack([EAST, NORTH]),
        temperature=1.0,
        bank=Identity.bank,
        picture_bank=Identity.bank,
    )
    change = grounds.by_conse(collection, ClosedFormMapping(weights))
    assert change is not None
    picture, note = change(collection.features)
    assert picture.vectors["visual"] == pytest.approx(np.array([0.25, 0.75]) / np.hypot(0.25, 0.75))
    assert picture.hubness["visual"] == pytest.approx(1.0 / np.hypot(0.25, 0.75) / 4)
    assert note is collection.features[1]


def test_another_mapping_has_no_conse(collection: Collection) -> None:
    assert grounds.by_conse(collection, Identity()) is None


def test_without_a_mapping_there_are_only_words(collection: Collection) -> None:
    picture, note = grounds.no_pictures(collection.features)
    assert not picture.vectors
    assert set(note.vectors) == {"text"}
