"""What the language model is asked, when, and when its words are trusted."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mmqa.config import Config
from mmqa.drafting import Draft, Found
from mmqa.errors import MediaError
from mmqa.evidence.sentences import Sentence
from mmqa.posing import Case, Posing, Stopwatch, planned, source_number
from mmqa.prompts.template import Templates
from mmqa.records import Hit, Message, Picture, Question, SearchResult, Segment, SegmentText

LOOKS = "What colour is the kite in the beach photo?"
NOTHING = Draft("I found nothing.")
KITE = Segment("k.0", Path("/x/kite.jpg"), "", "image", 0)
NOTE = Segment("n.0", Path("/x/n.txt"), "", "text", 0, text=SegmentText(passage="It left at 8:20."))
BAG = Segment("b.0", Path("/x/b.txt"), "", "text", 0, text=SegmentText(passage="Oscar has it."))
PIXELS = Picture(np.zeros((4, 4, 3), np.uint8))


class Model:
    """Counts words, and 100 a picture."""

    def __init__(self, sees: bool = True, context_tokens: int = 1000) -> None:
        self.sees = sees
        self.context_tokens = context_tokens

    def count_tokens(self, messages: Sequence[Message], pictures: Sequence[Picture] = ()) -> int:
        return sum(len(m.text.split()) for m in messages) + 100 * len(pictures)


def posing(model: Model | None = None, **given: Any) -> Posing:
    def load() -> Any:
        assert model is not None, "loaded for nothing"
        return model

    options = {"open_picture": lambda segment: PIXELS, "writes_in": ("en",), "names": True}
    return Posing(load, Config(), templates=Templates, **{**options, **given})


def case(text: str, plan: Draft = NOTHING, *, pictures: tuple[Picture, ...] = ()) -> Case:
    attached = tuple(KITE for _ in pictures)
    hits = () if attached else (Hit(1, KITE, 3.0, {"visual": 3.0}),)
    asked = Question(text, pictures)
    return Case(asked, SearchResult(text, {}, hits), Found(attached, hits), plan, Stopwatch())


def sentence(segment: Segment, text: str) -> Sentence:
    return Sentence(segment, "passage", text)


def evidence() -> Draft:
    sentences = (sentence(BAG, "Oscar has it."), sentence(NOTE, "It left at 8:20."))
    cited = ((BAG, "Oscar has it."), (NOTE, "It left at 8:20."))
    return Draft("“It left at 8:20.” [2]", cited, "quoted", sentences)


def test_what_a_picture_shows_is_looked_at_and_marked_as_seen() -> None:
    task = posing(Model()).looking(case(LOOKS))
    assert task is not None
    assert (task.stage, task.prompt.pictures) == ("looking", (PIXELS,))
    text, source, cited = task.said("Red.") or ("", "", ())
    assert (text, source, [c.id for c in cited]) == ("Red. [1]", "seen", ["k.0"])
    assert task.said("") is None


@pytest.mark.parametrize("text", ["When does the ferry leave?", "风筝是什么颜色的?"])
def test_the_model_is_not_loaded_where_there_is_nothing_to_look_at_or_no_language_for_it(
    text: str,
) -> None:
    assert posing().looking(case(text)) is None
    assert posing().wording(case(text)) is None


def test_a_model_that_sees_nothing_does_not_look() -> None:
    assert posing(Model(sees=False)).looking(case(LOOKS)) is None


def test_a_file_that_went_away_is_not_looked_at() -> None:
    def gone(segment: Segment) -> Picture:
        raise MediaError(segment.path, "it is gone")

    assert posing(Model(), open_picture=gone).looking(case(LOOKS)) is None
    assert posing(Model(), open_picture=None).looking(case(LOOKS)) is None


def test_as_many_pictures_are_shown_as_fit() -> None:
    asked = case("Are both the same colour?", pictures=(PIXELS, PIXELS))
    for context_tokens, shown in ((1000, 2), (260, 1), (100, 0)):
        task = posing(Model(context_tokens=context_tokens)).looking(asked)
        assert (len(task.prompt.pictures) if task else 0) == shown


def test_a_wording_is_checked_and_cites_the_sentence_it_came_from() -> None:
    task = posing(Model()).wording(case("When did it leave?", evidence()))
    assert task is not None
    assert task.stage == "generation"
    assert "Oscar has it." in task.prompt.messages[-1].text
    assert (task.said("It left at 8:20.") or ())[:2] == ("It left at 8:20. [2]", "generated")
    assert task.said("It left at 8:50.") == planned(evidence())
    assert task.said("") == planned(evidence())


def test_the_source_is_the_sentence_that_holds_most_of_what_was_written() -> None:
    assert source_number("Oscar has it", evidence()) == 1
    assert source_number("8:20", evidence()) == 2


def test_time_is_shared_by_those_who_waited_together() -> None:
    watch = Stopwatch(last=0.0)
    watch.mark("generation", shared_by=4)
    alone = Stopwatch(last=0.0)
    alone.mark("generation")
    assert watch.seconds["generation"] * 4 == pytest.approx(alone.seconds["generation"], rel=0.01)
    watch.last = 0.0
    watch.go_on()
    watch.mark("checking")
    assert watch.seconds["checking"] < alone.seconds["generation"]
