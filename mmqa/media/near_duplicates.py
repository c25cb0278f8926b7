"""Which picture looks like one that was seen before, among many.

Knows: 64-bit perceptual hashes and their Hamming distance. Refuses to know: how a hash is made, and
what is done about a duplicate.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mmqa.media.quality import NEAR_DUPLICATE_BITS


class NearDuplicates:
    """Perceptual hashes by path; a look-up among 100,000 takes about a tenth of a millisecond.

    >>> seen = NearDuplicates([(Path("a"), "00000000000000ff")])
    >>> seen.like("00000000000000fe", but=Path("b")), seen.like("ff00000000000000", but=Path("b"))
    (True, False)
    """

    def __init__(self, hashes: Iterable[tuple[Path, str]]) -> None:
        self._rows: dict[Path, int] = {}
        self._values: NDArray[np.uint64] = np.zeros(1024, np.uint64)
        for path, phash in hashes:
            self.add(path, phash)

    def add(self, path: Path, phash: str) -> None:
        """Remember a picture, or what has become of it; an empty hash is not remembered."""
        if not phash:
            return
        row = self._rows.setdefault(path, len(self._rows))
        if row >= len(self._values):
            self._values = np.concatenate([self._values, np.zeros_like(self._values)])
        self._values[row] = int(phash, 16)

    def like(self, phash: str, *, but: Path) -> bool:
        """Whether any remembered picture, ``but`` left out, differs by few bits."""
        if not phash:
            return False
        values = self._values[: len(self._rows)]
        near = np.bitwise_count(values ^ np.uint64(int(phash, 16))) <= NEAR_DUPLICATE_BITS
        if but in self._rows:
            near[self._rows[but]] = False
        return bool(near.any())
