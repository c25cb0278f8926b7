from __future__ import annotations

import pytest

from mmqa.training.phrasings import ASKS, comes_from, grammar, questions, templates


def test_a_frame_expands_into_every_way_to_choose() -> None:
    assert templates("[show|find] {thing}[|!]") == [
        "show {thing}",
        "show {thing}!",
        "find {thing}",
        "find {thing}!",
    ]


@pytest.mark.parametrize(("language", "least"), [("en", 300), ("zh", 100)])
def test_there_are_hundreds_of_templates_of_each_kind_that_asks(language: str, least: int) -> None:
    for ask in ("visual", "text", "speech"):
        frames = grammar(language).frames[ask]  # type: ignore[index]
        assert sum(len(templates(frame)) for frame in frames) >= least


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_slot_is_filled_and_no_choice_is_left_open(language: str) -> None:
    made = questions(language, templates_each=2, contents_each=2)
    assert {p.ask for p in made} == set(ASKS)
    assert not [p.text for p in made if set("[]{}|") & set(p.text)]


def test_the_same_seed_gives_the_same_questions_and_another_seed_others() -> None:
    first = questions("en", templates_each=1, contents_each=1)
    assert first == questions("en", templates_each=1, contents_each=1)
    assert first != questions("en", templates_each=1, contents_each=1, seed=1)


def test_no_frame_stands_under_two_kinds() -> None:
    for language in ("en", "zh"):
        frames = [f for ask in ASKS for f in grammar(language).frames[ask]]
        assert len(frames) == len(set(frames))


def test_a_question_that_a_frame_could_have_made_is_recognised() -> None:
    assert comes_from("Who brought up the giant squid?", "en") is not None
    assert comes_from("What does the sign near the quarry say", "en") is not None
    assert comes_from("My squid, has it been brought up?", "en") is None


@pytest.mark.parametrize("language", ["en"])
def test_nearly_every_generated_question_is_recognised_as_generated(language: str) -> None:
    made = [p for p in questions(language, templates_each=2, contents_each=1) if p.ask != "neutral"]
    found = [comes_from(p.text, language) is not None for p in made]
    assert sum(found) / len(found) > 0.95
