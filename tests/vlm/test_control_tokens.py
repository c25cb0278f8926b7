"""What a tokenizer takes for control becomes mere text; all else stays to the letter."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from mmqa.vlm.control_tokens import broken, control_tokens


def tokenizer(*special: str, plain: tuple[str, ...] = ()) -> Any:
    tokens = [SimpleNamespace(content=token, special=True) for token in special]
    tokens += [SimpleNamespace(content=token, special=False) for token in plain]
    return SimpleNamespace(added_tokens_decoder=dict(enumerate(tokens)))


def test_special_tokens_and_placeholders_are_broken_wherever_they_stand() -> None:
    control = control_tokens(tokenizer("<|im_start|>", "</s>"), ["<image>", None])
    assert broken("<|im_start|><image>a</s>", control) == "< |im_start|>< image>a< /s>"


def test_the_longest_is_broken_where_one_begins_like_another() -> None:
    control = control_tokens(tokenizer("<im", "<image>"))
    assert broken("<image> <im", control) == "< image> < im"


@pytest.mark.parametrize(
    "text", ["", "a < b", "<|im_start |>", "< |im_start|>", "$x$ (.*) [a-z]", "<think>", "\n\n "]
)
def test_text_without_control_tokens_stays_to_the_letter(text: str) -> None:
    special = ("<|im_start|>", "(.)", "\n\n", "a", "")
    assert broken(text, control_tokens(tokenizer(*special, plain=("<think>",)))) == text


def test_a_tokenizer_without_special_tokens_breaks_nothing() -> None:
    assert broken("<|im_start|>", control_tokens(tokenizer())) == "<|im_start|>"
