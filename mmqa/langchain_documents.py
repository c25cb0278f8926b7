"""Our nouns as LangChain's: documents, filters, embeddings.

Knows: both sides of each. Refuses to know: how documents are kept, found or embedded. A flow,
because it needs documents and the retriever's stage.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from langchain_core.documents import Document
from langchain_core.embeddings import Embeddings

from mmqa.document_reading import DocumentHit, StoredDocument
from mmqa.errors import UsageError
from mmqa.interfaces import TextEncoder
from mmqa.records import Filter
from mmqa.retrieval.langchain import place

Where: TypeAlias = Mapping[str, Any] | Filter | None
"""As LangChain passes it (``filter={"year": 2026}``: equality of metadata), or our own."""


class EncoderEmbeddings(Embeddings):
    """A text encoder of ours as LangChain's Embeddings.

    Args:
        encoder: Gives it, when it is first needed.
    """

    def __init__(self, encoder: Callable[[], TextEncoder]) -> None:
        self._encoder = encoder

    @property
    def model(self) -> str:
        """What tells these vectors from those of another encoder."""
        return self._encoder().fingerprint

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        """Unit vectors of n texts."""
        vectors: list[list[float]] = self._encoder().encode(texts).tolist()
        return vectors

    def embed_query(self, text: str) -> list[float]:
        """The unit vector of one text."""
        return self.embed_documents([text])[0]


def found_document(hit: DocumentHit) -> Document:
    """A hit as LangChain's Document; a document's metadata are its own and nothing else."""
    document = to_document(hit.document)
    if hit.document.of_a_file:
        document.metadata |= {"score": hit.score, "contributions": dict(hit.contributions)}
    return document


def retrieved_document(hit: DocumentHit) -> Document:
    """A hit for a retriever: where it stands, what it says of itself, and how it scored."""
    document = to_document(hit.document)
    stands = place(hit.document.segment)
    scored = {"score": hit.score, "contributions": dict(hit.contributions)}
    return document.model_copy(update={"metadata": {**stands, **document.metadata, **scored}})


def to_document(stored: StoredDocument) -> Document:
    """What is kept as LangChain's Document."""
    metadata = place(stored.segment) if stored.of_a_file else dict(stored.metadata)
    return Document(id=stored.id, page_content=stored.text, metadata=metadata)


def to_filter(where: Where) -> Filter | None:
    """LangChain's ``filter`` as ours.

    Raises:
        UsageError: It is neither a dict nor a Filter, or asks for more than equality.

    >>> to_filter({"year": 2026})
    Filter(kinds=(), folders=(), since_s=None, until_s=None, tags=(), metadata=(('year', 2026),))
    """
    if where is None or isinstance(where, Filter):
        return where
    if not isinstance(where, Mapping):
        raise UsageError(
            f"filter is {type(where).__name__}", "Give a dict of metadata, or an mmqa.Filter."
        )
    for name, value in where.items():
        if not isinstance(name, str) or not _comparable(value):
            raise UsageError(
                f"filter asks for {name!r}: {value!r}",
                "Only equality is understood: names, and strings, numbers, booleans or None.",
            )
    return Filter(metadata=tuple(where.items())) if where else None


def _comparable(value: object) -> bool:
    """Whether SQLite can compare it: no number that it cannot hold."""
    if isinstance(value, int | float):
        return -(2**63) <= value < 2**63
    return value is None or isinstance(value, str)


def encoder_name(embedding: Embeddings) -> str:
    """Class and model of Embeddings: what tells vectors of one from those of another."""
    found = (getattr(embedding, name, None) for name in ("model", "model_name"))
    model = next((one for one in found if isinstance(one, str)), "")
    return f"{type(embedding).__name__}:{model}" if model else type(embedding).__name__
