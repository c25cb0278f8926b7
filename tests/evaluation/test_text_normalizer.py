"""Words are compared as they are heard."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmqa.evaluation.text_normalizer import normalize, ordinal, spell, tokens, word_errors


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Press 1, or wait.", "press one or wait"),
        ("the 21st of June", "the twenty first of june"),
        ("You’ve got voice-mail", "youve got voice mail"),
        ("28.8 kbps", "twenty eight point eight kbps"),
        ("box 007", "box zero zero seven"),
        ("1,500 of them (plays a tone)", "one thousand five hundred of them"),
        ("* and # & 5%", "star and pound and five percent"),
        ("Café", "cafe"),
        ("[silence]", ""),
    ],
)
def test_normalised_by_hand(text, words):
    assert normalize(text) == words.split()


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (0, "zero"),
        (13, "thirteen"),
        (40, "forty"),
        (100, "one hundred"),
        (8500, "eight thousand five hundred"),
        (1_000_001, "one million one"),
    ],
)
def test_numbers_in_words(number, words):
    assert spell(number) == words


@pytest.mark.parametrize(
    ("number", "words"), [(1, "first"), (12, "twelfth"), (30, "thirtieth"), (100, "one hundredth")]
)
def test_places_in_words(number, words):
    assert ordinal(number) == words


def test_chinese_is_compared_by_character_and_numbers_as_they_stand():
    assert tokens("下次会议：3月18日") == [*"下次会议", "3", "月", "18", "日"]


def test_word_errors_by_hand():
    assert word_errors(["a", "b", "c"], ["a", "x", "c", "d"]) == 2
    assert word_errors([], ["a"]) == 1


@given(st.text(max_size=60))
def test_normalising_twice_changes_nothing(text):
    words = normalize(text)
    assert normalize(" ".join(words)) == words
