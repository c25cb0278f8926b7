"""Segments, cut into the sentences that an answer may quote.

Knows: where sentences end in English and Chinese, and that lines of a sign or receipt belong
together. Refuses to know: the question.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, TypeAlias

from mmqa.records import Segment

Source: TypeAlias = Literal[
    "transcript", "passage", "ocr", "caption", "name_words", "description", "prompt_words"
]

GUESSES: frozenset[Source] = frozenset({"description", "prompt_words"})
"""What a model made of a picture; nobody wrote or said it."""

LINE_BREAK = " / "
"""Between the lines of text in a picture, where they are quoted."""

BLOCK_CHARACTERS = 400
"""Text of a picture up to this length is one sentence: its lines explain each other."""

_END = re.compile(
    r"(?<=[.!?])(?<!\b[A-Z]\.)(?<!\bMr\.)(?<!\bMs\.)(?<!\bDr\.)(?<!\bSt\.)(?<!\bNo\.)(?<!\bMrs\.)"
    r"\s+(?=[\"“'(\[]?[A-Z0-9\u3400-\u9fff-])|(?<=[。!?])\s*|\n\s*\n|\n(?=\s*[-*•\d]+[.)\s])"
)


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence of one segment.

    Attributes:
        segment: Where it stands.
        source: Which of the segment's texts it comes from.
        text: The words, on one line.
        context: What a reader of the segment knows before reading it: heading, caption, file name.
        order: Position within the segment, from 0.
    """

    segment: Segment
    source: Source
    text: str
    context: str = ""
    order: int = 0


def split(text: str) -> list[str]:
    """Cut running text into sentences, each on one line.

    >>> split("Mr. Okonkwo paid 4.20 euros. He left at 8 p.m. on foot! 我们去杭州。很好")
    ['Mr. Okonkwo paid 4.20 euros.', 'He left at 8 p.m. on foot!', '我们去杭州。', '很好']
    """
    parts = (" ".join(part.split()) for part in _END.split(text))
    return [part for part in parts if part]


def blocks(text: str) -> list[str]:
    r"""Cut text of a picture into quotable blocks; short ones stay whole, long ones overlap.

    >>> blocks("MUSEUM CLOSED\nON MONDAYS")
    ['MUSEUM CLOSED / ON MONDAYS']
    """
    lines = [" ".join(line.split()) for line in text.splitlines() if line.strip()]
    if len(LINE_BREAK.join(lines)) <= BLOCK_CHARACTERS:
        return [LINE_BREAK.join(lines)] if lines else []
    return [LINE_BREAK.join(lines[i : i + 4]) for i in range(0, len(lines) - 1, 2)] or lines


def sentences(segment: Segment) -> list[Sentence]:
    """Everything a segment says, in sentences; what is guessed comes last, and of pictures only."""
    text = segment.text
    found: list[tuple[Source, str]] = []
    found += [("transcript", s) for s in split(text.transcript)]
    found += [("passage", s) for s in split(text.passage)]
    found += [("ocr", s) for s in blocks(text.ocr)]
    found += [("caption", s) for s in split(text.caption)]
    if text.name_words and not text.caption:
        found.append(("name_words", text.name_words))
    if text.description:
        found.append(("description", text.description))
    if text.prompt_words and segment.kind in ("image", "video"):
        found.append(("prompt_words", ", ".join(w.word for w in text.prompt_words[:4])))
    return [
        Sentence(segment, source, words, _context(segment, source), order)
        for order, (source, words) in enumerate(found)
    ]


def all_sentences(segments: Iterable[Segment]) -> list[Sentence]:
    """The sentences of all segments, without repeats of the same words."""
    seen: dict[str, Sentence] = {}
    for segment in segments:
        for sentence in sentences(segment):
            seen.setdefault(sentence.text.casefold(), sentence)
    return list(seen.values())


def _context(segment: Segment, source: Source) -> str:
    text = segment.text
    known = [text.heading, text.name_words]
    if source != "caption":
        known.append(text.caption)
    return ". ".join(k for k in dict.fromkeys(known) if k)
