"""Questions become vectors with the statistics of their kind."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mmqa.questions import Understood, encoded, question_parts, question_parts_many, understood
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
    found = question_parts(encoded(question, Plane, Eye, Plane()), Plane(), WORDS)
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


def asked_words(question: str, *languages: str) -> list[str]:
    """What the encoder is given."""
    given: list[str] = []

    class Listening(Plane):
        def encode(self, texts: Sequence[str]) -> Floats:
            given.extend(texts)
            return super().encode(texts)

    encoded(Question(question), Listening, Eye, Plane(), languages=languages)
    return given


def test_an_encoder_without_chinese_is_given_the_english_of_the_glossary() -> None:
    assert asked_words("哪张照片里有自行车？", "en") == ["bicycle"]


def test_an_encoder_that_knows_the_language_is_given_the_question() -> None:
    assert asked_words("哪张照片里有自行车？") == ["哪张照片里有自行车？"]
    assert asked_words("哪张照片里有自行车？", "en", "zh") == ["哪张照片里有自行车？"]
    assert asked_words("a cat", "en") == ["a cat"]


def test_words_of_which_nothing_is_understood_have_no_part() -> None:
    assert asked_words("囹圄饕餮？", "en") == []
    assert asked_words("自行车？", "fr") == []
    blank = Picture(np.zeros((2, 2, 3), np.uint8))
    both = Question("囹圄饕餮？", (blank,))
    vectors = encoded(both, Plane, Eye, Plane(), languages=("en",))
    found = question_parts(vectors, Plane(), WORDS)
    assert [part.calibration for part in found] == [PICTURES]


def test_what_the_glossary_lacks_is_remembered() -> None:
    assert understood("王强的自行车", ("en",)) == Understood("bicycle", ("王强",))
    assert understood("自行车", ("fr",)) == Understood("", ("自行车",))


def test_several_questions_are_encoded_at_once_and_each_keeps_its_place() -> None:
    given: list[Sequence[str]] = []

    class Listening(Plane):
        def encode(self, texts: Sequence[str]) -> Floats:
            given.append(texts)
            return np.eye(2, dtype=np.float32)[: len(texts)]

    texts = ["a cat", "囹圄饕餮？", "自行车？"]
    first, none, last = question_parts_many(texts, Listening, WORDS, languages=("en",))
    assert given == [["a cat", "bicycle"]]
    assert [part.features.vectors["text"].tolist() for part in first] == [[1.0, 0.0]]
    assert [part.features.vectors["text"].tolist() for part in last] == [[0.0, 1.0]]
    assert none == []
