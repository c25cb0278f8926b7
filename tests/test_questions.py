"""Questions become vectors with the statistics of their kind."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mmqa.questions import question_parts
from mmqa.records import Calibration, Features, Floats, ImageFeatures, Modality, Picture, Question

WORDS = {"visual": Calibration(0.1, 0.2), "text": Calibration(0.0, 0.3)}
PICTURES = {"visual": Calibration(0.5, 0.1), "text": Calibration(0.2, 0.1)}


class Plane:
    """Two dimensions: words point right, pictures point up."""

    fingerprint = "plane"
    width = 2
    bank = np.eye(2, dtype=np.float32)
    picture_calibration = PICTURES

    def encode(self, texts: Sequence[str]) -> Floats:
        return np.array([[1.0, 0.0]] * len(texts), np.float32)

    def map(self, features: ImageFeatures) -> Floats:
        return np.array([[0.0, 1.0]] * len(features.pooled), np.float32)

    def hubness(self, modality: Modality, vectors: Floats) -> Floats:
        return np.zeros(len(vectors), np.float32)


class Eye:
    fingerprint = "eye"

    def encode(self, pictures: Sequence[Picture], *, grid: bool = False) -> ImageFeatures:
        return ImageFeatures(np.ones((len(pictures), 3), np.float32))


def parts(question: Question) -> list[tuple[Features, object]]:
    found = question_parts(question, Plane, Eye, Plane(), WORDS)
    return [(part.features, part.calibration) for part in found]


def test_words_ask_every_modality_with_the_statistics_of_the_index() -> None:
    ((features, calibration),) = parts(Question("a cat"))
    assert {m: v.tolist() for m, v in features.vectors.items()} == {
        "visual": [1.0, 0.0],
        "text": [1.0, 0.0],
    }
    assert calibration is WORDS


def test_a_picture_asks_with_its_mapped_vector_and_its_own_statistics() -> None:
    blank = Picture(np.zeros((2, 2, 3), np.uint8))
    words, first, second = parts(Question("a cat", (blank, blank)))
    assert words[1] is WORDS
    assert first[0].vectors["visual"].tolist() == [0.0, 1.0]
    assert first[1] is PICTURES
    assert second[1] is PICTURES


def test_without_words_only_the_pictures_ask() -> None:
    assert len(parts(Question("", (Picture(np.zeros((2, 2, 3), np.uint8)),)))) == 1
