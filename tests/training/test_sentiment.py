"""What a head of sentiment is given: labels, sides and features, over made-up ratings."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mmqa.applications.sentiment.cues import CUES
from mmqa.errors import UsageError
from mmqa.records import Features, Media, MediaItem, PromptWord, Recording
from mmqa.training.labelled import Example, Labelled
from mmqa.training.sentiment import Means, Public, _bare, joined, label_of_rating, of_user, only


class Mapping:
    bank = np.zeros((2, 40), np.float32)


class Words:
    def words(self, vectors: np.ndarray) -> list[tuple[PromptWord, ...]]:
        return [(PromptWord("smile", 1.0),) for _ in vectors]


class Tone:
    def read(self, path: Path) -> Media:
        at = np.arange(16_000) / 16_000
        sound = Recording((0.4 * np.sin(2 * np.pi * 200 * at)).astype(np.float32))
        return Media(MediaItem(path, "", "audio", 1, 1), [sound])


MEANS = Means(Mapping(), Words(), lambda texts: np.zeros((len(texts), 40), np.float32))  # type: ignore[arg-type]


def unit() -> np.ndarray:
    vector = np.zeros(40, np.float32)
    vector[0] = 1
    return vector


def rows() -> Labelled:
    examples = (
        Example("positive", "a, line 1", image=Path("a.png"), text="a lovely day"),
        Example("happy", "a, line 2", text="x"),
        Example("negative", "a, line 3", audio=Path("b.wav")),
    )
    vectors = ({"visual": unit(), "text": unit()}, {"text": unit()}, {"speech": unit()})
    features = tuple(Features(one) for one in vectors)
    heard = ("", "", "what an awful day")
    return Labelled(examples, features, ("train", "train", "test"), ("a, line 4: no",), heard)


def test_vectors_get_what_is_rated_beside_them_and_sound_its_own_modality() -> None:
    found = of_user(rows(), MEANS, Tone())
    seen, said = found.features
    assert set(seen.vectors) == {"visual", "text"} and set(said.vectors) == {"speech", "acoustic"}
    assert {v.shape for v in (*seen.vectors.values(), *said.vectors.values())} == {(40 + CUES,)}
    assert seen.vectors["visual"][-2] > 0 and seen.vectors["text"][-2] > 0
    assert said.vectors["speech"][-2] < 0
    assert found.sides == ("train", "test")


def test_other_labels_are_refused_with_their_line() -> None:
    found = of_user(rows(), MEANS, Tone())
    assert found.refused[0] == "a, line 4: no"
    assert found.refused[1].startswith("a, line 2: 'happy' is none of the labels negative,")


def test_without_any_of_the_labels_there_is_nothing_to_learn() -> None:
    with pytest.raises(UsageError, match="no row has one of the labels"):
        of_user(
            Labelled((Example("happy"),), (Features({}),), ("train",), (), ("",)), MEANS, Tone()
        )


def test_a_modality_alone_leaves_out_what_has_none_of_it() -> None:
    alone = only(rows(), ["visual"])
    assert [one.where for one in alone.examples] == ["a, line 1"]
    assert set(alone.features[0].vectors) == {"visual"}


def test_ratings_near_nothing_are_neutral() -> None:
    assert label_of_rating(0.125) == label_of_rating(-0.125) == "neutral"


def test_public_ratings_are_joined_in_order() -> None:
    part = Public(rows(), ("g",) * 3, ((),) * 3)
    assert len(joined([part, part]).examples) == 6


def test_the_mark_for_coloured_pictures_is_no_part_of_an_emoji() -> None:
    assert _bare("❤️") == "❤"
