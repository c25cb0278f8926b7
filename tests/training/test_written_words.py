"""Words in pictures: what stands there, what is asked, and which words are kept for the test."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest

from mmqa.corpora import fetch
from mmqa.corpora.openclipart import WORDS
from mmqa.training.lettering import COLOURS
from mmqa.training.visual_examples import Example, Split
from mmqa.training.written_words import examples, made_up, misread, side

SPLITS: tuple[Split, ...] = ("train", "development", "test")


@pytest.fixture(scope="module")
def corpora(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("corpora")
    file = root / f"english-words-{fetch.packages()['english-words'].sha256[:12]}" / WORDS
    file.parent.mkdir(parents=True)
    rng = random.Random(0)
    file.write_text("\n".join({made_up(rng) for _ in range(500)}), encoding="utf-8")
    return root


def words(found: list[Example]) -> set[str]:
    return {word for e in found for word in e.group.split()}


def test_no_word_stands_on_two_sides(corpora: Path) -> None:
    train, development, test = (words(examples(s, 150, folder=corpora)) for s in SPLITS)
    assert not train & test
    assert not train & development
    assert {side(word) for word in test} == {"test"}


def test_the_answer_is_what_was_read_line_after_line(corpora: Path) -> None:
    for example in examples("test", 60, folder=corpora):
        read, yes, no, colour = example.asked
        assert read.answer == " ".join(example.read[0].split("\n"))
        assert read.answer.lower() == example.group
        assert read.answer in yes.question
        assert (yes.answer, no.answer) == ("yes", "no")
        assert colour.answer in COLOURS


def test_a_wrong_text_is_never_the_right_one(corpora: Path) -> None:
    for example in examples("train", 200, folder=corpora):
        read, no = example.asked[0].answer, example.asked[2].question
        assert f'"{read}"' not in no
        assert f" {read}?" not in no


def test_only_in_training_is_anything_misread(corpora: Path) -> None:
    slips = [
        e.group != " ".join(e.read[0].split("\n")).lower()
        for e in examples("train", 300, folder=corpora)
    ]
    assert 0.05 < np.mean(slips) < 0.2


def test_the_same_seed_gives_the_same_pictures_and_another_gives_others(corpora: Path) -> None:
    one, again = (examples("train", 3, folder=corpora) for _ in range(2))
    other = examples("train", 3, seed=1, folder=corpora)
    assert [e.asked for e in one] == [e.asked for e in again]
    assert np.array_equal(one[0].pictures[0]().pixels, again[0].pictures[0]().pixels)
    assert [e.group for e in one] != [e.group for e in other]


def test_misreading_changes_one_place_and_never_a_line_break() -> None:
    rng = random.Random(0)
    for text in ("EXIT\nONLY", "modern", "1984", "ab"):
        for _ in range(30):
            read = misread(text, rng)
            assert read != text
            assert read.count("\n") == text.count("\n")
            assert abs(len(read) - len(text)) <= 1


@pytest.mark.weights
def test_ocr_reads_nearly_all_of_them(corpora: Path) -> None:
    from mmqa.config import Config
    from mmqa.parts import Parts

    recognizer = Parts(Config()).text_recognizer
    found = examples("test", 20, folder=corpora)
    right = [recognizer.recognize(e.pictures[0]()) == e.read[0] for e in found]
    assert sum(right) >= 18
