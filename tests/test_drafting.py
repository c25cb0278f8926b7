"""What would be said without a language model of pictures that a language model described."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from mmqa.drafting import Found, draft
from mmqa.evidence.words import content
from mmqa.questions import Understood
from mmqa.records import Floats, Hit, PromptWord, Question, Segment, SegmentText


class Words:
    """A text encoder in which texts that share words are alike: one axis a stem."""

    fingerprint = "words"
    width = 512

    def encode(self, texts: Sequence[str]) -> Floats:
        rows = np.full((len(texts), self.width), 1e-4, np.float32)
        for row, text in zip(rows, texts, strict=True):
            for stem in content(text):
                row[sum(ord(c) * 31**i for i, c in enumerate(stem)) % self.width] += 1.0
        return rows / np.linalg.norm(rows, axis=1, keepdims=True)


DOG = Segment(
    "d.0",
    Path("/x/IMG_1.jpg"),
    "",
    "image",
    0,
    text=SegmentText(
        prompt_words=(PromptWord("couch", 0.5),), description="A dachshund sleeps on a couch."
    ),
)
TOLD = "IMG_1.jpg (described by the model: A dachshund sleeps on a couch.) [1]"


def found(score: float = 3.0) -> Found:
    return Found((), (Hit(1, DOG, score, {"text": score}),))


def test_a_picture_that_is_sought_is_shown_with_what_the_model_said_of_it() -> None:
    told = draft(Question("Show me a photo of a dachshund"), found(), Words, 1.5)
    assert told.text == (
        "IMG_1.jpg (looks like: couch) (described by the model: A dachshund sleeps on a couch.) [1]"
    )
    assert told.cited == ((DOG, "A dachshund sleeps on a couch."),)


def test_a_fact_from_a_description_is_told_as_the_models_and_not_reworded() -> None:
    told = draft(Question("Where does the dachshund sleep?"), found(), Words, 1.5)
    assert told.text == TOLD
    assert told.evidence == ()


def test_a_reason_is_never_taken_from_a_description() -> None:
    told = draft(Question("Why does the dachshund sleep?"), found(), Words, 1.5)
    assert told.source == "none"


def test_the_chinese_say_so_too() -> None:
    question = Question("哪张照片里有腊肠犬？")
    told = draft(question, found(), Words, 1.5, Understood("a picture of a dachshund"))
    assert "模型描述:A dachshund sleeps on a couch." in told.text


def shot(transcript: str, *, n: int = 0, ocr: str = "", words: str = "zebra") -> Segment:
    text = SegmentText(transcript=transcript, ocr=ocr, prompt_words=(PromptWord(words, 0.5),))
    name = Path("/x/walk.mp4")
    return Segment(f"v.{n}", name, "", "video", n, 761.0, 770.0, text=text, frame_s=762.0)


def hits(*segments: Segment, score: float = 3.0) -> Found:
    return Found((), tuple(Hit(n, s, score, {"visual": score}) for n, s in enumerate(segments, 1)))


def test_what_is_said_while_a_thing_is_seen_is_quoted_from_the_first_that_has_both() -> None:
    mute, spoken = shot("", n=0), shot("The mill is for sale.", n=1)
    asked = Question("What is said while the zebra is visible?")
    told = draft(asked, hits(mute, spoken), Words, 1.5)
    assert told.text == "“The mill is for sale.” [1]"
    assert told.cited == ((spoken, "The mill is for sale."),)
    nothing = draft(asked, hits(mute), Words, 1.5)
    assert "mill" not in nothing.text


def test_a_slide_that_is_sought_is_named_with_its_time() -> None:
    budget = shot("Welcome to all of you.", ocr="Budget 2031\nRoof repairs")
    told = draft(Question("Which slide shows the budget?"), hits(budget), Words, 1.5)
    assert told.text.startswith("walk.mp4 12:41: Budget 2031 / Roof repairs")
    assert told.cited[0][0] is budget


def test_a_video_that_is_sought_is_found_by_what_is_seen_in_it() -> None:
    told = draft(Question("Which video shows a zebra?"), hits(shot("")), Words, 1.5)
    assert told.text == "walk.mp4 12:41 (looks like: zebra) [1]"
