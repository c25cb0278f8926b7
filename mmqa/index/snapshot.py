"""One consistent generation, for as long as a search needs it.

Knows: the reads that a search makes, all of the same state. Refuses to know: what becomes of them.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mmqa.index import rows
from mmqa.index.catalogue import Catalogue
from mmqa.index.postings import Numbers, Postings
from mmqa.index.view import View
from mmqa.interfaces import Fuser
from mmqa.records import Features, Filter, Floats, Segment

KEPT_FILTERS = 32
"""Most filters kept with a generation, a byte a row each."""


class Snapshot:
    """Valid within ``with store.snapshot()`` only.

    Args:
        catalogue: With a read transaction begun.
        view: Of the same state.
        fuser: That of the index.
        postings: Of this generation.
    """

    def __init__(self, catalogue: Catalogue, view: View, fuser: Fuser, postings: Postings) -> None:
        self._catalogue = catalogue
        self._view = view
        self._fuser = fuser
        self._postings = postings

    @property
    def generation(self) -> int:
        """Counts the commits that changed what can be found."""
        return self._view.generation

    @property
    def count(self) -> int:
        """Number of segments."""
        return self._view.count

    @property
    def oversampling(self) -> int:
        """How many times more candidates are to be scored again than exact search would need."""
        return self._view.oversampling

    def search(
        self, question: Floats, k: int, where: Filter | None = None
    ) -> tuple[list[int], Floats]:
        """The k best rowids and scores by inner product with ``question`` (width,), best first."""
        return self.search_many(question[None], k, where)[0]

    def search_many(
        self, questions: Floats, k: int, where: Filter | None = None
    ) -> list[tuple[list[int], Floats]]:
        """As :meth:`search`, for each row of ``questions`` (b, width)."""
        allowed = self._allowed(where)
        bits = None if allowed is None else np.packbits(allowed, bitorder="little")
        return self._view.search(questions, k, bits)

    def prepare(self, where: Filter | None) -> None:
        """Work out what a filter lets through: searching with it then needs no catalogue.

        So a thread that does not hold the catalogue may search.
        """
        self._allowed(where)

    def search_among(self, question: Floats, k: int, among: Numbers) -> tuple[list[int], Floats]:
        """As :meth:`search`, among some rowids only."""
        allowed = np.zeros(len(self._view.kinds), np.bool_)
        allowed[among] = True
        bits = np.packbits(allowed, bitorder="little")
        return self._view.search(question[None], k, bits)[0]

    def features(self, numbers: Sequence[int]) -> list[Features]:
        """Stored vectors of rowids, in the order asked.

        Raises:
            KeyError: A row is not in this generation.
        """
        for number in numbers:
            if not self._view.alive(number):
                raise KeyError(number)
        return self._catalogue.features(numbers)

    def fused(self, numbers: Sequence[int]) -> Floats:
        """Fused vectors float32 (n, width) of rowids, from the catalogue: exact for every index.

        Raises:
            KeyError: A row is not in this generation.
        """
        return self._fuser.fuse(self.features(numbers))

    def lexical(self, match: str, k: int, where: Filter | None = None) -> list[tuple[int, float]]:
        """The k best rowids for an FTS5 expression with BM25 (higher is better), best first."""
        return self._catalogue.lexical(match, k, self._allowed(where))

    def _allowed(self, where: Filter | None) -> NDArray[np.bool_] | None:
        """By rowid, what a filter lets through; kept with the generation."""
        if where is None or where == Filter():
            return None
        known = self._view.allowed
        if where not in known:
            if len(known) >= KEPT_FILTERS:
                del known[next(iter(known))]  # the oldest one
            known[where] = self._catalogue.allowed(where, len(self._view.kinds))
        return known[where]

    def document_frequency(self, expressions: Sequence[str]) -> list[int]:
        """How many segments match each FTS5 expression."""
        return [self._postings.count(expression) for expression in expressions]

    def holding(self, expression: str, where: Filter | None = None) -> Numbers:
        """Rowids int64 (n,) that match an FTS5 expression, ascending.

        Raises:
            IndexDamagedError: The full-text index names a row that is not there.
        """
        found = self._postings.rows(expression)
        kinds, allowed = self._view.kinds, self._allowed(where)
        with self._catalogue.reading():
            if len(found) and (found[-1] >= len(kinds) or not kinds[found].all()):
                raise rows.DamagedRowError("words", expression)
        return found if allowed is None else found[allowed[found]]

    def texts(self, numbers: Sequence[int]) -> dict[int, str]:
        """Rowid → tokenised text."""
        return self._catalogue.texts(numbers)

    def segments(self, numbers: Sequence[int]) -> list[Segment]:
        """Segments by rowid, in the order asked.

        Raises:
            KeyError: A row is not in this generation.
            IndexDamagedError: It should be, but is not there or not as it was written.
        """
        try:
            return self._catalogue.segments(numbers)
        except KeyError as error:
            with self._catalogue.reading():
                if self._view.alive(error.args[0]):
                    raise rows.DamagedRowError("segments", error.args[0]) from error
            raise
