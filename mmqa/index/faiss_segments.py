"""Fused vectors in FAISS: built once, never changed.

Knows: how a file is written and read, how it is checked before it is believed, how it is searched.
Refuses to know: what a row means, and how the vectors came in (:mod:`mmqa.index.building`). A file
is a cache of the catalogue: what is lost or damaged is built again from there.

A file is never added to or removed from: on a mapped FAISS index that aborts the process, and
readers may hold it. All of a file is read for its sha256 first; then large ones are mapped, so that
processes share the memory: at 1,000,000 rows of width 400 a mapped file opens in 3 ms after that
and is searched as fast as one in memory, with 22 MB of its own instead of 417. FAISS's own way of
mapping inverted lists (``IO_FLAG_MMAP``) is four times slower.
"""

from __future__ import annotations

import hashlib
import mmap
import os
from pathlib import Path
from typing import Any, BinaryIO

import faiss
import numpy as np
from numpy.typing import NDArray

from mmqa.index import index_types, scanning
from mmqa.index.catalogue import FaissSegment
from mmqa.index.files import TEMPORARY, sync_folder
from mmqa.index.index_types import BY_NAME, FLAT, IndexType
from mmqa.index.probing import Probing
from mmqa.records import Floats

FOLDER = "segments"
SUFFIX = ".faiss"
MAPPED_BYTES = 32 * 2**20
"""Files from this size are mapped; smaller ones are read, which is safe from whoever cuts them."""

ALMOST_ALL = 0.9
"""A filter that lets through more than this share of the rows is hardly one."""

_AT_ONCE = 2**20
_faiss: Any = faiss  # its stub lacks some names and keyword arguments


class FaissRows:
    """Fused vectors of some rows, ready to be searched by any number of threads.

    Args:
        kind: The type of ``index``.
        index: As from :func:`mmqa.index.index_types.empty`, filled.
        first: No rowid in it is smaller.
        last: No rowid in it is larger.

    Attributes:
        nprobe: Lists that a search without a filter looks into; 0 for types without lists.
    """

    def __init__(self, kind: IndexType, index: Any, first: int, last: int) -> None:
        self.kind = kind
        self.index = index
        self.first, self.last, self.nprobe = first, last, 0
        self._probing: Probing | None = None
        self._held: object = None  # memory that ``index`` lies in, if it is not its own
        if kind.inverted:
            index.parallel_mode = 1  # the lists of one question are shared among the cores

    @classmethod
    def flat(cls, numbers: NDArray[np.int64], matrix: Floats) -> FaissRows:
        """Exact, in memory.

        Args:
            numbers: int64 (n,), ascending rowids.
            matrix: float32 (n, width).
        """
        index = index_types.empty(FLAT, matrix.shape[1], len(numbers))
        index.add_with_ids(np.ascontiguousarray(matrix, np.float32), numbers)
        first, last = (int(numbers[0]), int(numbers[-1])) if len(numbers) else (1, 0)
        return cls(FLAT, index, first, last)

    @classmethod
    def read(cls, folder: Path, one: FaissSegment) -> FaissRows | None:
        """The vectors of a file in the index ``folder``.

        Returns:
            ``None`` where it is missing, cannot be read, or is not the one that was written.
        """
        try:
            content = _checked(folder / FOLDER / one.name, one.sha256)
        except OSError:
            return None
        if content is None:
            return None
        view = np.frombuffer(content, np.uint8)
        source = _faiss.ZeroCopyIOReader(faiss.swig_ptr(view), len(view))
        rows = cls(BY_NAME[one.index_type], faiss.read_index(source), one.first, one.last)
        rows.nprobe, rows._held = one.nprobe, (view, source)
        return rows

    def write(self, path: Path) -> str:
        """Write to ``path``, whole or not at all; returns the sha256 of the file.

        Raises:
            OSError: The disk refused; nothing is left behind.
        """
        path.parent.mkdir(exist_ok=True)
        temporary = path.with_name(path.name + TEMPORARY)
        try:
            with temporary.open("wb") as file:
                digest = _write(self.index, file)
            temporary.replace(path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
        sync_folder(path.parent)
        return digest

    def __len__(self) -> int:
        return int(self.index.ntotal)

    @property
    def lists(self) -> int:
        """Number of inverted lists; 0 for types without."""
        return int(self.index.nlist) if self.kind.inverted else 0

    def search(
        self, questions: Floats, k: int, allowed: NDArray[np.uint8] | None
    ) -> tuple[NDArray[np.int64], Floats]:
        """The k best rowids and scores (b, ≤ k) of each question, best first; −1 where none is.

        Under a filter other lists are looked into than without, see :mod:`mmqa.index.probing`;
        where a question still finds less than there is, all are.

        Args:
            questions: float32 (b, width).
            k: At most so many.
            allowed: Bits by rowid, least significant first; ``None`` allows all.
        """
        count = len(self) if allowed is None else self.allowed_count(allowed)
        k = min(k, count)
        if not k:
            nothing = (len(questions), 0)
            return np.zeros(nothing, np.int64), np.zeros(nothing, np.float32)
        asked = index_types.padded(questions, self.index.d)
        if allowed is None or not self.lists or count > ALMOST_ALL * len(self):
            numbers, scores = self.probe(asked, k, self.probes(count), allowed)
        else:
            numbers, scores = self._filtered(asked, k, allowed)
        short = numbers[:, -1] < 0
        if self.lists and short.any():
            numbers[short], scores[short] = self.probe(asked[short], k, self.lists, allowed)
        return numbers, scores

    def _filtered(
        self, asked: Floats, k: int, allowed: NDArray[np.uint8]
    ) -> tuple[NDArray[np.int64], Floats]:
        if self._probing is None:
            self._probing = Probing(self.index, self.first, self.last, self.nprobe)
        counts = self._probing.counts(allowed)
        if not counts.any():
            return self.probe(asked, k, self.lists, allowed)
        selector = _faiss.IDSelectorBitmap(allowed)
        return self._probing.search(
            *(asked, k, counts),
            lambda probes: index_types.parameters(self.index, probes, selector),
        )

    def probe(
        self, asked: Floats, k: int, probes: int, allowed: NDArray[np.uint8] | None = None
    ) -> tuple[NDArray[np.int64], Floats]:
        """As :meth:`search`, in so many of the nearest lists; ``asked`` is as wide as the index."""
        if not self.lists and len(asked) == 1 and scanning.shares(len(self)) > 1:
            return scanning.scan(self.index, asked, k, range(self.first, self.last + 1), allowed)
        selector = None if allowed is None else _faiss.IDSelectorBitmap(allowed)
        told = index_types.parameters(self.index, probes, selector)
        scores, numbers = self.index.search(asked, k, params=told)
        return numbers, scores

    def numbers(self) -> NDArray[np.int64]:
        """int64 (n,): all rowids in it, ascending; one that is held twice comes twice."""
        if not self.kind.inverted:
            found = faiss.vector_to_array(self.index.id_map)
        else:
            lists: Any = self.index.invlists
            sizes = [(i, lists.list_size(i)) for i in range(self.lists)]
            parts = [faiss.rev_swig_ptr(lists.get_ids(i), n).copy() for i, n in sizes if n]
            found = np.concatenate([np.zeros(0, np.int64), *parts])
        return np.sort(found)

    def probes(self, count: int) -> int:
        """Lists to look into for ``count`` rows that a filter lets through wherever they lie."""
        return min(self.lists, -(-self.nprobe * len(self) // count)) if self.lists else 0

    def allowed_count(self, allowed: NDArray[np.uint8]) -> int:
        """How many rowids from ``first`` to ``last`` are allowed, but for a few at the ends."""
        some = allowed[self.first // 8 : self.last // 8 + 1]
        return min(len(self), int(np.bitwise_count(some).sum(dtype=np.int64)))


def _write(index: Any, file: BinaryIO) -> str:
    """Write and sync; returns the sha256. An error of the disk comes through as it was."""
    digest, failed = hashlib.sha256(), []

    def take(piece: bytes) -> int:
        try:
            digest.update(piece)
            return file.write(piece)
        except OSError as error:
            failed.append(error)
            raise

    sink = _faiss.PyCallbackIOWriter(take, _AT_ONCE)
    try:
        faiss.write_index(index, sink)
    except Exception:
        if failed:
            raise failed[0] from None
        raise
    file.flush()
    os.fsync(file.fileno())
    return digest.hexdigest()


def _checked(path: Path, sha256: str) -> bytes | mmap.mmap | None:
    """A file's content if its digest is this one; mapped where it is large."""
    with path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        if size < MAPPED_BYTES:
            content = file.read()
            return content if hashlib.sha256(content).hexdigest() == sha256 else None
        if hashlib.file_digest(file, "sha256").hexdigest() != sha256:
            return None
        return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
