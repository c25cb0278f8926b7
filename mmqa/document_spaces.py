"""How vectors of documents stand among the vectors of their index.

Knows: that documents alone are compared by cosine, and that beside files they are one more text
with hubness and calibration. Refuses to know: who made the vectors, and how anything is stored.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from mmqa.fusion.router import uniform
from mmqa.index.store import IndexStore
from mmqa.interfaces import CrossModalMapping
from mmqa.questions import strengths
from mmqa.records import MODALITIES, Calibration, Channel, Features, Floats
from mmqa.retrieval.search import QuestionPart


@dataclass(frozen=True, slots=True)
class Space:
    """How vectors of documents stand among the vectors of their index.

    Attributes:
        features: Unit vectors (n, d) → what is stored of each.
        question: A unit vector (d,) → how it is asked.
        settle: Called with the store after each change, while it is open for writing.
    """

    features: Callable[[Floats], list[Features]]
    question: Callable[[Floats], QuestionPart]
    settle: Callable[[IndexStore], None]


def cosine_space() -> Space:
    """One vector a document, and its cosine with the question is the score."""
    return Space(
        features=lambda vectors: [Features({"text": row}) for row in vectors],
        question=lambda row: QuestionPart(Features({"text": row}), {"text": 1.0}, {}),
        settle=lambda _store: None,
    )


def shared_space(
    mapping: CrossModalMapping, calibration: Callable[[], Mapping[Channel, Calibration]]
) -> Space:
    """Beside the files of a library: a vector of its text encoder is a text like any other.

    Args:
        mapping: Knows the hubness of a text.
        calibration: How unrelated questions score against the index now.
    """
    from mmqa.ingest import recalibrate  # a program with documents alone never needs it
    from mmqa.segmenting import with_hubness

    def question(row: Floats) -> QuestionPart:
        vectors = {**dict.fromkeys(MODALITIES, row), "visual": mapping.ask_pictures(row[None])[0]}
        return QuestionPart(Features(vectors), strengths(uniform(MODALITIES)), calibration())

    return Space(
        features=lambda vectors: with_hubness([{"text": row} for row in vectors], mapping),
        question=question,
        settle=lambda store: recalibrate(store, mapping),
    )
