"""easy-VQA as examples: what is kept out of training, and what is asked."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest

from mmqa.corpora.easy_vqa import Shape
from mmqa.errors import CorpusError
from mmqa.training import easy_vqa
from mmqa.training.scene_plans import HELD_OUT as SCENES_HELD_OUT


def shape(number: int, colour: str = "red", name: str = "triangle") -> Shape:
    asked = ((f"is there a {name}?", "yes"), ("what color is the shape?", colour))
    return Shape("train", number, Path(f"{number}.png"), colour, name, asked)


@pytest.fixture
def shapes(monkeypatch: pytest.MonkeyPatch) -> list[Shape]:
    pairs = [("red", "circle"), ("red", "triangle"), ("teal", "circle"), ("blue", "rectangle")]
    listed = [shape(n, *pairs[n % 4]) for n in range(400)]
    monkeypatch.setattr(easy_vqa.easy_vqa, "load", lambda *_, **__: listed)
    return listed


def test_pairs_that_are_kept_out_are_neither_trained_nor_developed_on(shapes: list[Shape]) -> None:
    seen = [*easy_vqa.examples("train"), *easy_vqa.examples("development")]
    assert {e.group for e in seen} == {"red triangle", "teal circle"}
    assert len(seen) == 200


def test_the_test_part_is_whole(shapes: list[Shape]) -> None:
    assert len(easy_vqa.examples("test")) == len(shapes)
    assert {e.group for e in easy_vqa.examples("test")} >= {"red circle", "blue rectangle"}


def test_a_tenth_of_the_pictures_is_for_development_by_a_hash_of_their_number(
    shapes: list[Shape],
) -> None:
    numbers = [int(e.key.removeprefix("train/")) for e in easy_vqa.examples("development")]
    digests = [hashlib.sha256(f"mmqa easy-vqa\0{n}".encode()).digest() for n in range(400)]
    tenth = [n for n, d in enumerate(digests) if d[0] * 256 + d[1] < 0.1 * 65536]
    assert numbers == [n for n in tenth if n % 4 in (1, 2)]
    assert 5 < len(numbers) < 40


def test_the_pairs_kept_out_differ_in_colour_and_shape_and_scenes_keep_them_out_too() -> None:
    pairs = [tuple(pair.split()) for pair in easy_vqa.HELD_OUT]
    assert len({c for c, _ in pairs}) == len({s for _, s in pairs}) == len(pairs) == 3
    kept_out = SCENES_HELD_OUT["test"] - SCENES_HELD_OUT["development"]
    assert set(pairs) <= kept_out
    assert not set(pairs) & SCENES_HELD_OUT["train"]


def test_questions_keep_their_words_and_get_a_kind_and_a_wording(shapes: list[Shape]) -> None:
    first = next(e for e in easy_vqa.examples("train") if e.group == "teal circle")
    there, colour = first.asked
    assert (there.question, there.answer, there.kind) == ("is there a circle?", "yes", "yes-no")
    assert there.phrasing == "easy-vqa.is there a _?"
    assert (colour.answer, colour.kind) == ("teal", "colour")


def test_pictures_are_read_only_when_they_are_needed(shapes: list[Shape]) -> None:
    first = easy_vqa.examples("train")[0]
    with pytest.raises(CorpusError, match="cannot be read"):
        first.pictures[0]()


@pytest.mark.corpus
def test_the_public_test_has_its_9_673_questions_and_training_none_of_its_pictures() -> None:
    test, train = easy_vqa.examples("test"), easy_vqa.examples("train")
    assert sum(len(e.asked) for e in test) == 9673
    assert not {e.key for e in test} & {e.key for e in train}
    assert not {e.group for e in train} & set(easy_vqa.HELD_OUT)
    assert np.asarray(test[0].pictures[0]().pixels).shape == (64, 64, 3)
