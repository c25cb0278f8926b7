"""How many lists a search must look into, found by asking what users might ask.

Knows: how questions are made of stored vectors, what exact search answers, and which ``nprobe`` is
the least that reaches a recall. Refuses to know: how rows are read and files are made.

A question is a stored vector of one modality asked of all modalities with even weights, as a
question in words is; the row it came from does not count. What exact search finds is gathered while
the file is being filled, so no vector is kept for it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import faiss
import numpy as np
from numpy.typing import NDArray

from mmqa.index import index_types
from mmqa.index.faiss_segments import FaissRows
from mmqa.interfaces import Fuser
from mmqa.records import Calibration, Features, Floats, Modality

QUESTIONS = 400
"""Enough that the recall measured is within about 0.01 of the true one."""
HITS = 10
SETTLED = 0.002
"""Recall below the best reachable by less than this is as good."""


def questions_of(
    features: Sequence[Features], fuser: Fuser, calibration: Mapping[Modality, Calibration]
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
        numbers: int64 (q,), the row that each question came from.
        questions: float32 (q, width).
    """

    def __init__(self, numbers: NDArray[np.int64], questions: Floats) -> None:
        asked = np.abs(questions).sum(axis=1) > 0
        self.own, self.questions = numbers[asked], questions[asked]
        heap: Any = faiss.ResultHeap
        self._best = heap(len(self.own), HITS + 1, keep_max=True)

    def add(self, numbers: NDArray[np.int64], matrix: Floats) -> None:
        """Some rows (n,) with their fused vectors (n, width)."""
        if not len(self.own):
            return
        k = min(HITS + 1, len(numbers))
        search: Any = faiss.knn
        scores, places = search(self.questions, matrix, k, metric=faiss.METRIC_INNER_PRODUCT)
        self._best.add_result(scores, numbers[places])

    def finish(self) -> list[set[int]]:
        """The 10 best rows of each question but its own; fewer where there are no more."""
        if not len(self.own):
            return []
        self._best.finalize()
        rows = zip(self._best.I, self.own, strict=True)
        return [set(_without(found, own, HITS)) for found, own in rows]


def _without(found: NDArray[np.int64], own: int, k: int) -> list[int]:
    return [int(number) for number in found if number not in (own, -1)][:k]


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
            known[probes] = _recall(rows, asked, truth.own, expected, probes)
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
    own: NDArray[np.int64],
    expected: Sequence[set[int]],
    probes: int,
) -> float:
    """Share of the true hits among the candidates that a search would score again."""
    candidates = max(index_types.LEAST_CANDIDATES, HITS) * rows.kind.oversampling
    found, _ = rows.probe(asked, min(candidates + 1, len(rows)), probes)
    hit = sum(
        len(true & set(_without(some, number, candidates)))
        for some, number, true in zip(found, own, expected, strict=True)
    )
    return hit / sum(map(len, expected))
