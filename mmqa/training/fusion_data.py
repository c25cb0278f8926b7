"""Questions with the segments that answer them, as arrays: what a fuser is trained on.

Knows: which segments must not count as wrong answers, and which questions are kept back. Refuses to
know: where questions come from (``fusion_questions``, ``fusion_corpora``), and how they are learned
from.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mmqa.errors import UsageError
from mmqa.records import Asker, Features, Floats, Modality

HELD_BACK = 0.15
"""Share of the groups whose questions choose when training stops, and are never learned from."""

FEWEST = 20
"""Least questions on either side."""


@dataclass(frozen=True, slots=True, eq=False)
class WeakQuestion:
    """A question, and one or more segments that answer it.

    Attributes:
        vector: float32 (d,), unit length.
        segments: Numbers of the segments that answer it, at least one.
        source: The modality whose words it was made from: in training that modality is often taken
            away from the segment, or the fuser learns only to compare a text with itself. ``None``
            where a person or another picture asked.
        asked_by: Words or a picture.
    """

    vector: Floats
    segments: tuple[int, ...]
    source: Modality | None = None
    asked_by: Asker = "words"


@dataclass(frozen=True, slots=True, eq=False)
class FusionData:
    """n segments and q questions.

    Attributes:
        segments: What can be found.
        groups: int64 (n,): segments of one group are the same thing, and never wrong answers to a
            question that one of them answers.
        questions: What is asked.
        kept_back: bool (q,): questions that are not learned from.
    """

    segments: tuple[Features, ...]
    groups: NDArray[np.int64]
    questions: tuple[WeakQuestion, ...]
    kept_back: NDArray[np.bool_]

    def digest(self) -> str:
        """Changes with anything that training depends on."""
        found = hashlib.sha256()
        for one in self.segments:
            for modality, vector in sorted(one.vectors.items()):
                hubs = (one.hubness.get(modality, 0.0), one.picture_hubness.get(modality, 0.0))
                found.update(f"{modality}{hubs}".encode())
                found.update(vector.tobytes())
            found.update(b"|")
        for asked in self.questions:
            found.update(f"{asked.segments}{asked.source}{asked.asked_by}".encode())
            found.update(asked.vector.tobytes())
        found.update(self.groups.tobytes())
        found.update(self.kept_back.tobytes())
        return found.hexdigest()[:16]


def held_back(key: str, share: float = HELD_BACK) -> bool:
    """Whether a group is kept back, by SHA-256 of its key: fixed before anything is fitted.

    >>> [held_back(str(n)) for n in range(10, 16)]
    [False, False, True, False, False, True]
    """
    digest = hashlib.sha256(f"mmqa fusion\0{key}".encode()).digest()
    return int.from_bytes(digest[:4], "big") / 2**32 < share


def assemble(
    segments: Sequence[Features], keys: Sequence[str], questions: Iterable[WeakQuestion]
) -> FusionData:
    """The data of n segments, one key a segment; equal keys are one group and one side.

    A question is kept back if any segment that answers it is.

    Raises:
        UsageError: There is too little to learn from, or too little to keep back.
    """
    asked = tuple(questions)
    numbers = {key: place for place, key in enumerate(dict.fromkeys(keys))}
    sides = [held_back(key) for key in keys]
    kept = np.array([any(sides[s] for s in q.segments) for q in asked], np.bool_)
    if min(int(kept.sum()), int((~kept).sum())) < FEWEST:
        raise UsageError(
            f"a fuser cannot be trained on {int((~kept).sum())} questions and {int(kept.sum())} "
            "kept back",
            f"Give at least {FEWEST} of each: more files, captions, transcripts or pairs.",
        )
    groups = np.array([numbers[key] for key in keys], np.int64)
    return FusionData(tuple(segments), groups, asked, kept)
