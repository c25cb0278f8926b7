"""Which found files to show when a question looks for a file and not for a fact.

Knows: that a file is worth showing when its words, or the words it lies near, mean what is sought.
Refuses to know: how files were found.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from mmqa.evidence.ranking import covered
from mmqa.evidence.sentences import LINE_BREAK
from mmqa.evidence.words import STOP_WORDS, content, is_chinese, tokens
from mmqa.interfaces import TextEncoder
from mmqa.records import Hit, Kind, Segment, SegmentText

MOST = 3
"""Files shown at most."""

ALIKE = 0.53
"""Likeness of a description to what is sought from which it counts as naming it. MiniLM: "red
football" to "soccer ball" 0.59, "elephant" to "dog" 0.49."""

CERTAIN = 2.0
"""Standard deviations above the least score from which a hit counts whatever its words say."""

LOOKS = 3.0
"""What a likeness of 1 is worth, in standard deviations of a score."""

NEAR = 0.7
"""A further file is shown when its worth is less than this below the best one's."""

LONGEST = 120
"""Characters of a description."""

_CLASSES = frozenset(
    content(
        "animal mammal bird fish insect reptile plant tree flower fruit vegetable food meal dish"
        " drink beverage vehicle transport building structure tool instrument device machine"
        " equipment furniture furnishing container vessel clothing garment sport game person people"
        " face body object thing material nature scenery music art toy weapon kitchen utensil"
    )
)
"""Words that name a whole class: "animal" is near to "elephant", and says nothing of one."""

_FILE_WORDS = frozenset(
    content(
        "picture photo photograph image pic screenshot recording audio voice memo video clip film"
        " slide shot scene frame"
        " note document file show find get open look search see anything something similar like"
        " any got containing contain picture's 照片 图片 张照 给 找 有没 显示 录音 张图 片"
    )
)


@dataclass(frozen=True, slots=True)
class Shown:
    """A file to show.

    Attributes:
        hit: As it was found.
        words: What is written in or about it; may be empty.
        guesses: Prompt words, those nearest to what is sought first; may be empty.
        described: What the language model said that it shows; may be empty.
    """

    hit: Hit
    words: str
    guesses: str
    described: str = ""


def subject(question: str) -> str:
    """What the file is to be about: the question without words for files and finding.

    >>> subject("Show me a photo of a red bicycle"), subject("Find pictures like this")
    ('red bicycle', '')
    """
    kept = (
        token
        for token in tokens(question)
        if token.lower() not in STOP_WORDS and not set(content(token)) & _FILE_WORDS
    )
    return " ".join(kept)


def choose(
    question: str,
    hits: Sequence[Hit],
    kind: Kind,
    encoder: TextEncoder,
    min_score: float,
    *,
    understood: str | None = None,
) -> list[Shown]:
    """The files to show, best first, at most ``MOST``; empty when none is worth it.

    Args:
        question: The question's words; without any (a picture alone) only scores count.
        hits: As found, best first.
        kind: The kind of file that is sought.
        encoder: Compares what is sought with descriptions.
        min_score: Least score of a hit, in standard deviations, when nothing names what is sought.
        understood: What the encoder takes in of the question; ``None`` means all.
    """
    sought = subject(question if understood is None else understood)
    letters = _letters(question)
    worths = []
    for hit in (hit for hit in hits if shows(hit.segment, kind)):
        there = words_of(hit.segment.text)
        named = max(covered(content(sought), there), covered(letters, there)) >= 0.5
        phrases, likenesses = _likenesses(sought, hit.segment, encoder)
        likeness = _surest(phrases, likenesses)
        alike = (named or likeness >= ALIKE) and hit.relevance > 0
        enough = min_score + CERTAIN if sought or letters else min_score
        if alike or hit.relevance >= enough:
            words = [phrases[i] for i in np.argsort(-likenesses, kind="stable")]
            worths.append((hit.relevance + LOOKS * likeness, _shown(hit, words)))
    worths.sort(key=lambda pair: -pair[0])
    near: dict[Path, Shown] = {}
    for worth, shown in worths:
        if worth > worths[0][0] - NEAR:
            near.setdefault(shown.hit.segment.path, shown)
    return list(near.values())[:MOST]


def shows(segment: Segment, kind: Kind) -> bool:
    """Whether a segment is of the kind that is sought; the frame of a video is a picture, too."""
    return segment.kind == kind or (kind == "image" and segment.shows)


def _letters(question: str) -> list[str]:
    """The Chinese of a question in pairs of characters, without words for files and finding."""
    return [word for word in content(question) if is_chinese(word) and word not in _FILE_WORDS]


def words_of(text: SegmentText) -> str:
    """All words of a segment, guesses included."""
    guessed = ", ".join(w.word for w in text.prompt_words)
    return f"{text.written()}\n{text.description}\n{guessed}"


def description(text: SegmentText) -> str:
    """What is written about a picture, or in it, on one line; empty where nothing is."""
    words = text.caption or text.name_words or LINE_BREAK.join(filter(None, text.ocr.split("\n")))
    return _short(words)


def _short(words: str) -> str:
    return words if len(words) <= LONGEST else words[:LONGEST].rsplit(" ", 1)[0] + " …"


def told(segment: Segment) -> str:
    """What a segment is described with: of a video what stands in its frame, or is said then."""
    text = segment.text
    if segment.kind != "video":
        return description(text)
    of_all = text if not text.ocr and not text.transcript else replace(text, name_words="")
    return description(replace(of_all, caption="")) or _short(text.transcript)


def _shown(hit: Hit, phrases: Sequence[str]) -> Shown:
    text = hit.segment.text
    guessed = {w.word for w in text.prompt_words}
    guesses = [phrase for phrase in phrases if phrase in guessed][:3]
    return Shown(hit, told(hit.segment), ", ".join(guesses), text.description)


def _surest(
    phrases: Sequence[str], likenesses: np.ndarray[tuple[int], np.dtype[np.float32]]
) -> float:
    """The best likeness of a phrase that is not only the name of a whole class."""
    telling = [not set(content(phrase)) <= _CLASSES for phrase in phrases]
    return float(likenesses[telling].max(initial=0.0))


def _likenesses(
    sought: str, segment: Segment, encoder: TextEncoder
) -> tuple[list[str], np.ndarray[tuple[int], np.dtype[np.float32]]]:
    """Phrases that describe a picture, and the likeness of each to what is sought."""
    text = segment.text
    guesses = [text.description, *(w.word for w in text.prompt_words)]
    phrases = list(dict.fromkeys(filter(None, [told(segment), text.name_words, *guesses])))
    if not sought or not phrases:
        return phrases, np.zeros(len(phrases), np.float32)
    vectors = encoder.encode([sought, *phrases])
    return phrases, vectors[1:] @ vectors[0]
