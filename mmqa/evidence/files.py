"""Which found files to show when a question looks for a file and not for a fact.

Knows: that a file is worth showing when it was found well, or its own words name what is sought.
Refuses to know: how files were found.
"""

from __future__ import annotations

from collections.abc import Sequence

from mmqa.evidence.ranking import covered
from mmqa.evidence.words import content
from mmqa.records import Hit, Kind, SegmentText

MOST = 3
"""Files shown at most."""

NEAR = 0.75
"""A further file is shown when its score is at least this share of the best one's."""

_FILE_WORDS = frozenset(
    content(
        "picture photo photograph image pic screenshot recording audio voice memo video clip film"
        " note document file show find get open look search see anything something similar like find any"
        " got containing contain with about there picture's 照片 图片 张照 给 找 有没 显示 录音"
    )
)


def subject(question: str) -> list[str]:
    """What the file is to be about: the question's content without words for files and finding.

    >>> subject("Show me a photo of a red bicycle")
    ['red', 'bicycl']
    """
    return [word for word in content(question) if word not in _FILE_WORDS]


def choose(question: str, hits: Sequence[Hit], kind: Kind, min_score: float) -> list[Hit]:
    """The hits to show, best first, at most ``MOST``; empty when none is worth it.

    Args:
        question: The question's words; without any (a picture alone) only scores count.
        hits: As found, best first.
        kind: The kind of file that is sought.
        min_score: Score from which a hit counts without its words naming the subject.
    """
    sought = subject(question)
    worthy = [
        (hit, named)
        for hit in hits
        if hit.segment.kind == kind
        for named in [covered(sought, words_of(hit.segment.text))]
        if hit.score >= min_score or (named >= 0.5 and hit.score > 0)
    ]
    if not worthy:
        return []
    best, named = worthy[0]
    rest = [h for h, n in worthy[1:] if h.score >= NEAR * best.score and n >= min(named, 0.5)]
    shown: dict[object, Hit] = {}
    for hit in [best, *rest]:
        shown.setdefault(hit.segment.path, hit)
    return list(shown.values())[:MOST]


def words_of(text: SegmentText) -> str:
    """All words of a segment, prompt words included."""
    return f"{text.written()}\n{', '.join(w.word for w in text.prompt_words)}"


def description(text: SegmentText, longest: int = 120) -> str:
    """A few words for a picture: caption, else name, else text in it, else prompt words."""
    guesses = ", ".join(w.word for w in text.prompt_words[:3])
    words = text.caption or text.name_words or " / ".join(text.ocr.split("\n")) or guesses
    return words if len(words) <= longest else words[:longest].rsplit(" ", 1)[0] + " …"
