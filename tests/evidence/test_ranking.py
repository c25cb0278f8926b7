"""The sentence that answers comes first."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from mmqa.evidence.ranking import GUESSED, covered, missing_names, rank
from mmqa.evidence.sentences import sentences
from mmqa.records import Floats, PromptWord, Segment, SegmentText

TRIP = Segment(
    "t.0",
    Path("/x/trip.md"),
    "",
    "text",
    0,
    text=SegmentText(passage="The ferry is blue. It leaves at 8:20 from pier 7. Anna has the map."),
)


class Blind:
    """An encoder for which all texts are alike, so that only words and cues decide."""

    fingerprint = "blind"
    width = 2

    def encode(self, texts: Sequence[str]) -> Floats:
        return np.tile(np.array([[1.0, 0.0]], np.float32), (len(texts), 1))


def first(question: str) -> str:
    return rank(question, sentences(TRIP), Blind(), {})[0].sentence.text


def test_a_fact_of_the_asked_kind_decides_between_equals() -> None:
    assert first("When does it leave?") == "It leaves at 8:20 from pier 7."
    assert first("Who has the map?") == "Anna has the map."


def test_the_sentence_before_lends_its_words() -> None:
    ranked = rank("When does the ferry leave?", sentences(TRIP), Blind(), {})
    assert ranked[0].sentence.text == "It leaves at 8:20 from pier 7."
    assert ranked[0].overlap > 0.5


def test_a_segment_that_was_found_better_wins_between_equals() -> None:
    other = Segment("o.0", Path("/x/o.md"), "", "text", 0, text=SegmentText(passage="It is late."))
    both = [*sentences(TRIP)[:1], *sentences(other)]
    ranked = rank("Why?", both, Blind(), {"o.0": 1.0})
    assert ranked[0].sentence.segment.id == "o.0"


def test_what_a_model_made_of_a_picture_ranks_below_the_same_words_of_a_person() -> None:
    texts = {
        "written": SegmentText(caption="The ferry is late today."),
        "described": SegmentText(description="The ferry is late now."),
        "named": SegmentText(prompt_words=(PromptWord("ferry is late", 1.0),)),
    }
    rows = [
        *(Segment(name, Path(f"/x/{name}"), "", "image", 0, text=t) for name, t in texts.items())
    ]
    scores = {
        c.sentence.segment.id: c.score
        for c in rank("Is the ferry late?", [s for r in rows for s in sentences(r)], Blind(), {})
    }
    assert scores["described"] == scores["named"]
    assert scores["written"] - scores["described"] == pytest.approx(GUESSED)


def test_no_sentences_give_no_candidates() -> None:
    assert rank("Why?", [], Blind(), {}) == []


def test_words_are_covered_in_other_forms_and_spellings() -> None:
    assert covered(["sleep", "cliff"], "asleep? No: sleeping on the clifs") == 1.0


def test_a_misheard_name_is_not_missing() -> None:
    assert missing_names("Did I see Oskar?", ["Ask for Oscar."]) == set()
