"""Bytes → characters, whatever the encoding."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmqa.media.characters import clean, decode, is_text

CHINESE = "渡轮九点开，票价八元。"


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32", "gb18030", "gbk"]
)
def test_chinese_is_read_in_every_usual_encoding(encoding: str) -> None:
    mark = b"\xff\xfe" if encoding == "utf-16-le" else b""
    assert decode(mark + CHINESE.encode(encoding)).lstrip("\ufeff") == CHINESE


@pytest.mark.parametrize(
    "words",
    [
        "Café à la carte",
        "Über den Fluß führt eine Brücke.",
        "El niño comió piña en Málaga.",
        "édit",
    ],
)
def test_western_writing_in_latin_1_is_not_taken_for_chinese(words: str) -> None:
    assert decode(words.encode("latin-1")) == words


def test_a_character_cut_by_the_size_limit_is_dropped() -> None:
    assert decode("渡轮".encode()[:-1]) == "渡"


def test_control_and_direction_characters_go_and_line_breaks_agree() -> None:
    assert clean("a\r\nb\rc\x00\x1b\u202ed\ufeff\u2028e") == "a\nb\ncd\ne"


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\ufffd\ufeff\ufffe")))
def test_whatever_is_written_in_utf_8_is_read_back(text: str) -> None:
    assert decode(text.encode("utf-8")) == text


@given(st.binary())
def test_no_bytes_make_it_fail(data: bytes) -> None:
    decode(data).encode("utf-8", "strict")
    is_text(data)
