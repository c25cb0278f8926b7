"""The read flow, with hand-made evidence and a scripted language model."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mmqa.assistant import Assistant
from mmqa.config import Config
from mmqa.errors import GenerationError, UsageError
from mmqa.evidence.words import content
from mmqa.records import (
    Answer,
    AnswerEvent,
    CitationEvent,
    DoneEvent,
    Filter,
    Floats,
    Hit,
    Message,
    Picture,
    Prompt,
    PromptWord,
    Question,
    Recording,
    RetrievalEvent,
    SearchResult,
    Segment,
    SegmentText,
    TokenEvent,
)


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


class Scripted:
    """A language model that says what it is told to, word by word, and remembers its prompt."""

    fingerprint = "scripted"
    sees = False
    context_tokens = 1000

    def __init__(self, words: str, context_tokens: int = 1000) -> None:
        self.words = words
        self.context_tokens = context_tokens
        self.prompt = ""
        self.said = 0
        self.together: list[int] = []

    def count_tokens(self, messages: Sequence[Message], pictures: Sequence[Picture] = ()) -> int:
        return sum(len(m.text.split()) for m in messages)

    def stream(
        self,
        messages: Sequence[Message],
        pictures: Sequence[Picture] = (),
        *,
        max_tokens: int = 96,
        cancelled: Any = None,
        **_sampling: Any,
    ) -> Iterator[str]:
        self.prompt = messages[-1].text
        self.shown = tuple(pictures)
        for word in self.words.split():
            self.said += 1
            yield f"{word} "
            if cancelled is not None and cancelled():
                return

    def complete(
        self, prompts: Sequence[Prompt], *, max_tokens: int = 96, stop: Sequence[str] = ()
    ) -> list[str]:
        self.together.append(len(prompts))
        return ["".join(self.stream(p.messages, p.pictures)) for p in prompts]


FERRY = Segment(
    "f.0",
    Path("/x/memo.wav"),
    "",
    "audio",
    0,
    start_s=5.0,
    end_s=12.0,
    text=SegmentText(transcript="The ferry leaves from pier seven at 8:20. Bring the tickets."),
)
RECEIPT = Segment(
    "r.0",
    Path("/x/receipt.png"),
    "",
    "image",
    0,
    text=SegmentText(ocr="CAFE MISTRAL\nAlmond cake 4.20\nTOTAL EUR 9.80"),
)
DOG = Segment(
    "d.0",
    Path("/x/IMG_1.jpg"),
    "",
    "image",
    0,
    text=SegmentText(prompt_words=(PromptWord("dachshund", 1.0), PromptWord("couch", 0.5))),
)
HOTEL = Segment(
    "h.0", Path("/x/旅行.txt"), "", "text", 0, text=SegmentText(passage="酒店叫柳浪宾馆。很好。")
)
PIXELS = Picture(np.zeros((4, 4, 3), np.uint8))
SOUND = Recording(np.zeros(16_000, np.float32))


class World:
    """An assistant over hand-made hits; counts what is asked of it."""

    def __init__(
        self,
        words: str = "",
        hits: Sequence[tuple[Segment, float]] = ((FERRY, 3.0), (RECEIPT, 2.0), (DOG, 1.6)),
        attached: Sequence[Segment] = (),
        model: Scripted | None = None,
    ) -> None:
        self.model = model or Scripted(words)
        self.loads = 0
        self.asked: list[Question] = []
        self._hits = tuple(
            Hit(n, segment, score, {"text": score}) for n, (segment, score) in enumerate(hits, 1)
        )
        encoder = Words()
        self.assistant = Assistant(
            self._search, self._load, lambda: encoder, lambda _: attached, Config()
        )

    def _load(self) -> Scripted:
        self.loads += 1
        return self.model

    def _search(self, question: Question, k: int, where: Filter | None) -> SearchResult:
        self.asked.append(question)
        return SearchResult(question.text, {"text": 1.0}, self._hits[:k])

    def ask(self, text: str = "", **options: Any) -> Answer:
        pictures = options.pop("pictures", ())
        recording = options.pop("recording", None)
        return self.assistant.ask(Question(text, pictures, recording), **options)


def test_a_true_wording_is_the_answer_and_cites_the_second() -> None:
    world = World("The ferry leaves at 8:20. And more.")
    answer = world.ask("When does the ferry leave?")
    assert (answer.text, answer.source) == ("The ferry leaves at 8:20. [1]", "generated")
    assert [(c.n, c.id, c.start_s) for c in answer.citations] == [(1, "f.0", 5.0)]
    assert answer.citations[0].quote == "The ferry leaves from pier seven at 8:20."


def test_the_number_in_the_answer_points_to_the_sentence_it_stands_in() -> None:
    found = Segment(
        "b.0", Path("/x/v.ogg"), "", "audio", 0, text=SegmentText(transcript="We found your bag.")
    )
    ask = Segment(
        "b.1",
        Path("/x/v.ogg"),
        "",
        "audio",
        1,
        text=SegmentText(transcript="Please ask for Oscar."),
    )
    world = World("Ask for Oscar.", hits=((found, 3.0), (ask, 2.0)))
    answer = world.ask("Whom do I see about the bag you found?")
    assert answer.text == "Ask for Oscar. [2]"
    assert [c.id for c in answer.citations] == ["b.0", "b.1"]


def test_a_false_number_gives_the_quote_instead() -> None:
    answer = World("The ferry leaves at 8:50.").ask("When does the ferry leave?")
    assert answer.text == "“The ferry leaves from pier seven at 8:20.” [1]"
    assert answer.source == "quoted"


def test_the_model_is_shown_the_sentence_that_answers_and_not_the_rest() -> None:
    world = World("Almond cake 4.20.")
    world.ask("How much was the almond cake?")
    assert "Almond cake 4.20" in world.model.prompt
    assert "TOTAL" not in world.model.prompt


def test_nothing_relevant_is_said_without_loading_the_model() -> None:
    world = World(hits=((FERRY, 0.4),))
    answer = world.ask("Who won the chess tournament?")
    assert answer.abstained
    assert answer.text == "I found nothing in your files that answers this."
    assert (answer.citations, answer.source, world.loads) == ((), "none", 0)


def test_an_empty_index_abstains() -> None:
    assert World(hits=()).ask("When does the ferry leave?").abstained


def test_a_name_that_nothing_mentions_weighs_against_an_answer() -> None:
    hits = ((FERRY, 1.0),)
    asked = "Does the ferry to Zanzibar leave from pier nine with our new tickets?"
    assert World("It leaves at 8:20.", hits=hits).ask(asked).abstained


def test_a_question_for_a_picture_names_the_file_without_a_model() -> None:
    world = World()
    answer = world.ask("Show me a photo of a dachshund")
    assert answer.text == "IMG_1.jpg (looks like: dachshund, couch) [1]"
    assert [c.id for c in answer.citations] == ["d.0"]
    assert world.loads == 0


def test_no_such_picture_abstains() -> None:
    assert World().ask("Which picture shows an elephant?").abstained


def test_chinese_is_answered_in_chinese_by_quoting() -> None:
    world = World(hits=((HOTEL, 3.0),))
    answer = world.ask("酒店叫什么名字?")
    assert "柳浪宾馆" in answer.text
    assert world.loads == 0
    assert World(hits=((HOTEL, 0.5),)).ask("护照号码是多少?").text.startswith("在您的文件中")


def test_an_attached_picture_says_what_stands_in_it() -> None:
    world = World(attached=[RECEIPT])
    answer = world.ask("What does this say?", pictures=(PIXELS,), retrieval=False)
    assert answer.text == "“CAFE MISTRAL / Almond cake 4.20 / TOTAL EUR 9.80” [1]"
    assert [c.id for c in answer.citations] == ["r.0"]
    assert world.asked == []
    assert answer.hits == ()


def test_a_fact_is_read_from_an_attached_picture() -> None:
    world = World("Nonsense.", hits=(), attached=[RECEIPT])
    answer = world.ask("How much was the cake?", pictures=(PIXELS,), retrieval=False)
    assert answer.text == "“Almond cake 4.20” [1]"


def test_a_picture_without_words_looks_like_its_prompt_words() -> None:
    answer = World(attached=[DOG]).ask(pictures=(PIXELS,), retrieval=False)
    assert answer.text == "It looks like: dachshund, couch [1]"


def test_a_picture_alone_finds_pictures() -> None:
    answer = World(attached=[DOG]).ask(pictures=(PIXELS,))
    assert [c.id for c in answer.citations] == ["r.0", "d.0"]


def test_pictures_like_this_are_sought_by_the_picture_alone() -> None:
    world = World(attached=[DOG])
    answer = world.ask("Find pictures like this", pictures=(PIXELS,))
    assert world.asked[0].text == ""
    assert answer.question == "Find pictures like this"
    assert [c.id for c in answer.citations] == ["r.0", "d.0"]


def test_a_sought_recording_is_named_with_its_second_and_words() -> None:
    answer = World().ask("Which recording is about the ferry?")
    assert answer.text == "memo.wav at 0:05: The ferry leaves from pier seven at 8:20. [1]"


def test_a_recording_without_words_is_the_question() -> None:
    spoken = Segment(
        "attached.1",
        Path("q.wav"),
        "",
        "audio",
        0,
        text=SegmentText(transcript="When does the ferry leave?"),
    )
    world = World("At 8:20.", attached=[spoken])
    answer = world.ask(recording=SOUND)
    assert answer.question == "When does the ferry leave?"
    assert world.asked[0].text == "When does the ferry leave?"
    assert [c.id for c in answer.citations] == ["f.0"]


def test_a_recording_beside_words_is_evidence() -> None:
    world = World("It leaves at 8:20.", hits=(), attached=[FERRY])
    answer = world.ask("When does the ferry leave?", recording=SOUND, retrieval=False)
    assert answer.text == "It leaves at 8:20. [1]"


def test_silence_as_a_question_is_a_usage_error() -> None:
    silent = Segment("attached.1", Path("q.wav"), "", "audio", 0)
    with pytest.raises(UsageError, match="no speech was heard"):
        World(attached=[silent]).ask(recording=SOUND)


def test_what_was_found_comes_before_the_model_is_loaded() -> None:
    world = World("The ferry leaves at 8:20.")
    events = world.assistant.stream(Question("When does the ferry leave?"))
    assert isinstance(next(events), RetrievalEvent)
    assert world.loads == 0
    rest = list(events)
    assert [type(event) for event in rest] == [*[TokenEvent] * 5, CitationEvent, DoneEvent]


def test_tokens_join_to_what_the_model_wrote() -> None:
    events: list[AnswerEvent] = list(
        World("The ferry leaves at 8:20.").assistant.stream(Question("When does the ferry leave?"))
    )
    written = "".join(event.text for event in events if isinstance(event, TokenEvent))
    assert written.strip() == "The ferry leaves at 8:20."


def test_the_model_is_stopped_after_its_first_sentence() -> None:
    world = World("The ferry leaves at 8:20. It is blue and very large.")
    world.ask("When does the ferry leave?")
    assert world.model.said == 6


def test_cancelling_stops_within_a_token_and_still_ends_with_an_answer() -> None:
    world = World("The ferry leaves at 8:20.")
    events = list(
        world.assistant.stream(Question("When does the ferry leave?"), cancelled=lambda: True)
    )
    assert world.model.said == 1
    assert isinstance(events[-1], DoneEvent)
    assert events[-1].answer.text.startswith("“The ferry leaves")


def test_a_question_that_fills_the_context_is_an_error() -> None:
    world = World(model=Scripted("At 8:20.", context_tokens=90))
    with pytest.raises(GenerationError, match="no room"):
        world.ask("When does the ferry leave? " * 5)


def test_each_stage_is_timed() -> None:
    timings = World("The ferry leaves at 8:20.").ask("When does the ferry leave?").timings
    assert list(timings) == [
        "attachments",
        "retrieval",
        "evidence",
        "loading",
        "generation",
        "checking",
    ]
    assert all(seconds >= 0 for seconds in timings.values())


def test_several_questions_are_answered_as_each_alone_and_worded_together() -> None:
    texts = ["When does the ferry leave?", "Who won the chess tournament?", "When is the ferry?"]
    world = World("The ferry leaves at 8:20. And more.")
    together = world.assistant.ask_many([Question(text) for text in texts])
    assert world.model.together == [2]
    alone = [World("The ferry leaves at 8:20. And more.").ask(text) for text in texts]
    for one, other in zip(together, alone, strict=True):
        assert dataclasses.replace(one, timings={}) == dataclasses.replace(other, timings={})
        assert list(one.timings) == list(other.timings)


def test_several_questions_with_nothing_to_word_load_no_model() -> None:
    world = World(hits=((FERRY, 0.4),))
    (answer,) = world.assistant.ask_many([Question("Who won the chess tournament?")])
    assert (answer.abstained, world.loads) == (True, 0)
    assert world.assistant.ask_many([]) == []


def test_a_failure_at_one_of_several_questions_is_not_hidden() -> None:
    world = World(model=Scripted("At 8:20.", context_tokens=90))
    with pytest.raises(GenerationError, match="no room"):
        world.assistant.ask_many(
            [Question("When does the ferry leave?"), Question("When does the ferry leave? " * 5)]
        )
