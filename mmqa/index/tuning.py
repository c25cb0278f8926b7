"""How many lists a search must look into, found by asking what users might ask.

Knows: how questions are made of stored vectors, what exact search answers, and which ``nprobe`` is
the least that reaches a recall. Refuses to know: how rows are read and files are made.

A question is a stored vector of one modality asked of all modalities with even weights, as a
question in words is. The row it came from does not count, nor do the others of the same file,
which would be found too easily. What exact search finds is gathered while the file is being filled,
so no vector is kept for it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from typing import Any

import faiss
import numpy as np
from numpy.typing import NDArray

from mmqa.index import index_types
from mmqa.index.faiss_segments import FaissRows
from mmqa.interfaces import Fuser
from mmqa.records import Calibration, Channel, Features, Floats

QUESTIONS = 400
"""Enough that the recall measured is within about 0.01 of the true one."""
HITS = 10
RELATED = 53
"""Most rows of the same file that are looked past; of a longer file only the row itself is."""
SETTLED = 0.002
"""Recall below the best reachable by less than this is as good."""


def questions_of(
    features: Sequence[Features], fuser: Fuser, calibration: Mapping[Channel, Calibration]
) -> Floats:
    """A question float32 (n, width) from each row; zeros where a row has no vector.

    Args:
        features: Stored vectors of n rows; their modalities take turns.
        fuser: That of the index.
        calibration: That of questions in words.
    """
    names = sorted({name for one in features for name in one.vectors})
    weights = dict.fromkeys(names, 1.0 / max(len(names), 1))
    asked = np.zeros((len(features), fuser.width), np.float32)
    for place, one in enumerate(features):
        own = sorted(one.vectors)
        if own:
            vector = one.vectors[own[place % len(own)]]
            question = Features(dict.fromkeys(names, vector))
            asked[place] = fuser.fuse_question(question, weights, calibration)
    return asked


class Truth:
    """What exact search answers, gathered piece by piece.

    Args:
        related: For each of q questions the rows that do not count.
        questions: float32 (q, width).
    """

    def __init__(self, related: Sequence[Set[int]], questions: Floats) -> None:
        asked = np.flatnonzero(np.abs(questions).sum(axis=1) > 0).tolist()
        self.questions = questions[asked]
        self.related = [related[place] for place in asked]
        self._depth = HITS + max(map(len, self.related), default=0)
        heap: Any = faiss.ResultHeap
        self._best = heap(len(asked), self._depth, keep_max=True)

    def add(self, numbers: NDArray[np.int64], matrix: Floats) -> None:
        """Some rows (n,) with their fused vectors (n, width)."""
        if not self.related:
            return
        k = min(self._depth, len(numbers))
        search: Any = faiss.knn
        scores, places = search(self.questions, matrix, k, metric=faiss.METRIC_INNER_PRODUCT)
        self._best.add_result(scores, numbers[places])

    def finish(self) -> list[set[int]]:
        """The 10 best rows of each question; fewer where there are no more."""
        if not self.related:
            return []
        self._best.finalize()
        rows = zip(self._best.I, self.related, strict=True)
        return [set(_without(found, related, HITS)) for found, related in rows]


def _without(found: NDArray[np.int64], related: Set[int], k: int) -> list[int]:
    return [number for number in found.tolist() if number >= 0 and number not in related][:k]


def tune(rows: FaissRows, truth: Truth, target: float) -> tuple[int, float | None]:
    """The least ``nprobe`` that reaches ``target``, and the recall it has.

    Args:
        rows: What was built.
        truth: With all rows added.
        target: Recall@10 after candidates are scored again, as a search does.

    Returns:
        ``nprobe`` (0 for types without lists) and the recall; ``None`` without a question. Where no
        ``nprobe`` reaches the target, the least that is as good as looking everywhere.
    """
    expected = truth.finish()
    if not any(expected):
        return rows.lists, None
    asked = index_types.padded(truth.questions, rows.index.d)
    known: dict[int, float] = {}

    def recall(probes: int) -> float:
        if probes not in known:
            known[probes] = _recall(rows, asked, truth.related, expected, probes)
        return known[probes]

    if not rows.lists:
        return 0, recall(0)
    high = 1
    while high < rows.lists and recall(high) < target:
        high = min(2 * high, rows.lists)
    if recall(high) < target:
        return _least(rows.lists, recall, recall(rows.lists) - SETTLED)
    return _least(high, recall, target)


def _least(high: int, recall: Any, target: float) -> tuple[int, float]:
    """The least number up to ``high``, which reaches the target, that does; recall never falls."""
    low = 0
    while high - low > max(1, high // 16):
        middle = (low + high) // 2
        low, high = (low, middle) if recall(middle) >= target else (middle, high)
    return high, recall(high)


def _recall(
    rows: FaissRows,
    asked: Floats,
    related: Sequence[Set[int]],
    expected: Sequence[set[int]],
    probes: int,
) -> float:
    """Share of the true hits among the candidates that a search would score again."""
    candidates = max(index_types.LEAST_CANDIDATES, HITS) * rows.kind.oversampling
    fetched = candidates + max(map(len, related))
    found, _ = rows.probe(asked, min(fetched, len(rows)), probes)
    hit = sum(
        len(true & set(_without(some, others, candidates)))
        for some, others, true in zip(found, related, expected, strict=True)
    )
    return hit / sum(map(len, expected))
