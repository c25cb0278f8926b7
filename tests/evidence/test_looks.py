"""Which questions are answered by looking, and which of them say so of a picture in an index."""

from __future__ import annotations

import pytest

from mmqa.evidence.looks import asks_about_a_picture, asks_about_looks, asks_for_a_name


@pytest.mark.parametrize(
    "question",
    [
        "What colour is the kite?",
        "what color is it",
        "How many dogs are there?",
        "Count the windows.",
        "What is left of the tree?",
        "Where is the cat?",
        "Which is taller, the man or the tree?",
        "Is there a dog?",
        "Do you see a boat?",
        "Do both show the same animal?",
    ],
)
def test_colours_numbers_and_places_are_looked_at(question: str) -> None:
    assert asks_about_looks(question)
    assert not asks_for_a_name(question)


@pytest.mark.parametrize(
    "question",
    ["What is this?", "what's in the picture?", "Describe it.", "What kind of bird do we see?"],
)
def test_what_a_picture_shows_is_asked_for_by_name(question: str) -> None:
    assert asks_for_a_name(question)
    assert not asks_about_looks(question)


@pytest.mark.parametrize(
    "question",
    ["Who built this bridge?", "When does the museum open?", "Why did she leave?", "", "红色的吗?"],
)
def test_other_questions_are_for_words(question: str) -> None:
    assert not asks_about_looks(question)
    assert not asks_for_a_name(question)


@pytest.mark.parametrize(
    "question",
    [
        "How many boats are in the harbour photo?",
        "What colour is the kite in the beach photograph?",
        "Is there a dog in my picture of the park?",
        "How many bars does the sales chart have, and which is the tallest in the chart?",
    ],
)
def test_of_an_index_only_what_is_said_to_stand_in_a_picture_is_looked_at(question: str) -> None:
    assert asks_about_a_picture(question)


@pytest.mark.parametrize(
    "question",
    [
        "What colour is the key of the shed?",
        "How many people came to the meeting?",
        "Who painted the picture in the hall?",
        "Which picture shows a castle?",
    ],
)
def test_facts_that_somebody_may_have_written_down_are_not(question: str) -> None:
    assert not asks_about_a_picture(question)
