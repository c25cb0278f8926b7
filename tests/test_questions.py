"""Questions become vectors with the statistics of their kind."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from mmqa.questions import Asking, Understood, question_parts, strengths, understood
from mmqa.records import (
    Calibration,
    Features,
    Floats,
    ImageFeatures,
    Picture,
    Question,
    Weighing,
    Wording,
)

BLANK = Picture(np.zeros((2, 2, 3), np.uint8))
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

    def ask_pictures(self, vectors: Floats) -> Floats:
        return vectors[:, ::-1]  # a text tower that turns by a quarter

    def ask_words(self, vectors: Floats) -> Floats:
        return vectors[:, ::-1]


class Eye:
    fingerprint = "eye"

    def encode(self, pictures: Sequence[Picture], *, grid: bool = False) -> ImageFeatures:
        return ImageFeatures(np.ones((len(pictures), 3), np.float32))


ASKING = Asking(Plane, Eye, Plane())


def parts(question: Question) -> list[tuple[Features, object]]:
    found = question_parts(ASKING.encoded(question), Plane(), WORDS)
    return [(part.features, part.calibration) for part in found]


def test_words_ask_every_modality_with_the_statistics_of_the_index() -> None:
    ((features, calibration),) = parts(Question("a cat"))
    assert {m: v.tolist() for m, v in features.vectors.items()} == {
        "visual": [0.0, 1.0],
        "text": [1.0, 0.0],
        "speech": [1.0, 0.0],
    }
    assert calibration is WORDS


def test_a_picture_asks_with_its_mapped_vector_and_its_own_statistics() -> None:
    words, first, second = parts(Question("a cat", (BLANK, BLANK)))
    assert words[1] is WORDS
    assert {m: v.tolist() for m, v in first[0].vectors.items()} == {
        "visual": [0.0, 1.0],
        "text": [1.0, 0.0],
        "speech": [1.0, 0.0],
    }
    assert first[1] == second[1] == PICTURES


def test_what_no_picture_was_calibrated_against_is_taken_from_the_index() -> None:
    known = {**WORDS, "speech": Calibration(0.7, 0.1)}
    (part,) = question_parts(ASKING.encoded(Question("", (BLANK,))), Plane(), known)
    assert part.calibration == {**PICTURES, "speech": Calibration(0.7, 0.1)}
    assert part.asked_by == "pictures"


def test_without_words_only_the_pictures_ask() -> None:
    assert len(parts(Question("", (BLANK,)))) == 1


def asked_words(question: str, *languages: str) -> list[str]:
    """What the encoder is given."""
    given: list[str] = []

    class Listening(Plane):
        def encode(self, texts: Sequence[str]) -> Floats:
            given.extend(texts)
            return super().encode(texts)

    Asking(Listening, Eye, Plane(), languages=languages).encoded(Question(question))
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
    both = Question("囹圄饕餮？", (BLANK,))
    vectors = Asking(Plane, Eye, Plane(), languages=("en",)).encoded(both)
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
    encoded = Asking(Listening, Eye, Plane(), languages=("en",)).encoded_many(texts)
    first, none, last = (question_parts(one, Plane(), WORDS) for one in encoded)
    assert given == [["a cat", "bicycle"]]
    assert [part.features.vectors["text"].tolist() for part in first] == [[1.0, 0.0]]
    assert [part.features.vectors["text"].tolist() for part in last] == [[0.0, 1.0]]
    assert none == []


class Reversed(Plane):
    """Knows one more wording, which points up."""

    def encode(self, texts: Sequence[str]) -> Floats:
        return np.array([[0.0, 1.0] if t == "feline" else [1.0, 0.0] for t in texts], np.float32)


class Feline:
    name = "feline"

    def wordings(self, text: str, vector: Floats | None) -> tuple[Wording, ...]:
        return (Wording("feline", 0.75, ("text",)),)


def test_further_wordings_are_averaged_in_for_the_modalities_they_are_for() -> None:
    asking = Asking(Reversed, Eye, Plane(), prompts=lambda: [Feline()])
    words = asking.encoded(Question("a cat")).words
    # (1, 0) + 0.75 (0, 1) at unit length
    assert words["text"].tolist() == pytest.approx([0.8, 0.6])
    assert words["speech"].tolist() == [1.0, 0.0]


class Looking:
    fingerprint = "looking"

    def weigh(self, text: str, vector: Floats | None) -> Weighing:
        return Weighing({"visual": 0.8, "text": 0.1, "speech": 0.1}, "learned")


SAID = Weighing({"visual": 0.0, "text": 0.0, "speech": 1.0}, "words")


def test_the_router_weighs_the_words_and_not_the_picture() -> None:
    asking = Asking(Plane, Eye, Plane(), router=Looking)
    words, picture = question_parts(asking.encoded(Question("a cat", (BLANK,))), Plane(), WORDS)
    assert words.weights["visual"] == pytest.approx(8 * words.weights["text"])
    assert picture.weights == {"visual": 0.5, "text": 0.5, "speech": 0.5}


def test_what_the_user_says_outweighs_the_router_and_holds_for_the_picture_too() -> None:
    asking = Asking(Plane, Eye, Plane(), router=Looking, said=lambda text: SAID)
    encoded = asking.encoded(Question("like this, in a recording", (BLANK,)))
    assert encoded.weighing is SAID
    for part in question_parts(encoded, Plane(), WORDS):
        assert part.weights["speech"] > 0 == part.weights["visual"]


def test_noise_of_any_weighing_is_as_loud_as_that_of_the_even_one() -> None:
    learned = Looking().weigh("", None).weights
    assert sum(w**2 for w in strengths(learned).values()) == pytest.approx(3 * 0.5**2)
    assert strengths({"visual": 0.0}) == {}
