"""The index read and searched: one consistent generation at a time, from any number of threads.

Knows: when what is in memory is out of date, and what a generation is. Refuses to know: who writes,
and how a file that was found damaged is put right.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from mmqa.errors import IndexFolderError
from mmqa.index import gpu, maintenance, schema, seal
from mmqa.index.catalogue import Catalogue, FaissSegment
from mmqa.index.identity import IndexIdentity, require_same
from mmqa.index.maintenance import Problem
from mmqa.index.plan import IndexPlan
from mmqa.index.postings import Postings
from mmqa.index.refresh import LAST, Refresher
from mmqa.index.snapshot import Snapshot
from mmqa.index.view import View
from mmqa.interfaces import Fuser
from mmqa.records import Kind


@dataclass(frozen=True, slots=True)
class Counts:
    """How much is in an index.

    Attributes:
        items: Kind → files.
        segments: Kind → segments.
        size_bytes: Size of all files that were added.
        index_bytes: Size of the index folder.
        faiss_segments: Number of FAISS files.
        pending: Segments not yet in a FAISS file; they are found all the same.
        tombstones: Removed segments that compaction would forget.
    """

    items: dict[Kind, int]
    segments: dict[Kind, int]
    size_bytes: int
    index_bytes: int
    faiss_segments: int
    pending: int
    tombstones: int


class IndexReader(Catalogue):
    """Reads and searches; FAISS files are read at the first search only.

    Args:
        folder: The index.
        fuser: The fuser that the index was made with.
        plan: Where to search; decides nothing else for a reader.
    """

    def __init__(self, folder: Path, fuser: Fuser, plan: IndexPlan | None = None) -> None:
        self.plan = plan or IndexPlan()
        gpu.wanted(self.plan.device)  # or a clear error, before anything is opened
        super().__init__(folder)
        self.identity = IndexIdentity.from_json(self.meta("identity"))
        self.fuser = fuser
        self._view: View | None = None
        self._data_version = -1
        self._depth = 0
        self._postings = Postings(self)
        self._amiss: list[FaissSegment] = []

    @contextmanager
    def snapshot(self) -> Iterator[Snapshot]:
        """The newest committed generation, held still while the block runs."""
        with self._read_transaction():
            view = self._refreshed()
            if self._amiss and self._depth == 1:
                view = self._second_look()
            yield Snapshot(self, view, self.fuser, self._postings)
        if self._amiss and not self._depth:
            self._heal()

    @contextmanager
    def _read_transaction(self) -> Iterator[None]:
        with self.lock:
            if not self._depth:
                with self.reading():
                    self.follow()
                    self.connection.execute("BEGIN")
            self._depth += 1
            try:
                yield
            finally:
                self._depth -= 1
                if not self._depth and self.connection.in_transaction:
                    self.connection.execute("ROLLBACK")  # nothing was written; cannot fail
            if self.place.immutable and not self._depth and self.place.changed():
                fact = f"the index {str(self.folder)!r} was changed while it was being read"
                raise IndexFolderError(self.folder, fact, "Try again.")

    def replaced(self) -> None:
        """Forget the generation in memory; see :meth:`Catalogue.replaced`."""
        self._view, self._data_version = None, -1
        self._postings.clear()
        self._amiss.clear()
        self._require_identity()

    def _refreshed(self) -> View:
        version = int(self.all("PRAGMA data_version")[0][0])
        if self._view is None and (found := seal.damage(self.folder)):
            raise schema.damaged(self.folder, found)
        if self._view is None or version != self._data_version:
            self._require_identity()
            view = Refresher(self, self.fuser, self._amiss.append, self.plan).next(self._view)
            if view is not self._view:
                self._postings.clear()
            self._view, self._data_version = view, version
        return self._view

    def _require_identity(self) -> None:
        """A writer may have moved the index to another mapping or fusion meanwhile."""
        require_same(self.folder, IndexIdentity.from_json(self.meta("identity")), self.identity)

    def _second_look(self) -> View:
        """A file may be gone because a writer merged it a moment ago: then nothing is amiss."""
        self.connection.execute("ROLLBACK")
        self.connection.execute("BEGIN")
        listed = self.faiss_segments()
        self._amiss[:] = [one for one in self._amiss if one in listed]
        return self._refreshed()

    def _heal(self) -> None:
        """Called after a search that found files in ``_amiss``; a store says or mends it."""
        self._amiss.clear()

    def verify(self) -> list[Problem]:
        """All that does not agree; empty for a sound index."""
        with self._read_transaction():
            return maintenance.problems(self, self.fuser)

    def counts(self) -> Counts:
        """How much is in the index."""
        files = self.faiss_segments()
        covered = max((one.last for one in files), default=0)
        return Counts(
            items=self.item_count_by_kind(),
            segments=self.segment_count_by_kind(),
            size_bytes=int(self.all("SELECT coalesce(sum(size_bytes), 0) FROM items")[0][0]),
            index_bytes=_size_bytes(self.folder),
            faiss_segments=len(files),
            pending=len(self.numbers(covered + 1, LAST)),
            tombstones=int(self.all("SELECT count(*) FROM tombstones")[0][0]),
        )


def _size_bytes(folder: Path) -> int:
    """Size of all files below a folder; a writer may take some away meanwhile."""
    total = 0
    for place, _, names in os.walk(folder):
        for name in names:
            with suppress(FileNotFoundError):
                total += (Path(place) / name).stat().st_size
    return total
