"""One consistent generation, for as long as a search needs it.

Knows: the reads that a search makes, all of the same state. Refuses to know: what becomes of them.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from mmqa.index.catalogue import Catalogue
from mmqa.index.view import View
from mmqa.records import Floats, Kind, Segment


class Snapshot:
    """Valid within ``with store.snapshot()`` only.

    Args:
        catalogue: With a read transaction begun.
        view: Of the same state.
        width: Length of a fused vector.
        frequencies: Document frequencies already counted for this generation; is added to.
    """

    def __init__(
        self, catalogue: Catalogue, view: View, width: int, frequencies: dict[str, int]
    ) -> None:
        self._catalogue = catalogue
        self._view = view
        self._width = width
        self._frequencies = frequencies

    @property
    def count(self) -> int:
        """Number of segments."""
        return self._view.count

    def search(
        self, question: Floats, k: int, kinds: Collection[Kind] | None = None
    ) -> tuple[list[int], Floats]:
        """The k best rowids and scores by inner product with ``question`` (width,), best first."""
        return self._view.search(question, k, kinds)

    def fused(self, numbers: Sequence[int]) -> Floats:
        """Fused vectors float32 (n, width) of rowids, exactly as searched."""
        return self._view.fused(numbers, self._width)

    def lexical(
        self, match: str, k: int, kinds: Collection[Kind] | None = None
    ) -> list[tuple[int, float]]:
        """The k best rowids for an FTS5 expression with BM25 (higher is better), best first."""
        return self._catalogue.lexical(match, k, kinds)

    def document_frequency(self, expressions: Sequence[str]) -> list[int]:
        """How many segments match each FTS5 expression."""
        for expression in expressions:
            if expression not in self._frequencies:
                self._frequencies[expression] = self._catalogue.document_frequency([expression])[0]
        return [self._frequencies[expression] for expression in expressions]

    def texts(self, numbers: Sequence[int]) -> dict[int, str]:
        """Rowid → tokenised text."""
        return self._catalogue.texts(numbers)

    def contents(self, numbers: Sequence[int]) -> dict[int, tuple[str, int]]:
        """Rowid → (sha256, ordinal): equal ones have the same content."""
        return self._catalogue.contents(numbers)

    def segments(self, numbers: Sequence[int]) -> list[Segment]:
        """Segments by rowid, in the order asked."""
        return self._catalogue.segments(numbers)
