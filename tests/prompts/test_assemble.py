"""Evidence is laid out within a budget; the weakest goes first."""

from __future__ import annotations

import pytest

from mmqa.errors import GenerationError
from mmqa.prompts.assemble import Exhibit, lay_out
from mmqa.prompts.template import Templates

EN = Templates("en")


def words(text: str) -> int:
    return len(text.split())


def test_passages_are_numbered_with_their_source() -> None:
    text, kept = lay_out(
        [Exhibit("We leave at nine.", "trip.wav 0:05"), Exhibit("PIER 4")], EN, lambda _: True
    )
    assert text == "[1] (trip.wav 0:05) We leave at nine.\n[2] PIER 4"
    assert kept == 2


def test_a_single_passage_has_no_number() -> None:
    assert lay_out([Exhibit("PIER 4")], EN, lambda _: True) == ("PIER 4", 1)


def test_the_last_passage_is_shortened_then_dropped_before_the_first() -> None:
    exhibits = [Exhibit("first " * 10), Exhibit("second " * 40)]
    text, kept = lay_out(exhibits, EN, lambda t: words(t) <= 40)
    assert kept == 2
    assert text.count("first") == 10
    assert 0 < text.count("second") < 40
    text, kept = lay_out(exhibits, EN, lambda t: words(t) <= 12)
    assert kept == 1
    assert text.count("first") == 10


def test_no_room_at_all_is_an_error_with_a_remedy() -> None:
    with pytest.raises(GenerationError, match="fewer words"):
        lay_out([Exhibit("too long")], EN, lambda _: False)
