"""Fused vectors in FAISS: built once, never changed.

Knows: how rows become a file, how a file is checked before it is believed, how it is searched.
Refuses to know: what a row means. A file is a cache of the catalogue: what is lost or damaged is
built again from there.

A file is never added to or removed from: on a mapped FAISS index that aborts the process, and
readers may hold it. Flat vectors, compared exhaustively: exact.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import faiss
import numpy as np
from numpy.typing import NDArray

from mmqa.index.files import sha256_hex, write_durably
from mmqa.records import Floats

FOLDER = "segments"
SUFFIX = ".faiss"


_parameters: Any = faiss.SearchParameters  # its stub lacks the keyword arguments


class FlatSegment:
    """Fused vectors of some rows, in memory.

    Args:
        numbers: int64 (n,), ascending rowids.
        matrix: float32 (n, width).
    """

    def __init__(self, numbers: NDArray[np.int64], matrix: Floats) -> None:
        self._index: Any = faiss.IndexIDMap2(faiss.IndexFlatIP(matrix.shape[1]))
        self._index.add_with_ids(np.ascontiguousarray(matrix, np.float32), numbers)
        self._map()

    @classmethod
    def read(cls, path: Path, sha256: str) -> FlatSegment | None:
        """A file's vectors, or ``None`` where it is missing or not the one that was written."""
        try:
            content = path.read_bytes()
        except FileNotFoundError:
            return None
        if sha256_hex(content) != sha256:
            return None
        segment = cls.__new__(cls)
        segment._index = faiss.deserialize_index(np.frombuffer(content, np.uint8))
        segment._map()
        return segment

    def write(self, path: Path) -> str:
        """Write to ``path``, whole or not at all; returns the sha256 of the file."""
        content = faiss.serialize_index(self._index).tobytes()
        path.parent.mkdir(exist_ok=True)
        write_durably(path, content)
        return sha256_hex(content)

    def _map(self) -> None:
        flat: Any = faiss.downcast_index(self._index.index)
        self.numbers: NDArray[np.int64] = faiss.vector_to_array(self._index.id_map)
        values: Any = faiss.rev_swig_ptr(flat.get_xb(), flat.ntotal * flat.d) if flat.ntotal else []
        self.matrix: Floats = np.asarray(values, np.float32).reshape(flat.ntotal, flat.d)

    def __len__(self) -> int:
        return len(self.numbers)

    def search(
        self, question: Floats, k: int, allowed: NDArray[np.uint8] | None
    ) -> tuple[NDArray[np.int64], Floats]:
        """The k best rowids and scores, best first.

        Args:
            question: float32 (width,).
            k: At most so many.
            allowed: Bits by rowid, least significant first; ``None`` allows all.
        """
        parameters = None
        if allowed is not None:
            selector: Any = faiss.IDSelectorBitmap  # its stub describes the C++ constructor
            parameters = _parameters(sel=selector(allowed))
        scores, numbers = self._index.search(
            question[None], min(k, max(len(self), 1)), params=parameters
        )
        found = numbers[0] >= 0
        return numbers[0][found], scores[0][found]

    def fused(self, numbers: NDArray[np.int64]) -> tuple[NDArray[np.bool_], Floats]:
        """Which of the rowids are here, and the vectors (m, width) of those that are."""
        places = np.searchsorted(self.numbers, numbers)
        places = np.minimum(places, max(len(self) - 1, 0))
        here = self.numbers[places] == numbers if len(self) else np.zeros(len(numbers), bool)
        return here, self.matrix[places[here]]
