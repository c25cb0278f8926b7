"""One generation of the index in memory, ready to be searched.

Knows: which rows are alive, where their fused vectors are, how what several files find is joined.
Refuses to know: files' names, SQL, and who writes.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from mmqa.index.faiss_segments import FaissRows
from mmqa.index.gpu import GpuRows
from mmqa.records import Filter, Floats

Rows: TypeAlias = FaissRows | GpuRows


@dataclass(frozen=True, eq=False)
class Delta:
    """Rows that no file covers, exact and in memory.

    Attributes:
        numbers: int64 (n,), ascending rowids.
        matrix: float32 (n, width), their fused vectors.
        rows: The same, to be searched.
    """

    numbers: NDArray[np.int64]
    matrix: Floats
    rows: FaissRows


@dataclass(frozen=True, eq=False)
class View:
    """Immutable, so a search that runs on it sees one generation.

    Attributes:
        generation: Counts the commits that changed what can be found.
        epoch: Counts the compactions; another epoch is read from scratch.
        kinds: uint8 (last rowid + 1,), code of each row's kind, 0 where there is none.
        count: Rows that can be found.
        checksum: :func:`mmqa.index.digests.of_rows` of ``kinds``.
        files: Name and sha256 of a FAISS file → its vectors.
        delta: Rows newer than every file.
        covered: Last rowid that the files cover.
        allowed: Filters asked of this generation → by rowid, what they let through.
    """

    generation: int
    epoch: int
    kinds: NDArray[np.uint8]
    count: int
    checksum: int
    files: dict[tuple[str, str], Rows]
    delta: Delta | None
    covered: int
    allowed: dict[Filter, NDArray[np.bool_]] = field(default_factory=dict)
    _living: list[NDArray[np.uint8]] = field(default_factory=list)

    @property
    def parts(self) -> list[Rows]:
        """All fused vectors."""
        return [*self.files.values(), *([self.delta.rows] if self.delta else [])]

    @property
    def oversampling(self) -> int:
        """How many times more candidates are to be scored again than exact search would need."""
        return max((part.kind.oversampling for part in self.parts), default=1)

    def search(
        self, questions: Floats, k: int, allowed: NDArray[np.uint8] | None = None
    ) -> list[tuple[list[int], Floats]]:
        """For each question the k best rowids and scores float32, best first; ties by rowid.

        Scores are those of the index; where it compresses, score again what it finds.

        Args:
            questions: float32 (b, width), from the fuser.
            k: At most so many.
            allowed: Bits by rowid, least significant first; ``None`` allows all that live.
        """
        if allowed is None and self.count < sum(len(part) for part in self.parts):
            allowed = self._alive()  # without the dead no filter is the fastest filter
        found = [part.search(questions, k, allowed) for part in self.parts]
        if not found:
            return [([], np.zeros(0, np.float32)) for _ in questions]
        numbers = np.concatenate([numbers for numbers, _ in found], axis=1)
        scores = np.concatenate([scores for _, scores in found], axis=1)
        return [_best(*one, k) for one in zip(numbers, scores, strict=True)]

    def alive(self, number: int) -> bool:
        """Whether a row can be found."""
        return 0 <= number < len(self.kinds) and self.kinds[number] != 0

    def _alive(self) -> NDArray[np.uint8]:
        if not self._living:
            self._living.append(np.packbits(self.kinds != 0, bitorder="little"))
        return self._living[0]


def _best(numbers: NDArray[np.int64], scores: Floats, k: int) -> tuple[list[int], Floats]:
    found = numbers >= 0
    numbers, scores = numbers[found], scores[found]
    best = np.lexsort((numbers, -scores))[:k]
    return numbers[best].tolist(), scores[best]
