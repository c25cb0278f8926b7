from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from mmqa.prompts.rewriting import REMEMBERED, Rewriting, checked, load
from mmqa.prompts.template import Templates
from mmqa.records import Message


class Says:
    """A model that says the same to everything, and counts how often it is asked."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.asked: list[str] = []

    def stream(self, messages: Sequence[Message], *, max_tokens: int = 96) -> Iterator[str]:
        self.asked.append(messages[-1].text)
        yield from self.text.split(" ", 1)[0:1]
        yield " " + self.text.split(" ", 1)[1] if " " in self.text else ""


def test_a_caption_asks_pictures_and_the_question_is_what_the_model_is_told() -> None:
    model = Says("a goat on a roof")
    (wording,) = Rewriting(lambda: model, weight=0.5).wordings("Where is the goat?", None)
    assert (wording.text, wording.weight, wording.modalities) == (
        "a goat on a roof",
        0.5,
        ("visual",),
    )
    assert model.asked == ["Where is the goat?"]


def test_a_question_is_rewritten_once_and_remembered() -> None:
    model = Says("a goat on a roof")
    rewriting = Rewriting(lambda: model)
    for _ in range(3):
        rewriting.wordings("goat?", None)
    assert len(model.asked) == 1


def test_what_is_remembered_is_bounded() -> None:
    model = Says("a goat")
    rewriting = Rewriting(lambda: model)
    for number in range(REMEMBERED + 1):
        rewriting.wordings(f"goat {number}", None)
    rewriting.wordings("goat 0", None)
    assert len(model.asked) == REMEMBERED + 2


def test_the_users_own_prompt_comes_before_the_packages(tmp_path: Path) -> None:
    model = Says("a goat on a roof")
    (tmp_path / "en.toml").write_text("[caption]\nuser = 'As a headline: {{ question }}'\n")

    class Parts:
        language_model = model

        def templates(self, language: str) -> Templates:
            return Templates(language, own=tmp_path)

    load(Parts()).wordings("Where is the goat?", None)
    assert model.asked == ["As a headline: Where is the goat?"]


def test_the_model_is_not_loaded_before_it_is_needed() -> None:
    class Parts:
        @property
        def language_model(self) -> Says:
            raise AssertionError("loaded too early")

        templates = staticmethod(Templates)

    rewriting = load(Parts())
    with pytest.raises(AssertionError, match="too early"):
        rewriting.wordings("goat", None)


@pytest.mark.parametrize(
    ("written", "question"),
    [
        ("three goats on a roof", "where are the goats?"),
        ("a goat at 12 o'clock", "when does the goat eat?"),
        ("a goat with Heidi", "where is the goat?"),
        ("I cannot see a goat", "where is the goat?"),
        ("where is the goat?", "what goat?"),
        ("a goat", "A goat!"),
        ("", "goat"),
        ("  \n\n ", "goat"),
        (" ".join(["goat"] * 15), "goat"),
    ],
)
def test_what_is_invented_or_no_caption_is_thrown_away(written: str, question: str) -> None:
    assert checked(written, question) == ""


def test_names_and_numbers_of_the_question_may_stay() -> None:
    assert checked("a photo of Heidi with 12 goats.", "does Heidi have 12 goats?") == (
        "a photo of Heidi with 12 goats"
    )
