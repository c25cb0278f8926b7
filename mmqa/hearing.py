"""A long recording, heard for an index: what was heard before an interruption is not heard again.

Knows: where what was heard so far is kept, under the hash of the content and the model that heard
it, and who is told how far it came. Refuses to know: how anything is heard, and what becomes of it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from mmqa.index.store import IndexStore
from mmqa.interfaces import Cancelled, Progress, Transcriber
from mmqa.records import (
    Chunk,
    Heard,
    LongRecording,
    SpokenWord,
    Transcript,
    TranscriptSpan,
)


class StoppedError(Exception):
    """Listening was left off because somebody asked for it; what was heard is kept."""


def key_of(key: str) -> str:
    """Under which the unfinished transcript is kept of what has extracts under ``key``."""
    return f"{key};heard"


@dataclass(frozen=True, slots=True)
class Hearing:
    """Listens to long recordings.

    Attributes:
        store: The index, open for writing; what was heard so far is committed to it.
        transcriber: Gives the speech recogniser.
        on_progress: Told how many seconds of a recording were heard.
        cancelled: Asked every few minutes of sound.
    """

    store: IndexStore
    transcriber: Callable[[], Transcriber]
    on_progress: Progress | None = None
    cancelled: Cancelled | None = None

    def transcript(self, sha256: str, key: str, name: str, recording: LongRecording) -> Transcript:
        """What is said in a recording, heard on from where an earlier run was interrupted.

        Args:
            sha256: Of the file.
            key: Under which its extracts will be kept.
            name: Of the file, for people.
            recording: The sound in it.

        Raises:
            StoppedError: ``cancelled`` said so.
            MediaError: The file cannot be decoded any more.
        """
        heard = self._kept(sha256, key)
        for further in self.transcriber().listen(recording, heard):
            heard = further
            self.store.put_extraction(sha256, key_of(key), packed(heard))
            self._tell(name, heard, recording)
            if not heard.done and self.cancelled is not None and self.cancelled():
                raise StoppedError
        return heard.transcript

    def _kept(self, sha256: str, key: str) -> Heard:
        payload = self.store.extraction(sha256, key_of(key))
        return Heard() if payload is None else unpacked(payload)

    def _tell(self, name: str, heard: Heard, recording: LongRecording) -> None:
        if self.on_progress is not None:
            done_s, all_s = (round(n / recording.rate_hz) for n in (heard.until, recording.length))
            self.on_progress(Chunk(f"listening to {name}", min(done_s, all_s), all_s, "seconds"))


def packed(heard: Heard) -> bytes:
    """As bytes, to be kept."""
    return json.dumps(asdict(heard), ensure_ascii=False).encode("utf-8")


def unpacked(payload: bytes) -> Heard:
    """The reverse of :func:`packed`.

    >>> spans, words = (TranscriptSpan(0.5, 1.0, "Yes."),), (SpokenWord(9.0, 10.0, " No"),)
    >>> said = Heard(320_000, "en", spans, words)
    >>> unpacked(packed(said)) == said
    True
    """
    facts = json.loads(payload.decode("utf-8"))
    spans = tuple(_span(**span) for span in facts.pop("spans"))
    words = tuple(SpokenWord(**word) for word in facts.pop("words"))
    return Heard(**facts, spans=spans, words=words)


def _span(words: Sequence[dict[str, Any]] = (), **span: Any) -> TranscriptSpan:
    return TranscriptSpan(**span, words=tuple(SpokenWord(**word) for word in words))
