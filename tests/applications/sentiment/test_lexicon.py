"""What VADER is asked, and what it is not."""

from __future__ import annotations

import pytest

from mmqa.applications.sentiment.lexicon import LONGEST, rate, rate_word


def valence(text: str) -> float:
    found = rate(text)
    assert found is not None
    return found.valence


def test_negation_turns_and_emphasis_strengthens() -> None:
    assert valence("The food was good.") > 0 > valence("The food was not good.")
    assert valence("The food was VERY good!!!") > valence("The food was good.")


def test_the_rated_words_are_named() -> None:
    found = rate("A wonderful trip, though the ferry was awful.")
    assert found is not None and found.words == ("wonderful", "awful")


def test_faces_in_a_text_count() -> None:
    assert valence("on my way 😊") > 0 > valence("on my way :(")


def test_a_text_without_rated_words_is_neutral() -> None:
    found = rate("The shop opens at nine.")
    assert found is not None and found.words == () and found.valence == 0


@pytest.mark.parametrize(
    "text",
    [
        "这部电影太好看了",
        "Die Suppe war heute wirklich sehr lecker und die Kinder freuten sich",
        "",
        "  \n",
        "12:30 - 14:00",
    ],
)
def test_what_is_no_english_is_not_rated(text: str) -> None:
    assert rate(text) is None


def test_faces_are_read_in_any_language() -> None:
    assert valence("今天的天气 😍") > 0


def test_a_long_text_is_the_mean_of_its_sentences() -> None:
    one, other = "I love it.", "I hate it."
    assert valence(f"{one} {other}") == pytest.approx((valence(one) + valence(other)) / 2)
    assert valence(f"{one} The shop opens at nine.") == pytest.approx(valence(one))


def test_an_endless_text_is_cut() -> None:
    assert rate("It is good. " * LONGEST) is not None


def test_names_of_several_words_have_the_mean_of_those_rated() -> None:
    assert rate_word("happy") == rate_word("happy table")
    assert rate_word("table") is None
