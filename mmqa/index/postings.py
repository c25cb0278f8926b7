"""Which rows hold a word: the full-text index read as sorted numbers, and kept while they are true.

Knows: that numbers joined to one text leave SQLite ten times faster than rows, without holding
Python's lock, and much faster than BM25 ranks them. Refuses to know: what a match is worth.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from mmqa.index.catalogue import Catalogue

Numbers: TypeAlias = NDArray[np.int64]

KEPT_ROWS = 4_000_000
"""Most numbers kept at once: 32 MB."""


class Postings:
    """What FTS5 expressions match in one generation.

    Args:
        catalogue: Read within a transaction, so that what is kept belongs together.
    """

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self._counts: dict[str, int] = {}
        self._rows: dict[str, Numbers] = {}
        self._kept = 0

    def clear(self) -> None:
        """Another generation is read from now on."""
        self._counts.clear()
        self._rows.clear()
        self._kept = 0

    def count(self, expression: str) -> int:
        """How many rows match."""
        if expression not in self._counts:
            sql = "SELECT count(*) FROM words WHERE words MATCH ?"
            self._counts[expression] = int(self._catalogue.all(sql, expression)[0][0])
        return self._counts[expression]

    def rows(self, expression: str) -> Numbers:
        """int64 (n,), rowids that match, ascending."""
        if expression not in self._rows:
            sql = "SELECT group_concat(rowid) FROM words WHERE words MATCH ?"
            joined = self._catalogue.all(sql, expression)[0][0]
            self._keep(expression, np.fromstring(joined or "", np.int64, sep=","))
        return self._rows[expression]

    def _keep(self, expression: str, found: Numbers) -> None:
        """The oldest ones go first."""
        self._rows[expression] = found
        self._counts[expression] = len(found)
        self._kept += len(found)
        while self._kept > KEPT_ROWS and len(self._rows) > 1:
            oldest = next(iter(self._rows))
            self._kept -= len(self._rows.pop(oldest))
