from __future__ import annotations

import pytest

from mmqa.prompts.ensembles import LONGEST, TemplateEnsemble, content_of, load


@pytest.mark.parametrize(
    ("question", "content"),
    [
        ("Show me the goat", "the goat"),
        ("show me a picture of two goats.", "two goats"),
        ("Can you find a photo with a goat on a roof?", "a goat on a roof"),
        ("Which picture shows goats?", "goats"),
        ("Is there a photo of my goat?", "my goat"),
        ("any pictures of goats", "goats"),
        ("a drawing of a goat", "a goat"),
        ("What does the goat look like?", "the goat"),
        ("How many goats are in the picture?", "How many goats are"),
        ("goat", "goat"),
        ("When does the ferry leave?", "When does the ferry leave"),
        ("picture frames", "picture frames"),
        ("", ""),
    ],
)
def test_the_frame_of_a_question_is_taken_off(question: str, content: str) -> None:
    assert content_of(question) == content


def test_the_content_is_asked_alone_and_in_every_template_of_pictures_only() -> None:
    ensemble = TemplateEnsemble(("a photo of {}", "a drawing of {}"), bare=3.0, templated=0.5)
    found = ensemble.wordings("Which picture shows a goat?", None)
    assert [(w.text, w.weight) for w in found] == [
        ("a goat", 3.0),
        ("a photo of a goat", 0.25),
        ("a drawing of a goat", 0.25),
    ]
    assert {w.modalities for w in found} == {("visual",)}


def test_a_question_that_is_all_content_stands_alone() -> None:
    assert TemplateEnsemble(("a photo of {}",)).wordings("a goat", None) == ()
    assert load().wordings("When does the ferry leave?", None) == ()


def test_a_long_question_and_an_empty_one_stand_alone() -> None:
    assert load().wordings(" ".join(["goat"] * (LONGEST + 1)), None) == ()
    assert load().wordings("  ?", None) == ()
