"""The index as a LangChain retriever.

Knows: how a hit becomes a Document. Refuses to know: how hits are found, and what is kept beside
them; it is handed functions.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

from langchain_core.callbacks import (
    AsyncCallbackManagerForRetrieverRun,
    CallbackManagerForRetrieverRun,
)
from langchain_core.documents import Document
from langchain_core.retrievers import BaseRetriever
from pydantic import ConfigDict, Field

from mmqa.records import Filter, Hit, SearchResult, Segment

Search = Callable[[str, int, Filter | None], SearchResult]
"""(question, k, where) → what was found."""


def place(segment: Segment) -> dict[str, Any]:
    """Where a segment stands, as metadata; ``modality`` is what ``search --json`` calls so."""
    return {
        "id": segment.id,
        "path": str(segment.path),
        "modality": segment.kind,
        "kind": segment.kind,
        "start_s": segment.start_s,
        "end_s": segment.end_s,
        "page": segment.page,
    }


def to_document(hit: Hit) -> Document:
    """A hit as a Document: its words as content, where it stands and its score as metadata."""
    text = hit.segment.text
    scored = {"score": hit.score, "contributions": dict(hit.contributions)}
    return Document(
        id=hit.segment.id,
        page_content=text.written() or text.best(),
        metadata={**place(hit.segment), **scored},
    )


def to_documents(hits: Sequence[Hit]) -> list[Document]:
    """Hits as Documents, in the same order."""
    return [to_document(hit) for hit in hits]


class MmqaRetriever(BaseRetriever):
    """Retrieves segments as Documents.

    Attributes:
        search: What to call with the question, k and the filter.
        describe: How hits become Documents.
        k: How many documents; ``invoke(question, k=…)`` asks for another number once.
        where: Which segments may be found; ``invoke(question, where=…)`` asks for others once.
    """

    model_config = ConfigDict(arbitrary_types_allowed=True)

    search: Search = Field(exclude=True)
    describe: Callable[[Sequence[Hit]], list[Document]] = Field(default=to_documents, exclude=True)
    k: int = Field(default=5, ge=1)
    where: Filter | None = None

    def _get_relevant_documents(
        self,
        query: str,
        *,
        run_manager: CallbackManagerForRetrieverRun,
        k: int | None = None,
        where: Filter | None = None,
    ) -> list[Document]:
        return self._found(query, k, where)

    async def _aget_relevant_documents(
        self,
        query: str,
        *,
        run_manager: AsyncCallbackManagerForRetrieverRun,
        k: int | None = None,
        where: Filter | None = None,
    ) -> list[Document]:
        return await asyncio.to_thread(self._found, query, k, where)

    def _found(self, query: str, k: int | None, where: Filter | None) -> list[Document]:
        wanted = self.k if k is None else k
        found = self.search(query, wanted, self.where if where is None else where)
        return self.describe(found.hits)
