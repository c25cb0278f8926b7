"""What comes with a question: words checked, pictures and recordings read and put into words.

Knows: the limits of a question, that uploads come as bytes, and that a recording without words is
the question itself. Refuses to know: what is searched, and how an answer is made.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TypeAlias, TypeVar

from mmqa.errors import UsageError
from mmqa.extraction import Extract, Extractors
from mmqa.interfaces import Reader, Transcriber
from mmqa.records import Features, LongRecording, Part, Picture, Question, Recording, Segment
from mmqa.segmenting import Segmenter, attached_segment
from mmqa.times import clock

LONGEST_QUESTION = 4_000
"""Characters. Far above any question, far below what would stall the encoders."""

Attachment: TypeAlias = Path | str | bytes
"""A file, by path or as its bytes (an upload)."""

_Wanted = TypeVar("_Wanted", Picture, Recording)


def check(text: str, attached: bool) -> str:
    """The question, its words one space apart: how they are spaced says nothing.

    Raises:
        UsageError: It is empty with nothing attached, or longer than ``LONGEST_QUESTION``.
    """
    trimmed = " ".join(text.split())
    if not trimmed and not attached:
        raise UsageError("the question is empty", "Ask in words, or attach a picture or recording.")
    if len(trimmed) > LONGEST_QUESTION:
        raise UsageError(
            f"the question has {len(trimmed):,} characters; at most {LONGEST_QUESTION:,} are read",
            "Shorten it, or add the long text to the index as a note.",
        )
    return trimmed


def read_question(
    reader: Reader, text: str, images: Sequence[Attachment], audio: Attachment | None
) -> Question:
    """Words and attachments, read and cleaned.

    Raises:
        UsageError: The question is empty or too long, or an attachment is of the wrong kind.
        MediaError: An attachment cannot be read.
    """
    words = check(text, bool(images) or audio is not None)
    pictures = tuple(_read(reader, image, Picture, "a picture") for image in images)
    paths = [_name(image, f"attached picture {n}") for n, image in enumerate(images, start=1)]
    if audio is None:
        return Question(words, pictures, None, tuple(paths))
    recording = _read(reader, audio, Recording, "a recording")
    return Question(words, pictures, recording, (*paths, _name(audio, "attached recording")))


def _name(source: Attachment, otherwise: str) -> Path:
    if isinstance(source, bytes):
        return Path(otherwise)
    return Path(source).expanduser().absolute()


def _read(reader: Reader, source: Attachment, wanted: type[_Wanted], name: str) -> _Wanted:
    if isinstance(source, bytes):
        with tempfile.TemporaryDirectory(prefix="mmqa-") as folder:
            path = Path(folder) / "attachment"
            path.write_bytes(source)
            return _read(reader, path, wanted, name)
    path = Path(source).expanduser()
    part: Part | None = next(iter(reader.read(path).parts), None)
    if isinstance(part, LongRecording):
        raise UsageError(
            f"{str(source)!r} lasts {clock(part.duration_s)}, which is no question",
            "Ask with a few minutes at most; add long recordings to an index.",
        )
    if not isinstance(part, wanted):
        raise UsageError(f"{str(source)!r} is not {name}", f"Attach {name}.")
    return part


def spoken(question: Question, transcriber: Callable[[], Transcriber]) -> Question:
    """The question with its recording turned into words, where it has no words of its own.

    Raises:
        UsageError: Nobody speaks in the recording and there is nothing else to go by.
    """
    if question.recording is None or question.text:
        return question
    spans = transcriber().transcribe(question.recording).spans
    words = " ".join(span.text for span in spans).strip()
    if not words and not question.pictures:
        raise UsageError(
            "no speech was heard in the recording", "Ask in words, or record the question again."
        )
    return replace(question, text=words[:LONGEST_QUESTION])


def describe(question: Question, extractors: Extractors, segmenter: Segmenter) -> list[Segment]:
    """The attachments as segments with their words: text in pictures, prompt words, transcripts."""
    extracts: list[Extract] = []
    paths: list[Path] = []
    for path, seen in zip(question.paths, extractors.pictures(question.pictures), strict=False):
        extracts.append(seen)
        paths.append(path)
    if question.recording is not None:
        (heard,) = extractors.recordings([question.recording])
        extracts.extend(heard)
        paths.extend([question.paths[-1]] * len(heard))
    visual = segmenter.visual(extracts)
    words = segmenter.words([Features({} if v is None else {"visual": v}) for v in visual])
    return [
        attached_segment(number, path, extract, seen)
        for number, (path, extract, seen) in enumerate(zip(paths, extracts, words, strict=True))
    ]
