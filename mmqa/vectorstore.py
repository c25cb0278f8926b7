"""The index as a LangChain vector store: documents of a program, alone or beside a library's files.

Knows: what LangChain may ask of a store, at once or asynchronously. Refuses to know: how documents
are kept and found. A flow, because stages may not import each other and this composes ``index``
and ``retrieval`` through :mod:`mmqa.documents`. Asynchronous calls leave the event loop free: they
run in a thread, and wait for an embedding's own asynchronous methods.

Documents come back with exactly the metadata they were added with. Pieces of files, in a library,
come with where they stand, their score and its contributions.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from threading import Lock
from typing import Any, Self, TypeAlias

import numpy as np
from langchain_core.documents import Document
from langchain_core.embeddings import Embeddings
from langchain_core.vectorstores import VectorStore

from mmqa.document_entries import checked
from mmqa.document_reading import DocumentHit
from mmqa.documents import AT_ONCE, Documents
from mmqa.errors import UsageError
from mmqa.index.plan import IndexPlan
from mmqa.langchain_documents import (
    Where,
    encoder_name,
    found_document,
    to_document,
    to_filter,
)
from mmqa.records import Filter, Hit
from mmqa.retrieval.relevance import cosine_relevance, deviation_relevance, most_marginal

Find: TypeAlias = Callable[[str, int, Filter | None], Sequence[Hit]]
"""(question, k, where) → hits; how a library searches in words."""


class MmqaVectorStore(VectorStore):
    """Documents in a durable index; ``library.as_vectorstore()`` gives one over a library.

    Scores are cosines, higher is better; over a library, deviations above what unrelated segments
    score. The index is made at the first addition. Safe to use from several threads.

    Args:
        embedding: Makes the vectors.
        path: Folder of the index.
        encoder: Name of what makes the vectors, under which the index knows them; made of
            ``embedding``'s class and model where it is empty.
        plan: How FAISS files are made; by default their number of rows decides.

    Raises:
        IndexMismatchError: The index there has vectors of another encoder.
    """

    def __init__(
        self,
        embedding: Embeddings,
        path: str | Path,
        *,
        encoder: str = "",
        plan: IndexPlan | None = None,
    ) -> None:
        self._embedding = embedding
        self._plan = plan
        self._path = Path(path)
        self._encoder = encoder or encoder_name(embedding)
        self._find: Find | None = None
        self._documents: Documents | None = None
        self._opening = Lock()
        self._opened(Documents.stored_width(self._path))

    @classmethod
    def over(cls, documents: Documents, embedding: Embeddings, find: Find) -> Self:
        """One over the index of a library.

        Args:
            documents: Of that index.
            embedding: The library's own text encoder.
            find: How the library searches in words.
        """
        store = cls.__new__(cls)
        store._embedding = embedding
        store._documents = documents
        store._find = find
        store._opening = Lock()
        return store

    def _opened(self, width: int | None) -> Documents | None:
        """The documents; ``None`` while there are none and no width is known to make them with."""
        with self._opening:
            if self._documents is None and width is not None:
                self._documents = Documents.open(
                    self._path, width=width, encoder=self._encoder, plan=self._plan
                )
            return self._documents

    def _there(self) -> Documents | None:
        if self._documents is None:  # another process may have made it in the meantime
            return self._opened(Documents.stored_width(self._path))
        return self._documents

    @property
    def embeddings(self) -> Embeddings:
        """What makes the vectors."""
        return self._embedding

    def flush(self) -> None:
        """Fold all rows into FAISS files; they are found without it, but this is faster."""
        if documents := self._there():
            documents.flush()

    def close(self) -> None:
        """Flush what was added and give files back; everything is durable without it."""
        if self._documents is not None:
            self._documents.close()
            self._documents = None

    # ------------------------------------------------------------------ adding, removing, reading

    @classmethod
    def from_texts(
        cls,
        texts: list[str],
        embedding: Embeddings,
        metadatas: list[dict[str, Any]] | None = None,
        *,
        ids: list[str] | None = None,
        path: str | Path | None = None,
        encoder: str = "",
        **options: Any,
    ) -> Self:
        """Open the index in ``path`` and add texts.

        Raises:
            UsageError: No ``path`` was named.
        """
        store = cls(embedding, _named(path), encoder=encoder, **options)
        store.add_texts(texts, metadatas, ids=ids)
        return store

    @classmethod
    async def afrom_texts(
        cls,
        texts: list[str],
        embedding: Embeddings,
        metadatas: list[dict[str, Any]] | None = None,
        *,
        ids: list[str] | None = None,
        path: str | Path | None = None,
        encoder: str = "",
        **options: Any,
    ) -> Self:
        """See :meth:`from_texts`."""
        store = await asyncio.to_thread(cls, embedding, _named(path), encoder=encoder, **options)
        await store.aadd_texts(texts, metadatas, ids=ids)
        return store

    def add_texts(
        self,
        texts: Iterable[str],
        metadatas: list[dict[str, Any]] | None = None,
        *,
        ids: list[str] | None = None,
        **kwargs: Any,
    ) -> list[str]:
        """Embed and keep texts; one whose id is there already replaces it.

        Texts are embedded and stored :data:`AT_ONCE` together, so an interruption keeps what was
        embedded by then.

        Raises:
            UsageError: An id, a text or metadata cannot be kept: nothing is embedded then. Or a
                vector cannot: nothing is stored of those embedded together with it.
        """
        names, batches = _batches(list(texts), ids, metadatas)
        for some, described, named in batches:
            self._add(some, self._embedding.embed_documents(some), described, named)
        return names

    async def aadd_texts(
        self,
        texts: Iterable[str],
        metadatas: list[dict[str, Any]] | None = None,
        *,
        ids: list[str] | None = None,
        **kwargs: Any,
    ) -> list[str]:
        """See :meth:`add_texts`."""
        names, batches = _batches(list(texts), ids, metadatas)
        for some, described, named in batches:
            vectors = await self._embedding.aembed_documents(some)
            await asyncio.to_thread(self._add, some, vectors, described, named)
        return names

    def _add(
        self,
        texts: list[str],
        vectors: list[list[float]],
        metadatas: Sequence[dict[str, Any]] | None,
        ids: Sequence[str],
    ) -> None:
        documents = self._opened(len(vectors[0])) if len(vectors) else self._there()
        if documents is not None:
            documents.add(texts, vectors, ids, metadatas)

    def delete(self, ids: list[str] | None = None, **kwargs: Any) -> bool | None:
        """Forget documents; ids that are not there are ignored.

        Args:
            ids: Which; ``None`` means every document. Files of a library stay.
            **kwargs: Ignored.

        Raises:
            UsageError: An id is that of a piece of a file, which only ``Library.remove`` can
                forget; nothing was removed then.
        """
        documents = self._there()
        if documents is None:
            return True
        if ids is None:
            documents.remove_all()
            return True
        pieces = [one.id for one in documents.get(ids) if one.of_a_file] if self._find else []
        if pieces:
            raise UsageError(
                f"{pieces[0]!r} is a piece of a file", "Forget the file with Library.remove."
            )
        documents.remove(ids)
        return True

    async def adelete(self, ids: list[str] | None = None, **kwargs: Any) -> bool | None:
        """See :meth:`delete`."""
        return await asyncio.to_thread(self.delete, ids)

    def get_by_ids(self, ids: Sequence[str], /) -> list[Document]:
        """Documents by id, in the order asked; those that are not there are left out."""
        documents = self._there()
        return [] if documents is None else [to_document(one) for one in documents.get(ids)]

    async def aget_by_ids(self, ids: Sequence[str], /) -> list[Document]:
        """See :meth:`get_by_ids`."""
        return await asyncio.to_thread(self.get_by_ids, ids)

    # ------------------------------------------------------------------ searching

    def similarity_search_with_score(
        self,
        query: str,
        k: int = 4,
        filter: Where = None,  # LangChain's name for it
        **kwargs: Any,
    ) -> list[tuple[Document, float]]:
        """The k best documents with their scores, best first.

        Raises:
            UsageError: An option or a filter is not understood.
        """
        _refuse(kwargs)
        return [(found_document(hit), hit.score) for hit in self._search(query, k, filter)]

    async def asimilarity_search_with_score(
        self,
        query: str,
        k: int = 4,
        filter: Where = None,
        **kwargs: Any,
    ) -> list[tuple[Document, float]]:
        """See :meth:`similarity_search_with_score`."""
        _refuse(kwargs)
        hits = await self._asearch(query, k, filter)
        return [(found_document(hit), hit.score) for hit in hits]

    def similarity_search(self, query: str, k: int = 4, **kwargs: Any) -> list[Document]:
        """The k best documents, best first; ``filter`` as for the scores."""
        return [document for document, _ in self.similarity_search_with_score(query, k, **kwargs)]

    async def asimilarity_search(self, query: str, k: int = 4, **kwargs: Any) -> list[Document]:
        """See :meth:`similarity_search`."""
        pairs = await self.asimilarity_search_with_score(query, k, **kwargs)
        return [document for document, _ in pairs]

    def similarity_search_by_vector(
        self,
        embedding: list[float],
        k: int = 4,
        filter: Where = None,
        **kwargs: Any,
    ) -> list[Document]:
        """The k documents whose vectors are most like this one."""
        _refuse(kwargs)
        return [found_document(hit) for hit in self._by_vector(embedding, k, filter)]

    async def asimilarity_search_by_vector(
        self,
        embedding: list[float],
        k: int = 4,
        filter: Where = None,
        **kwargs: Any,
    ) -> list[Document]:
        """See :meth:`similarity_search_by_vector`."""
        _refuse(kwargs)
        return await asyncio.to_thread(self.similarity_search_by_vector, embedding, k, filter)

    def max_marginal_relevance_search(
        self,
        query: str,
        k: int = 4,
        fetch_k: int = 20,
        lambda_mult: float = 0.5,
        filter: Where = None,
        **kwargs: Any,
    ) -> list[Document]:
        """k documents that are like the query and unlike each other."""
        _refuse(kwargs)
        vector = self._embedding.embed_query(query)
        hits = self._search(query, max(k, fetch_k), filter, vector)
        return self._diverse(vector, hits, k, lambda_mult)

    async def amax_marginal_relevance_search(
        self,
        query: str,
        k: int = 4,
        fetch_k: int = 20,
        lambda_mult: float = 0.5,
        filter: Where = None,
        **kwargs: Any,
    ) -> list[Document]:
        """See :meth:`max_marginal_relevance_search`."""
        _refuse(kwargs)
        vector = await self._embedding.aembed_query(query)
        hits = await self._asearch(query, max(k, fetch_k), filter, vector)
        return await asyncio.to_thread(self._diverse, vector, hits, k, lambda_mult)

    def max_marginal_relevance_search_by_vector(
        self,
        embedding: list[float],
        k: int = 4,
        fetch_k: int = 20,
        lambda_mult: float = 0.5,
        filter: Where = None,
        **kwargs: Any,
    ) -> list[Document]:
        """k documents whose vectors are like this one and unlike each other."""
        _refuse(kwargs)
        hits = self._by_vector(embedding, max(k, fetch_k), filter)
        return self._diverse(embedding, hits, k, lambda_mult)

    async def amax_marginal_relevance_search_by_vector(
        self,
        embedding: list[float],
        k: int = 4,
        fetch_k: int = 20,
        lambda_mult: float = 0.5,
        filter: Where = None,
        **kwargs: Any,
    ) -> list[Document]:
        """See :meth:`max_marginal_relevance_search_by_vector`."""
        _refuse(kwargs)
        return await asyncio.to_thread(
            self.max_marginal_relevance_search_by_vector, embedding, k, fetch_k, lambda_mult, filter
        )

    def _search(
        self, query: str, k: int, where: Where, vector: Sequence[float] | None = None
    ) -> list[DocumentHit]:
        documents, only = self._there(), to_filter(where)
        if documents is None:
            return []
        if self._find is not None:
            return documents.described_hits(self._find(query, k, only))
        asked = self._embedding.embed_query(query) if vector is None else vector
        return documents.search(asked, k, only)

    async def _asearch(
        self, query: str, k: int, where: Where, vector: Sequence[float] | None = None
    ) -> list[DocumentHit]:
        if self._find is None and vector is None:
            vector = await self._embedding.aembed_query(query)
        return await asyncio.to_thread(self._search, query, k, where, vector)

    def _by_vector(self, vector: Sequence[float], k: int, where: Where) -> list[DocumentHit]:
        documents, only = self._there(), to_filter(where)
        return [] if documents is None else documents.search(vector, k, only)

    def _diverse(
        self, vector: Sequence[float], hits: Sequence[DocumentHit], k: int, lambda_mult: float
    ) -> list[Document]:
        documents = self._there()
        if documents is None or not hits:
            return []
        asked = np.asarray(vector, np.float32)
        directions = documents.directions(hits)
        chosen = most_marginal(asked / np.linalg.norm(asked), directions, k, lambda_mult)
        return [found_document(hits[place]) for place in chosen]

    def _select_relevance_score_fn(self) -> Callable[[float], float]:
        return cosine_relevance if self._find is None else deviation_relevance


_Batch: TypeAlias = tuple[list[str], Sequence[dict[str, Any]] | None, list[str]]


def _batches(
    texts: list[str], ids: list[str] | None, metadatas: list[dict[str, Any]] | None
) -> tuple[list[str], Iterator[_Batch]]:
    """Ids of all, and what is embedded together, once all of it is known to be sound."""
    names, _ = checked(texts, ids, metadatas)
    parts = [slice(first, first + AT_ONCE) for first in range(0, len(names), AT_ONCE)]
    batches = (
        (texts[part], None if metadatas is None else metadatas[part], names[part]) for part in parts
    )
    return names, batches


def _refuse(options: Mapping[str, Any]) -> None:
    """A search with an option left out would answer another question, in silence."""
    for name in options:
        raise UsageError(
            f"a search has no option {name!r}",
            "Known: k, filter, score_threshold with relevance scores, fetch_k and lambda_mult"
            " with maximal marginal relevance.",
        )


def _named(path: str | Path | None) -> str | Path:
    if path is None:
        raise UsageError("no folder was named for the index", 'Name one: path="indexes/notes".')
    return path
