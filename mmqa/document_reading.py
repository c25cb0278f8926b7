"""Documents of a program, read back and found.

Knows: how a document is put together from what the index holds of it, and how a vector, words or
both ask for it. Refuses to know: how documents got there, and what made their vectors. A flow,
because it composes the stages ``index``, ``fusion`` and ``retrieval``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from mmqa.document_entries import (
    Metadata,
    Vectors,
    checked_id,
    document_id,
    document_path,
    require_list,
    unit_vectors,
)
from mmqa.document_spaces import Space
from mmqa.errors import UsageError
from mmqa.index.store import IndexStore
from mmqa.interfaces import Fuser
from mmqa.records import Calibration, Channel, Filter, Floats, Hit, MediaItem, Segment
from mmqa.retrieval.search import Asked, Found, QuestionPart, search_many

CALIBRATED_FROM = 32
"""Documents it takes before their own similarities say what unrelated ones score."""


@dataclass(frozen=True, slots=True)
class StoredDocument:
    """A text that is in the index.

    Attributes:
        id: As it was given; of a segment of a file, the segment's.
        text: As it was given; of a segment, the words that were written or said in it.
        metadata: As it was given; empty of a segment.
        segment: Where it stands in the index.
    """

    id: str
    text: str
    metadata: Metadata
    segment: Segment

    @property
    def of_a_file(self) -> bool:
        """Whether it is a piece of a file, beside which documents may be kept."""
        return document_id(self.segment.path) is None


@dataclass(frozen=True, slots=True)
class DocumentHit:
    """A document that was found; ``contributions`` sum to ``score``, higher is better."""

    document: StoredDocument
    score: float
    contributions: Mapping[str, float]


class DocumentReader:
    """Reads; see the module. Safe to use from several threads.

    Args:
        store: The index, for reading.
        fuser: That of the index.
        width: Length d of a vector.
        space: How vectors stand in the index.
    """

    def __init__(self, store: IndexStore, fuser: Fuser, width: int, space: Space) -> None:
        self.width = width
        self._store = store
        self._fuser = fuser
        self._space = space
        self._unrelated: tuple[int, Calibration] | None = None

    @property
    def count(self) -> int:
        """How many can be found."""
        return self._store.count

    def get(self, ids: Sequence[str]) -> list[StoredDocument]:
        """Documents by id, each once, in the order asked; those that are not there are left out.

        Of an index that holds files too, ids of segments are understood as well.
        """
        require_list(ids, "ids")
        found = (self._get(checked_id(one)) for one in dict.fromkeys(ids))
        return [one for one in found if one is not None]

    def _get(self, name: str) -> StoredDocument | None:
        while segments := self._store.item_segments(document_path(name)):
            if described := self._described(segments):
                return described[0]  # else replaced between the two reads: look again
        segment = self._store.find_segment(name)
        found = self._described([segment]) if segment is not None else []
        return found[0] if found else None

    def search(
        self,
        question: str | Sequence[float] | Floats,
        k: int = 10,
        where: Filter | None = None,
        *,
        text: str = "",
        lexical_weight: float = 0.4,
    ) -> list[DocumentHit]:
        """The k best documents, best first.

        Args:
            question: A vector (d,): the score is its cosine with the document's. Words: only
                letters count.
            k: How many, from 1.
            where: Only those that fit; their time is that of adding.
            text: Words beside a vector: both count, in deviations above unrelated documents.
            lexical_weight: Share of the words in the score then, 0–1.

        Raises:
            UsageError: ``k`` is below 1, or the vector has another width, is zero or not finite.
        """
        words, vector = (question, None) if isinstance(question, str) else (text, question)
        parts = [] if vector is None else [self._asked(vector)]
        if parts and words:
            parts = [self._calibrated(parts[0])]
        return self._search([Asked(parts, words)], k, where, lexical_weight)[0]

    def search_batch(
        self, questions: Vectors, k: int = 10, where: Filter | None = None
    ) -> list[list[DocumentHit]]:
        """The k best documents of each of b vectors (b, d); see :meth:`search`."""
        return self._search([Asked([self._asked(one)], "") for one in questions], k, where)

    def described_hits(self, hits: Sequence[Hit]) -> list[DocumentHit]:
        """Hits of a library with what is kept beside them; one replaced since is left out."""
        documents = {one.segment.id: one for one in self._described([h.segment for h in hits])}
        return [
            DocumentHit(documents[hit.segment.id], hit.score, hit.contributions)
            for hit in hits
            if hit.segment.id in documents
        ]

    def directions(self, hits: Sequence[DocumentHit]) -> Floats:
        """Unit vectors float32 (n, d): the mean direction of each hit's own; zero without any."""
        found = np.zeros((len(hits), self.width), np.float32)
        for place, hit in enumerate(hits):
            segment = hit.document.segment
            numbers = self._store.item_rowids(segment.path)[segment.ordinal :][:1]
            for one in self._store.features(numbers):
                found[place] = np.sum(list(one.vectors.values()), axis=0)
        lengths = np.linalg.norm(found, axis=1, keepdims=True)
        unit: Floats = found / np.maximum(lengths, np.float32(1e-12))
        return unit

    def _search(
        self, asked: Sequence[Asked], k: int, where: Filter | None, lexical_weight: float = 0.0
    ) -> list[list[DocumentHit]]:
        if k < 1:
            raise UsageError(f"k is {k}", "Ask for at least one document.")
        with self._store.snapshot() as view:
            found = search_many(
                view, self._fuser, asked, k=k, where=where, lexical_weight=lexical_weight
            )
            return [self._hits(some) for some in found]

    def _hits(self, found: Sequence[Found]) -> list[DocumentHit]:
        documents = self._described([one.segment for one in found])
        return [
            DocumentHit(document, one.score, one.contributions)
            for document, one in zip(documents, found, strict=True)
        ]

    def _asked(self, vector: Sequence[float] | Floats) -> QuestionPart:
        try:
            (unit,) = unit_vectors(["question"], [np.asarray(vector)], self.width)
        except UsageError as error:
            fact = error.fact.replace("of document 'question'", "that was asked")
            raise UsageError(fact, "Ask with a vector of the same encoder.") from error
        return self._space.question(unit)

    def _described(self, segments: Sequence[Segment]) -> list[StoredDocument]:
        """Segments with what is kept beside them; one that was replaced since is left out."""
        found = []
        for segment in segments:
            item = self._store.known(segment.path)
            if item is not None and item.sha256 == segment.sha256:
                found.append(_stored(item, segment))
        return found

    def _calibrated(self, part: QuestionPart) -> QuestionPart:
        """The question in deviations above unrelated documents, so that words can be added."""
        if part.calibration:
            return part
        fresh: dict[Channel, Calibration] = {"text": self._unrelated_pairs()}
        return QuestionPart(part.features, part.weights, fresh)

    def _unrelated_pairs(self) -> Calibration:
        """How documents score that have nothing to do with each other."""
        count = self.count
        if count < CALIBRATED_FROM:
            return Calibration(0.0, self.width**-0.5)  # as directions drawn at random
        known = self._unrelated
        if known is None or abs(count - known[0]) > 0.2 * known[0]:
            sampled = list(self._store.sample("text").values())
            bank = np.stack([one.vectors["text"] for one in sampled[::2]])
            known = count, self._fuser.calibrate(bank, sampled[1::2])["text"]
            self._unrelated = known
        return known[1]


def _stored(item: MediaItem, segment: Segment) -> StoredDocument:
    name = document_id(item.path)
    if name is None:
        text = segment.text.written() or segment.text.best()
        return StoredDocument(segment.id, text, {}, segment)
    metadata: dict[str, Any] = json.loads(item.metadata) if item.metadata else {}
    return StoredDocument(name, segment.text.passage, metadata, segment)
