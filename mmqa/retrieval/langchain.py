"""The index as a LangChain retriever.

Knows: how a hit becomes a Document. Refuses to know: how hits are found; it is handed a function.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from langchain_core.callbacks import (
    AsyncCallbackManagerForRetrieverRun,
    CallbackManagerForRetrieverRun,
)
from langchain_core.documents import Document
from langchain_core.retrievers import BaseRetriever
from pydantic import Field

from mmqa.records import Hit, SearchResult

Search = Callable[[str, int], SearchResult]
"""(question, k) → what was found."""


class MmqaRetriever(BaseRetriever):
    """Retrieves segments as Documents.

    Attributes:
        search: What to call with the question and k.
        k: How many documents; ``invoke(question, k=…)`` asks for another number once.
    """

    search: Search = Field(exclude=True)
    k: int = Field(default=5, ge=1)

    def _get_relevant_documents(
        self, query: str, *, run_manager: CallbackManagerForRetrieverRun, k: int | None = None
    ) -> list[Document]:
        found = self.search(query, self.k if k is None else k)
        return [to_document(hit) for hit in found.hits]

    async def _aget_relevant_documents(
        self, query: str, *, run_manager: AsyncCallbackManagerForRetrieverRun, k: int | None = None
    ) -> list[Document]:
        found = await asyncio.to_thread(self.search, query, self.k if k is None else k)
        return [to_document(hit) for hit in found.hits]


def to_document(hit: Hit) -> Document:
    """A hit as a Document: its words as content, where it stands as metadata."""
    segment = hit.segment
    return Document(
        id=segment.id,
        page_content=segment.text.written() or segment.text.best(),
        metadata={
            "id": segment.id,
            "path": str(segment.path),
            "kind": segment.kind,
            "start_s": segment.start_s,
            "end_s": segment.end_s,
            "page": segment.page,
            "score": hit.score,
            "contributions": dict(hit.contributions),
        },
    )
