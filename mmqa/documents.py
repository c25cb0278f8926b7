"""Texts of a program, with vectors of whatever encoder, in a durable index.

Knows: how documents are added, read back, found and removed, and when rows are folded into FAISS.
Refuses to know: which encoder made the vectors, what a LangChain document is, and how anything is
stored. A flow, because it composes the stages ``index``, ``fusion`` and ``retrieval``.

Any number of processes may have the same index open: a change waits for another one's to end, and
the writer lock is given back soon after the last one. What a call has returned is durable.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np

from mmqa.document_entries import (
    Entries,
    Entry,
    Metadata,
    Vectors,
    checked_id,
    document_id,
    document_path,
    require_list,
)
from mmqa.document_reading import DocumentReader
from mmqa.document_spaces import Space, cosine_space
from mmqa.errors import IndexLockedError, IndexMissingError, UsageError
from mmqa.fusion.concat import ConcatFuser
from mmqa.index.identity import DOCUMENTS, IndexIdentity
from mmqa.index.plan import IndexPlan
from mmqa.index.store import IndexStore
from mmqa.interfaces import Fuser, Progress
from mmqa.records import Chunk
from mmqa.writing import Writer, waiting

AT_ONCE = 2_000
"""Documents in one transaction: so many share each fsync, and each page of the indexes on hashes,
whose places are random."""


class Documents(DocumentReader):
    """Open with :meth:`open`; close with :meth:`close` or a ``with`` statement.

    Safe to use from several threads and processes.

    Args:
        store: The index, for reading.
        writer: Opens it for writing.
        fuser: That of the index.
        width: Length d of a vector.
        space: How vectors stand in the index.
        owned: Whether :meth:`close` closes the store.
    """

    def __init__(
        self,
        store: IndexStore,
        writer: Writer,
        fuser: Fuser,
        width: int,
        space: Space,
        *,
        owned: bool = False,
    ) -> None:
        super().__init__(store, fuser, width, space)
        self._writer = writer
        self._owned = owned
        self._unsettled = False

    # ------------------------------------------------------------------ opening

    @classmethod
    def open(
        cls, path: str | Path, *, width: int, encoder: str, plan: IndexPlan | None = None
    ) -> Self:
        """Open the documents in a folder, making the index first where there is none.

        Args:
            path: Folder of the index.
            width: Length d of the vectors.
            encoder: Name of what made them; vectors of another encoder cannot be compared.
            plan: How FAISS files are made; by default their number of rows decides.

        Raises:
            UsageError: ``width`` is below 1, or the encoder has no name.
            IndexMismatchError: The index has vectors of another encoder or width.
            IndexFolderError: The folder cannot be made.
        """
        if width < 1 or not encoder:
            raise UsageError(
                f"vectors of width {width} by the encoder {encoder!r} cannot be kept",
                "Give the length of your vectors and a name for what makes them.",
            )
        folder = Path(path).expanduser().absolute()
        fuser = ConcatFuser(width, ("text",))
        identity = IndexIdentity(DOCUMENTS, {"text_encoder": encoder}, fuser.name, fuser.width)

        def writer() -> IndexStore:
            return IndexStore.open(folder, identity, fuser, writable=True, plan=plan)

        try:
            store = IndexStore.open(folder, identity, fuser, plan=plan)
        except IndexMissingError:
            waiting(lambda: IndexStore.create(folder, identity, fuser)).close()
            store = IndexStore.open(folder, identity, fuser, plan=plan)
        return cls(store, Writer(writer, folder), fuser, width, cosine_space(), owned=True)

    @staticmethod
    def stored_width(path: str | Path) -> int | None:
        """Length of the vectors of the documents in a folder; ``None`` where there are none.

        Raises:
            UsageError: The index there holds files; ``Library`` opens it.
        """
        folder = Path(path).expanduser().absolute()
        if not IndexStore.exists(folder):
            return None
        try:
            identity = IndexStore.stored_identity(folder)
        except IndexMissingError:  # another process is just making it
            return None
        if identity.preset != DOCUMENTS:
            raise UsageError(
                f"the index {str(folder)!r} holds media, not only documents",
                "Open it with Library.open(…).as_vectorstore().",
            )
        return identity.width - ConcatFuser(0, ("text",)).width

    def flush(self) -> None:
        """Fold all rows into FAISS files and give the writer lock back.

        Rows are found without it; after many additions, searching is faster with it.

        Raises:
            IndexLockedError: Another process has been writing all the time.
        """
        self._flush(wait=True)

    def close(self) -> None:
        """Flush what was added, and give files back; everything is durable without it."""
        if self._unsettled:
            with suppress(IndexLockedError):  # another process writes: it folds these rows too
                self._flush(wait=False)
        if self._owned:
            self._store.close()

    def _flush(self, *, wait: bool) -> None:
        with self._writer.changes(wait=wait) as store:
            store.flush()
            self._unsettled = False
        self._writer.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    # ------------------------------------------------------------------ changing

    def add(
        self,
        texts: Sequence[str],
        vectors: Vectors,
        ids: Sequence[str | None] | None = None,
        metadatas: Sequence[Metadata | None] | None = None,
        *,
        progress: Progress | None = None,
    ) -> list[str]:
        """Keep documents; one whose id is there already replaces it.

        Args:
            texts: n texts; may be empty strings.
            vectors: (n, d), of any length but zero: their direction counts.
            ids: n ids, each once; ``None`` in place of one, or of all, makes them up.
            metadatas: n JSON objects, given back as they are.
            progress: Told after each transaction how many are durable.

        Returns:
            The ids.

        Raises:
            UsageError: Something cannot be kept; nothing of this call was stored.
            IndexLockedError: Another process has been writing all the time.
        """
        entries = Entries(texts, vectors, ids, metadatas, self.width)
        if not entries.ids:
            return []
        done = 0
        with self._changes() as store:
            for batch in entries.batches(AT_ONCE):
                self._put(store, batch)
                done += len(batch)
                if progress is not None:
                    progress(Chunk("adding documents", done, len(entries.ids), "steps"))
            self._space.settle(store)
        return entries.ids

    def _put(self, store: IndexStore, batch: Sequence[Entry]) -> None:
        features = self._space.features(np.stack([entry.vector for entry in batch]))
        with store.transaction() as change:
            for entry, one in zip(batch, features, strict=True):
                change.put(entry.item, [entry.segment], [one], [entry.words])
        store.flush(final=False)

    def remove(self, ids: Sequence[str]) -> tuple[str, ...]:
        """Forget documents.

        Returns:
            The ids that were there; others are ignored.
        """
        require_list(ids, "ids")
        wanted = list(dict.fromkeys(checked_id(one) for one in ids))
        removed: list[str] = []
        if not wanted:
            return ()
        with self._changes() as store:
            for first in range(0, len(wanted), AT_ONCE):
                some = wanted[first : first + AT_ONCE]
                with store.transaction() as change:
                    there = [one for one in some if change.remove(document_path(one))]
                removed.extend(there)
                store.flush(final=False)
            self._space.settle(store)
        return tuple(removed)

    def remove_all(self) -> tuple[str, ...]:
        """Forget every document; files beside them stay. Returns the ids."""
        found = (document_id(item.path) for item in self._store.items())
        return self.remove([one for one in found if one is not None])

    # ------------------------------------------------------------------ upkeep

    def verify(self) -> tuple[str, ...]:
        """What is wrong with the index, a sentence each; empty when it is sound."""
        return tuple(str(problem) for problem in self._store.verify())

    def rebuild(self) -> None:
        """Make all that is derived anew from the catalogue."""
        with self._changes() as store:
            store.rebuild()

    def compact(self) -> None:
        """Give back the space of what was removed: its bytes are in no file afterwards."""
        with self._changes() as store:
            store.compact()

    @contextmanager
    def _changes(self) -> Iterator[IndexStore]:
        with self._writer.changes() as store:
            self._unsettled = True
            yield store
