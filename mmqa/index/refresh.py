"""The next generation in memory: what was committed since the last one, and nothing more.

Knows: how the catalogue's changes become a new view, and that a file which cannot be believed is
replaced by what the catalogue holds. Refuses to know: when to look.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from mmqa.index import digests, gpu, schema
from mmqa.index.building import LAST, Builder, fused_rows
from mmqa.index.catalogue import Catalogue, FaissSegment
from mmqa.index.faiss_segments import FaissRows
from mmqa.index.plan import IndexPlan
from mmqa.index.rows import KIND_CODES
from mmqa.index.view import Delta, Rows, View
from mmqa.interfaces import Fuser

__all__ = ["LAST", "Refresher"]


_MOST = 2**54
"""Above every rowid that an index gets to; eight bits more still fit beside it."""


class Refresher:
    """Derives views; see the module.

    Args:
        catalogue: With a read transaction begun, so that all its answers belong together.
        fuser: That of the index.
        damaged: Called with each file that had to be replaced in memory.
        plan: Where to search.
    """

    def __init__(
        self,
        catalogue: Catalogue,
        fuser: Fuser,
        damaged: Callable[[FaissSegment], None],
        plan: IndexPlan | None = None,
    ) -> None:
        self._catalogue = catalogue
        self._fuser = fuser
        self._damaged = damaged
        self._plan = plan or IndexPlan()

    def next(self, old: View | None) -> View:
        """The committed generation; ``old`` itself when nothing changed.

        Raises:
            IndexDamagedError: The segments in the catalogue are not those that were put there.
        """
        generation = int(self._catalogue.meta("generation"))
        epoch = int(self._catalogue.meta("epoch"))
        if old is not None and old.generation == generation:
            return old
        if old is not None and old.epoch != epoch:
            old = None
        kinds, checksum = self._kinds(old)
        listed = self._catalogue.faiss_segments()
        covered = max((one.last for one in listed), default=0)
        return View(
            generation=generation,
            epoch=epoch,
            kinds=kinds,
            count=int(np.count_nonzero(kinds)),
            checksum=checksum,
            files={(one.name, one.sha256): self._file(one, old) for one in listed},
            delta=self._delta(old, covered),
            covered=covered,
        )

    def _kinds(self, old: View | None) -> tuple[NDArray[np.uint8], int]:
        """The kind of every row by rowid, and their checksum, which must be the stored one."""
        known = old.kinds if old is not None else np.zeros(1, np.uint8)
        numbers, codes = self._added(len(known))
        dead = self._dead(old.generation if old is not None else -1, len(known))
        checksum = (old.checksum if old is not None else 0) + digests.of_pairs(numbers, codes)
        checksum -= sum(digests.of_row(int(n), int(known[n])) for n in dead if known[n])
        checksum %= 2**64
        if checksum != int(self._catalogue.meta("rows")):  # before room is made for what it says
            reason = "the segments in it are not those that were put there"
            raise schema.damaged(self._catalogue.folder, reason)
        kinds = np.zeros(int(numbers.max(initial=len(known) - 1)) + 1, np.uint8)
        kinds[: len(known)] = known
        kinds[numbers] = codes
        kinds[dead] = 0
        return kinds, checksum

    def _added(self, first: int) -> tuple[NDArray[np.int64], NDArray[np.uint8]]:
        """Rowids from ``first`` with their codes, never as a million tuples at once.

        A kind that does not exist has code 0, and then the checksum does not agree.
        """
        sql = "SELECT number, kind FROM segments WHERE number BETWEEN ? AND ? ORDER BY number"
        with self._catalogue.lock, self._catalogue.reading():
            found = self._catalogue.connection.execute(sql, (first, _MOST))
            joined = np.fromiter((n * 256 + KIND_CODES.get(kind, 0) for n, kind in found), np.int64)
        return joined >> 8, (joined & 255).astype(np.uint8)

    def _dead(self, generation: int, length: int) -> NDArray[np.int64]:
        """Rows below ``length`` that were removed since; younger ones are not in the catalogue."""
        sql = "SELECT segment FROM tombstones WHERE generation > ? AND segment BETWEEN 1 AND ?"
        found = self._catalogue.all(sql, generation, length - 1)
        return np.array([number for (number,) in found], np.int64)

    def _file(self, one: FaissSegment, old: View | None) -> Rows:
        loaded = old.files.get((one.name, one.sha256)) if old is not None else None
        if loaded is not None:
            return loaded
        read = FaissRows.read(self._catalogue.folder, one)
        if read is None:
            self._damaged(one)
            builder = Builder(self._fuser, self._plan)
            read, _ = builder.build(self._catalogue, one.first, one.last, trained=False)
        on_gpu = gpu.to_gpu(read) if gpu.wanted(self._plan.device) else None
        return on_gpu or read

    def _delta(self, old: View | None, covered: int) -> Delta | None:
        """Rows above ``covered``: those already in memory, and those that came since."""
        numbers, matrix = np.zeros(0, np.int64), np.zeros((0, self._fuser.width), np.float32)
        first = covered + 1
        if old is not None and old.covered <= covered:
            first = max(first, len(old.kinds))
            if old.delta is not None:
                keep = old.delta.numbers > covered
                numbers, matrix = old.delta.numbers[keep], old.delta.matrix[keep]
        fresh_numbers, fresh = fused_rows(self._catalogue, self._fuser, first)
        numbers = np.concatenate([numbers, fresh_numbers])
        matrix = np.concatenate([matrix, fresh])
        return Delta(numbers, matrix, FaissRows.flat(numbers, matrix)) if len(numbers) else None
