"""A question → vectors in the shared space, with the statistics of its kind.

Knows: that words ask every modality at once, that a picture asks with its mapped vector, and that
a spoken question is its transcript. Refuses to know: what is in the index, and how hits are ranked.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TypeAlias, TypeVar

from mmqa.errors import UsageError
from mmqa.fusion.router import uniform
from mmqa.interfaces import (
    CrossModalMapping,
    ImageEncoder,
    Reader,
    TextEncoder,
    Transcriber,
)
from mmqa.records import (
    Calibration,
    Features,
    Floats,
    Modality,
    Part,
    Picture,
    Question,
    Recording,
)
from mmqa.retrieval.search import QuestionPart
from mmqa.segmenting import MODALITIES

LONGEST_QUESTION = 4_000
"""Characters. Far above any question, far below what would stall the encoders."""

_Part = TypeVar("_Part", Picture, Recording)

Attachment: TypeAlias = Path | str | bytes
"""A file, by path or as its bytes (an upload)."""


def check(text: str, attached: bool) -> str:
    """The question, trimmed.

    Raises:
        UsageError: It is empty with nothing attached, or longer than ``LONGEST_QUESTION``.
    """
    trimmed = text.strip()
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
    recording = None if audio is None else _read(reader, audio, Recording, "a recording")
    return Question(words, pictures, recording)


def _read(reader: Reader, source: Attachment, wanted: type[_Part], name: str) -> _Part:
    if isinstance(source, bytes):
        with tempfile.TemporaryDirectory(prefix="mmqa-") as folder:
            path = Path(folder) / "attachment"
            path.write_bytes(source)
            return _read(reader, path, wanted, name)
    path = Path(source).expanduser()
    part: Part | None = next(iter(reader.read(path).parts), None)
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


def question_parts(
    question: Question,
    text_encoder: Callable[[], TextEncoder],
    image_encoder: Callable[[], ImageEncoder],
    mapping: CrossModalMapping,
    calibration: Mapping[Modality, Calibration],
) -> list[QuestionPart]:
    """One part for the words and one for each picture; each with the statistics of its kind.

    Args:
        question: Words, pictures or both.
        text_encoder: Gives the encoder of words.
        image_encoder: Gives the encoder of pictures.
        mapping: Takes pictures into the space of words.
        calibration: How unrelated words score against this index.
    """
    parts = []
    if question.text:
        vector = text_encoder().encode([question.text])[0]
        parts.append(_part(vector, calibration))
    if question.pictures:
        features = image_encoder().encode(question.pictures)
        mapped = mapping.map(features)
        parts.extend(_part(row, mapping.picture_calibration) for row in mapped)
    return parts


def _part(vector: Floats, calibration: Mapping[Modality, Calibration]) -> QuestionPart:
    vectors: dict[Modality, Floats] = dict.fromkeys(MODALITIES, vector)
    return QuestionPart(Features(vectors), uniform(MODALITIES), calibration)
