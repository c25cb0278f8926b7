"""One question and its answer, as it grows while events come in.

Knows: the events of ``Library.stream``, and what a turn looks like when it ends well, is stopped or
fails. Refuses to know: Streamlit; it can be tested and read without a page.
"""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event
from typing import Literal, Protocol

from mmqa.errors import MmqaError
from mmqa.records import (
    Answer,
    AnswerEvent,
    Citation,
    CitationEvent,
    DoneEvent,
    Hit,
    KeyFrame,
    RetrievalEvent,
    SearchResult,
    TokenEvent,
)

log = logging.getLogger("mmqa.ui")


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that came with a question: its name, bytes and kind."""

    name: str
    content: bytes
    kind: Literal["image", "audio"]


@dataclass(frozen=True, slots=True)
class Failure:
    """What went wrong, for people. ``details`` is empty where the sentence says it all."""

    sentence: str
    remedy: str = ""
    details: str = ""

    @classmethod
    def of(cls, error: Exception) -> Failure:
        """A failure in words; an error that mmqa did not raise on purpose is logged, with trace."""
        if isinstance(error, MmqaError):
            return cls(f"{error.fact}.", error.remedy)
        log.error("unexpected error in the chat", exc_info=error)
        return cls(
            "Something went wrong that mmqa did not expect.",
            "Try again; if it stays, the details below help whoever looks into it.",
            "".join(traceback.format_exception(error)),
        )


@dataclass(slots=True)
class Turn:
    """A question, what came with it, and everything that came back so far.

    Attributes:
        text: The answer as streamed; what ``answer`` says replaces it.
        state: ``running`` until the last event, an error or a stop.
        frames: Key frames of the videos that were found, as they were looked up.
    """

    question: str
    attachments: tuple[Attachment, ...] = ()
    state: Literal["running", "done", "stopped", "failed"] = "running"
    text: str = ""
    result: SearchResult | None = None
    citations: list[Citation] = field(default_factory=list)
    answer: Answer | None = None
    failure: Failure | None = None
    frames: dict[Path, tuple[KeyFrame, ...]] = field(default_factory=dict)

    @property
    def pictures(self) -> list[bytes]:
        """Bytes of the attached pictures, in order."""
        return [a.content for a in self.attachments if a.kind == "image"]

    @property
    def recording(self) -> bytes | None:
        """Bytes of the attached recording, if there is one."""
        return next((a.content for a in self.attachments if a.kind == "audio"), None)

    @property
    def hits(self) -> tuple[Hit, ...]:
        """What was found, best first."""
        if self.answer is not None and self.answer.hits:
            return self.answer.hits
        return self.result.hits if self.result else ()

    @property
    def heard(self) -> str:
        """What was understood of a question that was spoken and not typed; empty before that."""
        if self.recording is None or self.question:
            return ""
        understood = self.answer if self.answer is not None else self.result
        return understood.question if understood is not None else ""

    def abandon(self) -> None:
        """End a turn that nobody waits for any more; one that has ended stays as it is."""
        if self.state == "running":
            self.state = "stopped"

    def take(self, event: AnswerEvent) -> None:
        """Grow by one event."""
        match event:
            case RetrievalEvent(result=result):
                self.result = result
            case TokenEvent(text=text):
                self.text += text
            case CitationEvent(citation=citation):
                self.citations.append(citation)
            case DoneEvent(answer=answer):
                self.answer, self.text = answer, answer.text
                self.citations = list(answer.citations)
                self.state = "done"

    def cited(self) -> list[tuple[Citation, Hit]]:
        """Citations with the hits they point to, by number."""
        by_id = {hit.segment.id: hit for hit in self.hits}
        ordered = sorted(self.citations, key=lambda citation: citation.n)
        return [(c, by_id[c.id]) for c in ordered if c.id in by_id]

    def loose(self) -> list[Citation]:
        """Citations of what is not in the index: the attachments, shown with the question."""
        found = {hit.segment.id for hit in self.hits}
        return [citation for citation in self.citations if citation.id not in found]

    def uncited(self) -> list[Hit]:
        """Hits that no citation points to, best first."""
        cited = {citation.id for citation in self.citations}
        return [hit for hit in self.hits if hit.segment.id not in cited]


class Stream(Protocol):
    """Starts the answer; given a function that says whether it should stop."""

    def __call__(self, cancelled: Callable[[], bool]) -> Iterator[AnswerEvent]:
        """Events of one answer."""


def follow(turn: Turn, stream: Stream) -> Generator[AnswerEvent, None, None]:
    """Feed ``turn`` from ``stream``, handing each event on once it is taken.

    However it ends, the turn says so: an error becomes ``turn.failure``; when the reader goes away
    (Streamlit's stop and rerun are ``BaseException``) or the turn is abandoned, the source is told
    to stop. Streamlit starts the next run of the page while this one still waits for a word, so
    being abandoned is how the old run learns of it.
    """
    stop = Event()
    try:
        # named: it must outlive the loop, and close after stop
        events = stream(lambda: stop.is_set() or turn.state != "running")
        for event in events:
            if turn.state != "running":
                break
            turn.take(event)
            yield event
    except Exception as error:  # noqa: BLE001  # shown to the user and logged, never lost
        turn.failure, turn.state = Failure.of(error), "failed"
    finally:
        stop.set()
        turn.abandon()
