"""FAISS indexes made from the catalogue, a piece at a time.

Knows: how rows are read, fused, trained with, added and tuned within bounded memory. Refuses to
know: files, and which rows belong together.

No more than a training sample and one piece of the float32 vectors are held at once; what FAISS
holds is compressed, except in flat indexes, which are small.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mmqa.index import index_types, tuning
from mmqa.index.catalogue import Catalogue
from mmqa.index.faiss_segments import FaissRows
from mmqa.index.index_types import IndexType
from mmqa.index.plan import IndexPlan
from mmqa.index.tuning import Truth
from mmqa.interfaces import Cancelled, Fuser, Progress
from mmqa.records import Chunk, Floats

LAST = 2**62
"""Above every rowid."""

CHUNK_ROWS = 4_096
"""Rows read, fused and added at once."""

Piece = tuple[NDArray[np.int64], Floats]
"""Rowids (n,) and their fused vectors (n, width)."""


class BuildCancelledError(Exception):
    """The caller asked to stop; nothing was changed."""


class Builder:
    """Makes indexes; see the module.

    Args:
        fuser: That of the index.
        plan: Which type, and the recall it is tuned to.
        progress: Told as rows go in.
        cancelled: Asked between pieces; true ends the work.
    """

    def __init__(
        self,
        fuser: Fuser,
        plan: IndexPlan,
        progress: Progress | None = None,
        cancelled: Cancelled | None = None,
    ) -> None:
        self._fuser = fuser
        self._plan = plan
        self._tell = progress or (lambda _chunk: None)
        self._cancelled = cancelled or (lambda: False)

    def build(
        self, catalogue: Catalogue, first: int, last: int, *, trained: bool = True
    ) -> tuple[FaissRows, float | None]:
        """An index of the live rows from ``first`` to ``last``, and its recall.

        Args:
            catalogue: Read; its answers must belong together, so give it a read transaction.
            first: First rowid.
            last: Last rowid.
            trained: Take the time to train and tune; else a type that needs none, whose recall is
                not measured.

        Returns:
            The index, and its recall@10 against exact search; ``None`` where it is exact or was not
            measured.

        Raises:
            BuildCancelledError: The caller asked for it.
        """
        numbers = live_numbers(catalogue, first, last)
        kind = index_types.choose(len(numbers), self._plan, trained=trained)
        index = index_types.empty(kind, self._fuser.width, len(numbers))
        self._train(catalogue, kind, index, numbers)
        truth = self._truth(catalogue, numbers) if trained and not kind.exact else None
        self._fill(catalogue, index, numbers, truth)
        bounds = (int(numbers[0]), int(numbers[-1])) if len(numbers) else (first, first)
        rows = FaissRows(kind, index, *bounds)
        if truth is None:
            return rows, None
        rows.nprobe, recall = tuning.tune(rows, truth, self._plan.recall_target)
        return rows, recall

    def _train(
        self, catalogue: Catalogue, kind: IndexType, index: Any, numbers: NDArray[np.int64]
    ) -> None:
        wanted = index_types.training_rows(kind, len(numbers))
        if index.is_trained or not wanted:
            return
        chosen = numbers[np.linspace(0, len(numbers) - 1, wanted).round().astype(np.int64)]
        sample = np.zeros((wanted, index.d), np.float32)
        done = 0
        for start in range(0, wanted, CHUNK_ROWS):
            some = chosen[start : start + CHUNK_ROWS]
            fused = self._fuser.fuse(catalogue.features(some.tolist()))
            sample[done : done + len(some), : fused.shape[1]] = fused
            done += len(some)
            self._step("training", done, wanted)
        index.train(sample)

    def _truth(self, catalogue: Catalogue, numbers: NDArray[np.int64]) -> Truth:
        wanted = min(tuning.QUESTIONS, len(numbers))
        places = np.linspace(0, len(numbers) - 1, wanted).round().astype(np.int64)
        chosen = numbers[places]
        features = catalogue.features(chosen.tolist())
        asked = tuning.questions_of(features, self._fuser, catalogue.calibration())
        return Truth(related_rows(catalogue, chosen), asked)

    def _fill(
        self, catalogue: Catalogue, index: Any, numbers: NDArray[np.int64], truth: Truth | None
    ) -> None:
        if not len(numbers):
            return
        done = 0
        for some, fused in fused_pieces(catalogue, self._fuser, int(numbers[0]), int(numbers[-1])):
            index.add_with_ids(index_types.padded(fused, index.d), some)
            if truth is not None:
                truth.add(some, fused)
            done += len(some)
            self._step("indexing", done, len(numbers))

    def _step(self, label: str, done: int, total: int) -> None:
        if self._cancelled():
            raise BuildCancelledError(label)
        self._tell(Chunk(label, done, total, "steps"))


def live_numbers(catalogue: Catalogue, first: int, last: int) -> NDArray[np.int64]:
    """int64 (n,): rowids of the live segments from ``first`` to ``last``, ascending."""
    sql = "SELECT number FROM segments WHERE number BETWEEN ? AND ? ORDER BY number"
    with catalogue.lock, catalogue.reading():
        found = catalogue.connection.execute(sql, (first, last))
        return np.fromiter((number for (number,) in found), np.int64)


def related_rows(catalogue: Catalogue, numbers: NDArray[np.int64]) -> list[set[int]]:
    """For each rowid itself, and the other rows of its file unless they are very many."""
    sql = """SELECT own.number, other.number FROM json_each(?) AS asked
        CROSS JOIN segments AS own ON own.number = asked.value
        JOIN segments AS other ON other.item = own.item"""
    found: dict[int, set[int]] = {number: {number} for number in numbers.tolist()}
    for number, other in catalogue.all(sql, json.dumps(numbers.tolist())):
        found[number].add(other)
    return [found[n] if len(found[n]) <= tuning.RELATED + 1 else {n} for n in numbers.tolist()]


def fused_pieces(
    catalogue: Catalogue, fuser: Fuser, first: int, last: int = LAST
) -> Iterator[Piece]:
    """Live rows from ``first`` to ``last``, fused, a piece at a time."""
    for numbers, features in catalogue.iter_vectors(CHUNK_ROWS, first, last):
        yield np.array(numbers, np.int64), fuser.fuse(features)


def fused_rows(catalogue: Catalogue, fuser: Fuser, first: int, last: int = LAST) -> Piece:
    """Live rows from ``first`` to ``last``, fused, all at once: for few."""
    numbers, blocks = [np.zeros(0, np.int64)], [np.zeros((0, fuser.width), np.float32)]
    for some, fused in fused_pieces(catalogue, fuser, first, last):
        numbers.append(some)
        blocks.append(fused)
    return np.concatenate(numbers), np.concatenate(blocks)
