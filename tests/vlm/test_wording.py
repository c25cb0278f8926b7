"""Tokens that become text: whole characters, nothing of a stop string."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from platformdirs import user_cache_path

from mmqa.vlm.wording import HALF, Wording


def of_bytes(tokens: list[int]) -> str:
    return bytes(tokens).decode(errors="replace")


def pieces(tokens: list[int], stop: tuple[str, ...] = ()) -> list[str]:
    wording = Wording(of_bytes, stop)
    return [*(wording.add(token) for token in tokens), wording.finish()]


@given(st.text(st.characters(exclude_characters=HALF, exclude_categories=["Cs"])))
def test_the_pieces_join_to_the_text_and_none_holds_half_a_character(text: str) -> None:
    found = pieces(list(text.encode()))
    assert "".join(found) == text
    assert HALF not in "".join(found)


def test_a_chinese_character_comes_with_its_last_byte() -> None:
    assert pieces(list("你好".encode())) == ["", "", "你", "", "", "好", ""]


def test_half_a_character_at_the_end_is_dropped() -> None:
    assert "".join(pieces(list("ab你".encode())[:-1])) == "ab"


@given(st.text("ab,", max_size=30), st.text("ab,", min_size=1, max_size=3))
def test_nothing_of_a_stop_string_comes_out_however_it_is_split(text: str, stop: str) -> None:
    assert "".join(pieces(list(text.encode()), (stop,))) == text.partition(stop)[0]


def test_a_stop_string_of_characters_over_several_tokens_ends_the_text() -> None:
    wording = Wording(of_bytes, ("。",))
    found = [wording.add(token) for token in "好。".encode()]
    assert "".join(found) == "好"
    assert wording.ended
    assert wording.finish() == ""


def test_what_may_begin_a_stop_string_comes_when_the_answer_is_over() -> None:
    assert pieces(list(b"a\n"), ("\n\n",)) == ["a", "", "\n"]


def test_words_that_a_decoder_joins_with_spaces_keep_them() -> None:
    words = ["one", "two", "three"]
    wording = Wording(lambda tokens: " ".join(words[n] for n in tokens))
    assert [wording.add(n) for n in range(3)] == ["one", " two", " three"]


def test_a_token_without_text_changes_nothing() -> None:
    wording = Wording(lambda tokens: of_bytes([t for t in tokens if t < 256]))
    assert [wording.add(n) for n in (72, 256, 105)] == ["H", "", "i"]


@pytest.fixture(scope="module")
def real() -> Any:
    from transformers import AutoTokenizer

    root = os.environ.get("MMQA_CACHE")
    cache = Path(root) if root else user_cache_path("mmqa")
    return AutoTokenizer.from_pretrained(cache / "models" / "embedded" / "language_model")


@pytest.mark.weights
@pytest.mark.parametrize(
    "text", ["渡轮几点开？早上八点。", "Zoë’s 22,30 € – “ok” 👩‍👩‍👧", "a  b\n\n\tc"]
)
def test_the_embedded_tokenizer_streams_what_it_decodes(real: Any, text: str) -> None:
    tokens = real(text, add_special_tokens=False)["input_ids"]
    wording = Wording(lambda some: str(real.decode(some, skip_special_tokens=True)))
    found = [*(wording.add(token) for token in tokens), wording.finish()]
    assert "".join(found) == text
    assert not any(HALF in piece for piece in found)
    assert max(map(len, found)) <= 8  # as they come, not all at the end
