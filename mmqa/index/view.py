"""One generation of the index in memory, ready to be searched.

Knows: which rows are alive, where their fused vectors are, and how the next generation is derived
from this one by what changed. Refuses to know: files' names, SQL, and who writes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from mmqa.index.faiss_segments import FlatSegment
from mmqa.records import Filter, Floats


@dataclass(frozen=True, eq=False)
class View:
    """Immutable, so a search that runs on it sees one generation.

    Attributes:
        generation: Counts the commits that changed what can be found.
        epoch: Counts the compactions; another epoch is read from scratch.
        kinds: uint8 (last rowid + 1,), code of each row's kind, 0 where there is none.
        files: Name and sha256 of a FAISS file → its vectors.
        delta: Rows newer than every file.
        covered: Last rowid that the files cover.
        allowed: Filters asked of this generation → by rowid, what they let through.
    """

    generation: int
    epoch: int
    kinds: NDArray[np.uint8]
    files: dict[tuple[str, str], FlatSegment]
    delta: FlatSegment | None
    covered: int
    allowed: dict[Filter, NDArray[np.bool_]] = field(default_factory=dict)

    @property
    def count(self) -> int:
        """Rows that can be found."""
        return int(np.count_nonzero(self.kinds))

    @property
    def parts(self) -> list[FlatSegment]:
        """All fused vectors."""
        return [*self.files.values(), *([self.delta] if self.delta else [])]

    def search(
        self, questions: Floats, k: int, allowed: NDArray[np.uint8] | None = None
    ) -> list[tuple[list[int], Floats]]:
        """For each question the k best rowids and scores float32, best first; ties by rowid.

        Args:
            questions: float32 (b, width), from the fuser.
            k: At most so many.
            allowed: Bits by rowid, least significant first; ``None`` allows all that live.
        """
        if allowed is None and self.count < sum(len(part) for part in self.parts):
            allowed = np.packbits(self.kinds != 0, bitorder="little")
        return [self._search(question, k, allowed) for question in questions]

    def _search(
        self, question: Floats, k: int, allowed: NDArray[np.uint8] | None
    ) -> tuple[list[int], Floats]:
        found = [part.search(question, k, allowed) for part in self.parts]
        if not found:
            return [], np.zeros(0, np.float32)
        numbers = np.concatenate([numbers for numbers, _ in found])
        scores = np.concatenate([scores for _, scores in found])
        best = np.lexsort((numbers, -scores))[:k]
        return numbers[best].tolist(), scores[best]

    def fused(self, numbers: Sequence[int], width: int) -> Floats:
        """Fused vectors float32 (n, width) of rowids, exactly as searched.

        Raises:
            KeyError: A row is not in this generation.
        """
        wanted = np.asarray(numbers, np.int64)
        result = np.zeros((len(wanted), width), np.float32)
        missing = np.ones(len(wanted), bool)
        for part in self.parts:
            here, vectors = part.fused(wanted)
            result[here] = vectors
            missing &= ~here
        if missing.any():
            raise KeyError(int(wanted[missing][0]))
        return result

    def alive(self, number: int) -> bool:
        """Whether a row can be found."""
        return 0 <= number < len(self.kinds) and self.kinds[number] != 0
