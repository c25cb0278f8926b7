"""Blocks of text → passages that a text encoder can hold, cut where the writer paused.

Knows: paragraphs, lines, sentences in Latin and Chinese script, and how long a passage may be.
Refuses to know: file formats.

No word is lost but those of blocks that say again what was said before.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from mmqa.media.characters import one_line
from mmqa.records import Passage

MAX_WORDS = 120
"""About 160 tokens of English; text encoders of the presets hold 256."""

JOIN_WORDS = 25
"""Neighbouring paragraphs under one heading are joined up to this: a line alone says little."""

_REPEAT_WORDS = 4
"""Shorter blocks may well be meant twice ("Total", a date)."""

_LONGEST_WORD = 400
_WIDEST = 20  # characters a word: no text of any language has that on average
_IDEOGRAPH = "\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff"
_UNIT = re.compile(rf"[{_IDEOGRAPH}]|[^\s{_IDEOGRAPH}]+")
_SENTENCE_END = re.compile(
    r"[.!?…][\"'”’)\]]*\s+(?=[^\sa-z])"  # not before a lower-case letter: "e.g. this"
    r"|[。！？；]+[”’」』）]*"
)
_ABBREVIATION = re.compile(r"(?:\b(?:[A-Za-z]|Mr|Mrs|Ms|Dr|Prof|St|No|vs|Fig|approx|ca|bzw)\.)$")
_LIST_ITEM = re.compile(r"\s*(?:[-*+•·–]|\d{1,3}[.)、]|[a-z]\))\s")
_SHORT_LINE = 50
_FULL_ROW = 0.7  # a row shorter than that part of the widest was ended, not wrapped


@dataclass(frozen=True, slots=True)
class Block:
    """A paragraph as a format's reader found it.

    Attributes:
        text: Its words; line breaks as in the file.
        heading: The nearest heading above it.
        page: Page from 1, or ``None``.
        verbatim: Keep its lines (code, tables).
    """

    text: str
    heading: str = ""
    page: int | None = None
    verbatim: bool = False


def count_words(text: str) -> int:
    """Length of ``text``: words, and each Chinese or Japanese character for one.

    >>> count_words("The ferry 渡轮 leaves")
    5
    """
    return sum(1 for _ in _UNIT.finditer(text))


def passages(blocks: Iterable[Block]) -> Iterator[Passage]:
    """Passages of at most :data:`MAX_WORDS`, in order, repeated blocks left out."""
    waiting: list[Block] = []
    for block in _without_repeats(blocks):
        if waiting and not _joins(waiting, block):
            yield from _packed(waiting)
            waiting = []
        waiting.append(block)
    if waiting:
        yield from _packed(waiting)


def _without_repeats(blocks: Iterable[Block]) -> Iterator[Block]:
    seen: set[str] = set()
    for block in blocks:
        key = one_line(block.text).casefold()
        if not key or (key in seen and count_words(key) >= _REPEAT_WORDS):
            continue
        seen.add(key)
        yield block


def _joins(waiting: Sequence[Block], block: Block) -> bool:
    last = waiting[-1]
    same = (last.heading, last.page) == (block.heading, block.page)
    words = sum(count_words(b.text) for b in waiting) + count_words(block.text)
    return same and not block.verbatim and not last.verbatim and words <= JOIN_WORDS


def _packed(blocks: Sequence[Block]) -> Iterator[Passage]:
    """One place's blocks as passages, as even in length as sentences allow."""
    pieces = [piece for block in blocks for piece in _pieces(block)]
    lengths = [_size(piece) for piece in pieces]
    parts = max(1, -(-sum(lengths) // MAX_WORDS))
    aim = -(-sum(lengths) // parts)
    kept: list[str] = []
    words = 0
    for piece, length in zip(pieces, lengths, strict=True):
        if kept and (words + length > MAX_WORDS or words + length / 2 > aim):
            yield _passage(kept, blocks[0])
            kept, words = [], 0
        kept.append(piece)
        words += length
    if kept:
        yield _passage(kept, blocks[0])


def _size(text: str) -> int:
    """Words, but a monstrous one counts for as many as would fill its place."""
    return max(count_words(text), len(text) // _WIDEST)


def _passage(pieces: Sequence[str], block: Block) -> Passage:
    text = "".join(pieces).strip()
    return Passage(text, page=block.page, heading=block.heading)


def _pieces(block: Block) -> Iterator[str]:
    """Lines or sentences, each ending with the space or line break that follows it."""
    for line in block.text.strip("\n").split("\n") if block.verbatim else _lines(block.text):
        sentences = [line] if block.verbatim else split_sentences(line)
        for at, sentence in enumerate(sentences):
            end = "\n" if at == len(sentences) - 1 else _gap(sentence)
            yield from _halved(sentence, end)


def _gap(before: str) -> str:
    return "" if before and before[-1] in "。！？；”’」』）" else " "


def _lines(text: str) -> list[str]:
    """Undo hard wrapping; lists, addresses and poems keep their lines."""
    rows = [row for row in (one_line(row) for row in text.split("\n")) if row]
    widest = max((len(row) for row in rows), default=0)
    if widest < _SHORT_LINE:
        return rows
    joined: list[str] = []
    ended = False
    for row in rows:
        if joined and not ended and not _LIST_ITEM.match(row + " "):
            joined[-1] += _between(joined[-1], row) + row
        else:
            joined.append(row)
        ended = len(row) < _FULL_ROW * widest
    return joined


def _between(before: str, after: str) -> str:
    both = re.compile(rf"[{_IDEOGRAPH}，。、！？；：”）]")
    return "" if both.match(before[-1]) and both.match(after[0]) else " "


def split_sentences(text: str) -> list[str]:
    """Sentences of one paragraph; Chinese ones end at 。！？；.

    >>> split_sentences("Dr. Li came. 渡轮九点开。票价八元！")
    ['Dr. Li came.', '渡轮九点开。', '票价八元！']
    """
    sentences: list[str] = []
    start = 0
    for end in [*(match.end() for match in _SENTENCE_END.finditer(text)), len(text)]:
        part, start = text[start:end].strip(), end
        if sentences and part and _ABBREVIATION.search(sentences[-1]):
            sentences[-1] += " " + part
        elif part:
            sentences.append(part)
    return sentences


def _halved(sentence: str, end: str) -> Iterator[str]:
    """A sentence that alone is too long, cut between words; a monstrous word is cut too."""
    if count_words(sentence) <= MAX_WORDS and len(sentence) <= MAX_WORDS * _WIDEST:
        yield sentence + end
        return
    cut: list[str] = []
    words = characters = 0
    for token in re.findall(
        rf"\s+|[{_IDEOGRAPH}]|[^\s{_IDEOGRAPH}]{{1,{_LONGEST_WORD}}}", sentence
    ):
        words += not token.isspace()
        characters += len(token)
        if words > MAX_WORDS or characters > MAX_WORDS * _WIDEST:
            yield "".join(cut)
            cut, words, characters = [], 1, len(token)
        cut.append(token)
    yield "".join(cut) + end
