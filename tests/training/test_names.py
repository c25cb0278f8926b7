"""Annotations as people would say them."""

from __future__ import annotations

import pytest

from mmqa.training.names import colour, natural


@pytest.mark.parametrize(
    ("annotation", "said"),
    [
        ("cat with wry smile", "a cat with wry smile"),
        ("octopus", "an octopus"),
        ("unicorn", "a unicorn"),
        ("unamused face", "an unamused face"),
        ("grapes", "grapes"),
        ("glasses", "glasses"),
        ("fried rice", "fried rice"),
        ("glass of milk", "glass of milk"),
        ("cactus", "a cactus"),
        ("people wrestling", "people wrestling"),
        ("man: beard", "a man with a beard"),
        ("woman: bald", "a bald woman"),
        ("person: blond hair", "a person with blond hair"),
        ("woman running: facing right", "a woman running"),
        ("family: man, woman, boy", "a family"),
        ("two o’clock", "a clock"),
        ("1st place medal", "a 1st place medal"),
    ],
)
def test_an_emoji_gets_its_article_and_loses_its_colon(annotation: str, said: str) -> None:
    assert natural(annotation, "some") == said


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("pin yellow", "a yellow pin"),
        ("orange simple contour", "an orange"),
        ("crown with", "a crown"),
        ("with", ""),
        ("silhouette", ""),
        ("tile red orange", "an orange tile red"),
    ],
)
def test_a_file_s_name_loses_how_it_is_drawn_and_puts_its_colour_first(
    name: str, said: str
) -> None:
    assert natural(name, "") == said


def test_a_colour_is_told_where_the_name_begins_with_one_and_names_no_other() -> None:
    assert colour("a green book") == ("green", "book")
    assert colour("an orange") is None
    assert colour("a red and white flag") is None
    assert colour("a green apple with red stripe") is None
