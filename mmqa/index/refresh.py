"""The next generation in memory: what was committed since the last one, and nothing more.

Knows: how the catalogue's changes become a new view, and that a file which cannot be believed is
replaced by what the catalogue holds. Refuses to know: when to look.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from mmqa.index.catalogue import Catalogue, FaissSegment
from mmqa.index.faiss_segments import FOLDER, FlatSegment
from mmqa.index.rows import KIND_CODES
from mmqa.index.view import View
from mmqa.interfaces import Fuser

LAST = 2**62
"""Above every rowid."""


def fuse_rows(catalogue: Catalogue, fuser: Fuser, first: int, last: int = LAST) -> FlatSegment:
    """Live rows from ``first`` to ``last``, fused from the vectors in the catalogue."""
    numbers: list[int] = []
    blocks = [np.zeros((0, fuser.width), np.float32)]
    for some, features in catalogue.iter_vectors(2048, first, last):
        numbers.extend(some)
        blocks.append(fuser.fuse(features))
    return FlatSegment(np.array(numbers, np.int64), np.concatenate(blocks))


class Refresher:
    """Derives views; see the module.

    Args:
        catalogue: With a read transaction begun, so that all its answers belong together.
        fuser: That of the index.
        damaged: Called with each file that had to be replaced in memory.
    """

    def __init__(
        self, catalogue: Catalogue, fuser: Fuser, damaged: Callable[[FaissSegment], None]
    ) -> None:
        self._catalogue = catalogue
        self._fuser = fuser
        self._damaged = damaged

    def next(self, old: View | None) -> View:
        """The committed generation; ``old`` itself when nothing changed."""
        generation = int(self._catalogue.meta("generation"))
        epoch = int(self._catalogue.meta("epoch"))
        if old is not None and old.generation == generation:
            return old
        if old is not None and old.epoch != epoch:
            old = None
        listed = self._catalogue.faiss_segments()
        covered = max((one.last for one in listed), default=0)
        return View(
            generation=generation,
            epoch=epoch,
            kinds=self._kinds(old),
            files={(one.name, one.sha256): self._file(one, old) for one in listed},
            delta=self._delta(old, covered),
            covered=covered,
        )

    def _kinds(self, old: View | None) -> NDArray[np.uint8]:
        known = old.kinds if old is not None else np.zeros(1, np.uint8)
        added = self._catalogue.all(
            "SELECT number, kind FROM segments WHERE number >= ?", len(known)
        )
        length = max((number for number, _ in added), default=len(known) - 1) + 1
        kinds = np.zeros(length, np.uint8)
        kinds[: len(known)] = known
        for number, kind in added:
            kinds[number] = KIND_CODES[kind]
        dead = self._catalogue.all(
            "SELECT segment FROM tombstones WHERE generation > ? AND segment < ?",
            old.generation if old is not None else -1,
            length,
        )
        kinds[[number for (number,) in dead]] = 0
        return kinds

    def _file(self, one: FaissSegment, old: View | None) -> FlatSegment:
        loaded = old.files.get((one.name, one.sha256)) if old is not None else None
        if loaded is not None:
            return loaded
        read = FlatSegment.read(self._catalogue.folder / FOLDER / one.name, one.sha256)
        if read is None:
            self._damaged(one)
            read = fuse_rows(self._catalogue, self._fuser, one.first, one.last)
        return read

    def _delta(self, old: View | None, covered: int) -> FlatSegment | None:
        """Rows above ``covered``: those already in memory, and those that came since."""
        kept_numbers = np.zeros(0, np.int64)
        kept = np.zeros((0, self._fuser.width), np.float32)
        first = covered + 1
        if old is not None and old.delta is not None and old.covered <= covered:
            keep = old.delta.numbers > covered
            kept_numbers, kept = old.delta.numbers[keep], old.delta.matrix[keep]
        if old is not None:
            first = max(first, len(old.kinds)) if old.covered <= covered else first
        fresh = fuse_rows(self._catalogue, self._fuser, first)
        if not len(kept_numbers) and not len(fresh):
            return None
        return FlatSegment(
            np.concatenate([kept_numbers, fresh.numbers]), np.concatenate([kept, fresh.matrix])
        )
