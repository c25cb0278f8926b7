"""When the model looks, and at what: words before sight, text is quoted, relevance counts."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from mmqa.drafting import Draft, Found
from mmqa.records import Hit, Kind, Question, Segment, SegmentText
from mmqa.seeing import DOCUMENT, to_look_at

NOTHING = Draft("I found nothing.")
GUESS = Draft("kite.jpg (looks like: kite)", source="quoted", guessed=True)
QUOTE = Draft("“The kite is red.”", source="quoted")
LOOKS = "What colour is the kite in the beach photo?"


def segment(name: str, kind: Kind = "image", **text: str) -> Segment:
    return Segment(name, Path(f"/{name}"), "0" * 64, kind, 0, text=SegmentText(**text))


def hit(name: str, score: float = 3.0, kind: Kind = "image", even: float | None = None) -> Hit:
    return Hit(1, segment(name, kind), score, {"visual": score}, even_score=even)


def looked_at(
    text: str,
    *,
    attached: tuple[Segment, ...] = (),
    hits: tuple[Hit, ...] = (),
    plan: Draft = NOTHING,
    names: bool = True,
) -> list[str]:
    found = Found(attached, hits)
    return [s.id for s in to_look_at(Question(text), found, plan, 1.0, names=names)]


PICTURE = segment("a.jpg")


@pytest.mark.parametrize(
    "question", ["What colour is the kite?", "How many dogs are there?", "Is there a boat?"]
)
def test_how_an_attached_picture_looks_is_looked_at_whatever_words_say(question: str) -> None:
    assert looked_at(question, attached=(PICTURE,), plan=QUOTE) == ["a.jpg"]
    assert looked_at(question, attached=(PICTURE,), names=False) == ["a.jpg"]


def test_all_attached_pictures_are_looked_at_and_no_recordings() -> None:
    attached = (PICTURE, segment("b.wav", "audio"), segment("c.png"))
    assert looked_at("Are both the same colour?", attached=attached) == ["a.jpg", "c.png"]
    assert looked_at("Is there a dog?", attached=(segment("b.wav", "audio"),)) == []


def test_text_in_a_picture_is_quoted_and_not_looked_at() -> None:
    assert looked_at("What does the sign say?", attached=(PICTURE,)) == []
    assert looked_at("What does the sign in the photo say?", hits=(hit("a.jpg"),)) == []


def test_without_words_nothing_is_looked_at() -> None:
    assert looked_at(" ", attached=(PICTURE,), hits=(hit("a.jpg"),)) == []


def test_a_question_about_something_else_is_not_answered_from_the_attached_picture() -> None:
    assert looked_at("Who built this bridge?", attached=(PICTURE,)) == []
    hits = (hit("other.jpg"),)
    assert looked_at("Who built this bridge?", attached=(PICTURE,), hits=hits) == []


def test_what_it_is_is_asked_of_the_model_only_where_that_is_wanted() -> None:
    assert looked_at("What is this?", attached=(PICTURE,)) == ["a.jpg"]
    assert looked_at("What is this?", attached=(PICTURE,), names=False) == []


def test_a_document_is_quoted_where_it_is_asked_what_it_is() -> None:
    short = segment("sign.jpg", ocr="x" * (DOCUMENT - 1))
    long = segment("letter.jpg", ocr="x" * DOCUMENT)
    assert looked_at("What is this?", attached=(short,)) == ["sign.jpg"]
    assert looked_at("What is this?", attached=(long,)) == []
    assert looked_at("What colour is the paper?", attached=(long,)) == ["letter.jpg"]


def test_pictures_that_are_to_be_found_like_the_attached_one_are_searched_for() -> None:
    assert looked_at("Which picture shows the same bridge?", attached=(PICTURE,)) == []
    two = (PICTURE, segment("b.jpg"))
    assert looked_at("Which picture shows the larger dog?", attached=two) == ["a.jpg", "b.jpg"]


def test_of_what_was_found_the_best_picture_is_looked_at_where_no_words_answer() -> None:
    hits = (hit("note.txt", kind="text"), hit("a.jpg"), hit("b.jpg"))
    assert looked_at(LOOKS, hits=hits) == ["a.jpg"]
    assert looked_at(LOOKS, hits=hits, plan=GUESS) == ["a.jpg"]
    assert looked_at(LOOKS, hits=hits[:1]) == []


def test_words_that_somebody_wrote_come_before_what_is_seen() -> None:
    assert looked_at(LOOKS, hits=(hit("a.jpg"),), plan=QUOTE) == []


def test_an_unrelated_picture_is_not_looked_at_whatever_the_weighing() -> None:
    assert looked_at(LOOKS, hits=(hit("a.jpg", score=0.9),)) == []
    assert looked_at(LOOKS, hits=(hit("a.jpg", score=5.0, even=0.9),)) == []
    assert looked_at(LOOKS, hits=(hit("a.jpg", score=0.5, even=1.0),)) == ["a.jpg"]


def test_a_question_that_names_no_picture_is_not_answered_from_one_that_was_found() -> None:
    assert looked_at("What colour is the key of the shed?", hits=(hit("a.jpg"),)) == []


def test_the_frame_of_a_video_is_looked_at_like_a_picture_and_sound_alone_is_not() -> None:
    shown = replace(segment("walk.mp4", "video"), frame_s=4.0)
    heard = segment("talk.mp4", "video")
    asked = "What colour is the kite in the beach video?"
    hits = tuple(Hit(n, s, 3.0, {"visual": 3.0}) for n, s in enumerate((heard, shown), 1))
    assert looked_at(asked, hits=hits) == ["walk.mp4"]
    assert looked_at(asked, hits=hits, plan=QUOTE) == []
