"""FAISS files made, merged and replaced, each time by one commit.

Knows: which files to make of which rows, and that the old ones count until the new ones are named
in the catalogue. Refuses to know: how a file is built, and who may write.

A build reads its own state of the catalogue, so nobody waits for it: rows that are added meanwhile
stay with those no file covers, rows that are removed meanwhile are dead in the new file as they
were in the old one. An interruption or a full disk leaves the old files, and nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, closing
from pathlib import Path
from threading import RLock

from mmqa.errors import IndexFolderError
from mmqa.index import maintenance, merging
from mmqa.index.building import LAST, BuildCancelledError, Builder
from mmqa.index.catalogue import Catalogue, FaissSegment
from mmqa.index.faiss_segments import FOLDER, SUFFIX, FaissRows
from mmqa.index.plan import IndexPlan
from mmqa.index.transaction import Transaction
from mmqa.interfaces import Cancelled, Fuser, Progress


class SegmentWriter:
    """Makes the files of one index; see the module.

    Args:
        catalogue: The index.
        fuser: That of the index.
        plan: What the user decided.
        transaction: Begins a change of the catalogue.
    """

    def __init__(
        self,
        catalogue: Catalogue,
        fuser: Fuser,
        plan: IndexPlan,
        transaction: Callable[[], AbstractContextManager[Transaction]],
    ) -> None:
        self._catalogue = catalogue
        self._fuser = fuser
        self._plan = plan
        self._transaction = transaction
        self._mutex = RLock()

    def flush(
        self,
        *,
        final: bool = True,
        progress: Progress | None = None,
        cancelled: Cancelled | None = None,
    ) -> bool:
        """Cover rows that no file covers; see :meth:`mmqa.index.store.IndexStore.flush`."""
        with self._mutex:
            files = self._catalogue.faiss_segments()
            first = max((one.last for one in files), default=0) + 1
            rule = merging.at_the_end if final else merging.while_adding
            merged = rule([one.count for one in files], self._live(first, LAST))
            if merged is None:
                return True
            old = files[len(files) - merged :]
            first = old[0].first if old else first
            builder = self._builder(progress, cancelled)
            return self._replace(old, first, LAST, builder, trained=final)

    def rebuild(self, progress: Progress | None = None, cancelled: Cancelled | None = None) -> bool:
        """One new file of all live rows instead of all others."""
        with self._mutex:
            files = self._catalogue.faiss_segments()
            return self._replace(files, 1, LAST, self._builder(progress, cancelled))

    def forget_dead(
        self, progress: Progress | None = None, cancelled: Cancelled | None = None
    ) -> bool:
        """Make every file anew that holds a row which is not live any more."""
        with self._mutex:
            for one in self._catalogue.faiss_segments():
                if self._live(one.first, one.last) == one.count:
                    continue
                builder = self._builder(progress, cancelled)
                if not self._replace([one], one.first, one.last, builder):
                    return False
        return True

    def heal(self, one: FaissSegment) -> None:
        """Make a file anew that was found damaged, unless it has been replaced already."""
        with self._mutex:
            if one in self._catalogue.faiss_segments():
                self._replace([one], one.first, one.last, self._builder())

    def _live(self, first: int, last: int) -> int:
        sql = "SELECT count(*) FROM segments WHERE number BETWEEN ? AND ?"
        return int(self._catalogue.all(sql, first, last)[0][0])

    def _builder(
        self, progress: Progress | None = None, cancelled: Cancelled | None = None
    ) -> Builder:
        return Builder(self._fuser, self._plan, progress, cancelled)

    def _replace(
        self,
        old: Sequence[FaissSegment],
        first: int,
        last: int,
        builder: Builder,
        *,
        trained: bool = True,
    ) -> bool:
        """A new file of the live rows from ``first`` to ``last`` instead of ``old`` ones.

        Returns:
            Whether it was done; ``False`` if it was cancelled, and then nothing was changed.

        Raises:
            IndexFolderError: The disk refused; nothing was changed.
        """
        with closing(Catalogue(self._catalogue.folder)) as still:
            still.connection.execute("BEGIN")
            try:
                rows, recall = builder.build(still, first, last, trained=trained)
            except BuildCancelledError:
                return False
            generation = int(still.meta("generation")) + 1
        self._commit(old, self._written(rows, recall, generation) if len(rows) else None)
        for name in maintenance.orphans(self._catalogue):
            (self._folder / name).unlink(missing_ok=True)
        return True

    @property
    def _folder(self) -> Path:
        return self._catalogue.folder / FOLDER

    def _written(self, rows: FaissRows, recall: float | None, generation: int) -> FaissSegment:
        name = f"{rows.first:012d}-{rows.last:012d}-{generation}{SUFFIX}"
        try:
            digest = rows.write(self._folder / name)
        except OSError as error:
            raise IndexFolderError(
                self._catalogue.folder,
                f"{FOLDER}/{name} of the index {str(self._catalogue.folder)!r} cannot be written: "
                f"{error.strerror or error}",
                "Make room, or see who may write there, then go on; nothing was lost.",
            ) from error
        return FaissSegment(
            *(name, digest, rows.first, rows.last, len(rows)),
            *(rows.kind.name, rows.lists, rows.nprobe, recall),
        )

    def _commit(self, old: Sequence[FaissSegment], new: FaissSegment | None) -> None:
        try:
            with self._transaction() as change:
                change.touched = True
                for one in old:
                    change.forget_faiss_segment(one.name)
                if new is not None:
                    change.put_faiss_segment(new)
        except BaseException:
            if new is not None:
                (self._folder / new.name).unlink(missing_ok=True)
            raise
