"""The data of the shipped fusers, made here from two tiny collections instead of the corpora."""

from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from mmqa.evaluation.collection import Collection
from mmqa.evaluation.questions_file import AskedFor
from mmqa.records import Features, Segment, SegmentText
from mmqa.training.fusion_corpora import joined, with_unfitted


def vector(*values: float) -> np.ndarray:
    return np.array(values, np.float32)


@dataclass
class Encoder:
    """Texts → their number of letters and words; what it was given is kept."""

    seen: list[str]

    def encode(self, texts: list[str]) -> np.ndarray:
        self.seen.extend(texts)
        return np.array([[len(text), len(text.split())] for text in texts], np.float32)


class Mapping:
    """Hubness is the first number of a vector, and ten times it among pictures."""

    def hubness(self, vectors: np.ndarray) -> np.ndarray:
        return vectors[:, 0]

    def picture_hubness(self, vectors: np.ndarray) -> np.ndarray:
        return 10 * vectors[:, 0]

    def ask_pictures(self, vectors: np.ndarray) -> np.ndarray:
        return vectors

    ask_words = ask_pictures


def collection(side: str, names: tuple[str, ...]) -> Collection:
    segments = tuple(
        Segment(
            f"{side}{n}.0",
            Path(f"/{side}/{name}"),
            f"{side}{n}",
            "image",
            0,
            text=SegmentText(caption=f"the {side} fair"),
        )
        for n, name in enumerate(names)
    )
    features = tuple(Features({"visual": vector(1, 0), "text": vector(0, 1)}) for _ in names)
    asked = [
        (AskedFor(f"{side} {name}", (name,)), frozenset({segment.path}))
        for name, segment in zip(names, segments, strict=True)
    ]
    picture = (AskedFor("", names, image=Path("a.jpg")), frozenset({segments[0].path}))
    return Collection(side, segments, features, (*asked, picture))


def test_drawings_take_the_vector_of_a_fit_that_did_not_see_them_and_hubness_to_match():
    found = with_unfitted(
        collection("train", ("drawn.png", "photo.jpg")),
        {"drawn.png": ("openmoji", "1F34E"), "photo.jpg": ("stamps", "1F34E")},
        {("openmoji", "1F34E"): vector(0.6, 0.8)},
        Mapping(),
    )
    drawn, photo = found.features
    np.testing.assert_array_equal(drawn.vectors["visual"], vector(0.6, 0.8))
    np.testing.assert_array_equal(drawn.vectors["text"], vector(0, 1))
    assert drawn.hubness["visual"] == pytest.approx(0.6)
    assert drawn.picture_hubness["visual"] == pytest.approx(6)
    np.testing.assert_array_equal(photo.vectors["visual"], vector(1, 0))


def test_one_side_teaches_the_other_chooses_and_weak_questions_only_teach():
    encoder = Encoder([])
    data = joined(
        collection("train", ("a.png", "b.png")),
        collection("development", ("a.png", "c.png")),
        SimpleNamespace(text_encoder=encoder),
    )
    assert len(data.segments) == 4
    by_people = [q.segments for q in data.questions if q.source is None]
    assert by_people == [(0,), (1,), (2,), (3,)], "a picture that asks is left out"
    assert [q.segments for q in data.questions if q.source == "text"] == [(0, 1)]
    kept = [q.segments for q, out in zip(data.questions, data.kept_back, strict=True) if out]
    assert kept == [(2,), (3,)]
    assert not any("development fair" in text for text in encoder.seen)
