"""Prompts about pictures: what is known of them stands beside them, and is found out once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mmqa.errors import ConfigError
from mmqa.looking import REMEMBERED, WORDS, Looker, PictureDescriber, shown, words_of
from mmqa.prompts.looking import PictureWords
from mmqa.prompts.template import Templates
from mmqa.records import (
    PICTURE_MARK,
    Floats,
    ImageFeatures,
    Picture,
    Prompt,
    PromptWord,
    Segment,
    SegmentText,
)


class Parts:
    """Parts that see one number in a picture, its first, and name and read it."""

    def __init__(self) -> None:
        self.looked: list[int] = []
        self.read: list[int] = []
        self.image_encoder = self.mapping = self.prompt_words = self.text_recognizer = self
        self.fingerprint = "parts"

    def encode(self, pictures: Sequence[Picture], *, grid: bool = False) -> ImageFeatures:
        firsts = [int(p.pixels[0, 0, 0]) for p in pictures]
        self.looked += firsts
        return ImageFeatures(np.array(firsts, np.float32)[:, None])

    def map(self, features: ImageFeatures) -> Floats:
        return features.pooled

    def words(self, vectors: Floats, count: int) -> list[tuple[PromptWord, ...]]:
        return [
            tuple(PromptWord(f"word{int(v[0])}-{n}", 1.0 - n / 10) for n in range(count))
            for v in vectors
        ]

    def recognize(self, picture: Picture) -> str:
        self.read.append(int(picture.pixels[0, 0, 0]))
        return f"SIGN\n{picture.pixels[0, 0, 0]}"


def picture(number: int) -> Picture:
    return Picture(np.full((3, 3, 3), number, np.uint8))


@pytest.fixture
def parts() -> Parts:
    return Parts()


def looker(parts: Any, **given: Any) -> Looker:
    return Looker(parts, **given)


def text(prompt: Prompt) -> str:
    (message,) = prompt.messages
    assert message.role == "user"
    return message.text.replace(PICTURE_MARK, "@")


def test_the_picture_comes_first_then_what_is_known_and_the_question_last(parts: Parts) -> None:
    seven = picture(7)
    prompt = looker(parts).prompt("How many dogs are there?", [seven])
    assert text(prompt) == (
        "@\nLooks like: word7-0, word7-1, word7-2, word7-3, word7-4\n"
        'Text in it: "SIGN / 7"\n'
        "Question: How many dogs are there?\nAnswer with a number."
    )
    assert prompt.pictures == (seven,)


def test_several_pictures_are_numbered_each_with_its_own_words(parts: Parts) -> None:
    told = text(looker(parts, ocr=False).prompt("Are both red?", [picture(1), picture(2)]))
    lines = told.splitlines()
    assert lines[0] == "Picture 1: @"
    assert lines[1].startswith("Looks like: word1-0,")
    assert lines[2] == "Picture 2: @"
    assert lines[3].startswith("Looks like: word2-0,")
    assert lines[4] == "Question: Are both red?"


def test_no_question_asks_for_a_description(parts: Parts) -> None:
    told = text(looker(parts, ocr=False).prompt("", [picture(1)]))
    assert told.endswith("word1-4\nDescribe the picture in one sentence.")
    assert "Question" not in told


def test_a_chinese_question_gets_the_chinese_template(parts: Parts) -> None:
    languages: list[str] = []

    def templates(language: str) -> Templates:
        languages.append(language)
        return Templates(language)

    looker(parts, templates=templates).prompt("图片里有几只狗?", [picture(1)])
    assert languages == ["zh"]


def test_without_ocr_nothing_is_read(parts: Parts) -> None:
    told = text(looker(parts, ocr=False).prompt("Is it red?", [picture(1)]))
    assert parts.read == []
    assert "Text in it" not in told


def test_a_picture_is_looked_at_once_for_all_its_questions(parts: Parts) -> None:
    made, one = looker(parts), picture(1)
    for question in ("Is it red?", "Is it blue?"):
        made.prompt(question, [one])
    assert (parts.looked, parts.read) == ([1], [1])
    made.words(picture(1))  # another that looks the same
    assert parts.looked == [1, 1]


def test_a_picture_in_the_place_of_one_that_is_gone_is_not_taken_for_it(parts: Parts) -> None:
    made = looker(parts, ocr=False)
    for number in range(40):  # Python gives their places in memory out again
        assert made.words(picture(number)).words[0] == f"word{number}-0"


def test_only_the_latest_are_remembered(parts: Parts) -> None:
    made = looker(parts, ocr=False)
    pictures = [picture(n) for n in range(REMEMBERED + 1)]
    for one in pictures:
        made.words(one)
    made.words(pictures[-1])
    made.words(pictures[1])
    assert len(parts.looked) == REMEMBERED + 1
    made.words(pictures[0])
    assert parts.looked[REMEMBERED + 1 :] == [0]


def test_of_an_indexed_picture_the_index_knows_the_words() -> None:
    words = tuple(PromptWord(f"w{n}", 0.5) for n in range(WORDS + 3))
    known = SegmentText(ocr="PIER 4", prompt_words=words, caption="Our ferry")
    segment = Segment("a.0", Path("/a.jpg"), "0" * 64, "image", 0, text=known)
    assert words_of(segment) == PictureWords(("w0", "w1", "w2", "w3", "w4"), "PIER 4")


def test_what_is_not_known_leaves_no_empty_line() -> None:
    prompt = shown(Templates("en"), "Is it red?", [picture(1)], [PictureWords()])
    assert text(prompt) == "@\nQuestion: Is it red?\nAnswer yes or no."


class Telling:
    """A language model that says what it was asked."""

    def __init__(self, sees: bool = True) -> None:
        self.sees = sees

    def complete(self, prompts: Sequence[Prompt], *, max_tokens: int) -> Iterator[str]:
        assert max_tokens > 8
        return iter(f" {text(p)} {len(p.pictures)}\n" for p in prompts)


def test_a_description_is_asked_for_with_the_first_words_and_stripped() -> None:
    describe = PictureDescriber(Telling, Templates("en"))  # type: ignore[arg-type]
    about = PictureWords(tuple(f"w{n}" for n in range(9)), "EXIT")
    assert describe([picture(1), picture(2)], [about, PictureWords()]) == [
        '@\nLooks like: w0, w1, w2, w3, w4\nText in it: "EXIT"\n'
        "Describe the picture in one sentence. 1",
        "@\nDescribe the picture in one sentence. 1",
    ]


def test_a_model_that_sees_nothing_cannot_describe() -> None:
    describe = PictureDescriber(lambda: Telling(sees=False), Templates("en"))  # type: ignore[arg-type,return-value]
    with pytest.raises(ConfigError, match="sees no pictures"):
        describe([picture(1)], [PictureWords()])
