"""A turn grows by events, and always ends in a state that can be drawn."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from mmqa.errors import UsageError
from mmqa.records import Answer, Citation, DoneEvent, RetrievalEvent, SearchResult, TokenEvent
from ui.conversation import Attachment, Failure, Turn, follow


def test_the_last_event_replaces_what_was_streamed() -> None:
    turn = Turn("how long?")
    events = [TokenEvent("1.2 km"), DoneEvent(Answer("how long?", "4.2 km"))]
    list(follow(turn, lambda cancelled: iter(events)))
    assert (turn.text, turn.state) == ("4.2 km", "done")


def test_a_reader_who_leaves_stops_the_source() -> None:
    asked: list[bool] = []

    def stream(cancelled: Callable[[], bool]) -> Iterator[Any]:
        try:
            for _ in range(10):
                yield TokenEvent("word ")
        finally:
            asked.append(cancelled())

    turn = Turn("?")
    reader = follow(turn, stream)
    next(reader)
    reader.close()
    assert (turn.state, turn.text) == ("stopped", "word ")
    assert asked == [True]


def test_an_abandoned_turn_stops_the_source_and_takes_no_more() -> None:
    looks: list[bool] = []

    def stream(cancelled: Callable[[], bool]) -> Iterator[Any]:
        for _ in range(3):
            yield TokenEvent("word ")
            looks.append(cancelled())

    turn = Turn("?")
    for _ in follow(turn, stream):
        turn.abandon()
    assert (turn.state, turn.text, looks) == ("stopped", "word ", [True])


def test_an_error_becomes_a_failure_and_keeps_what_was_written() -> None:
    def stream(cancelled: Callable[[], bool]) -> Iterator[Any]:
        yield TokenEvent("half ")
        raise UsageError("the question is empty", "Type one.")

    turn = Turn("")
    list(follow(turn, stream))
    assert turn.failure == Failure("the question is empty.", "Type one.")
    assert (turn.state, turn.text) == ("failed", "half ")


def test_an_error_while_starting_is_caught_too() -> None:
    def stream(cancelled: Callable[[], bool]) -> Iterator[Any]:
        raise UsageError("no")

    turn = Turn("")
    list(follow(turn, stream))
    assert turn.state == "failed"


def test_citations_are_paired_with_their_hits_by_number(hits: tuple[Any, ...]) -> None:
    turn = Turn("?")
    turn.take(RetrievalEvent(SearchResult("?", {}, hits)))
    turn.citations = [
        Citation(2, "a.0", Path("/a")),
        Citation(1, "b.0", Path("/b")),
        Citation(3, "unknown", Path("/c")),
    ]
    assert [(c.n, h.segment.id) for c, h in turn.cited()] == [(1, "b.0"), (2, "a.0")]
    assert [h.segment.id for h in turn.uncited()] == ["c.0"]
    assert [c.n for c in turn.loose()] == [3]


def test_what_is_heard_of_a_spoken_question_shows_as_soon_as_it_was_searched() -> None:
    turn = Turn("", (Attachment("recording.wav", b"RIFF", "audio"),))
    assert turn.heard == ""
    turn.take(RetrievalEvent(SearchResult("when does the ferry leave", {}, ())))
    assert turn.heard == "when does the ferry leave"
    turn.take(DoneEvent(Answer("When does the ferry leave?", "At nine.")))
    assert turn.heard == "When does the ferry leave?"


def test_a_typed_question_is_not_heard() -> None:
    turn = Turn("Who speaks?", (Attachment("recording.wav", b"RIFF", "audio"),))
    turn.take(RetrievalEvent(SearchResult("Who speaks?", {}, ())))
    assert turn.heard == ""
