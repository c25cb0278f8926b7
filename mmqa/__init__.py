"""Ask questions of your own pictures, recordings and notes, with the evidence beside the answer.

The façade: names that programs use, loaded when first touched, so that ``import mmqa`` is light.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mmqa.applications.sentiment.opinions import Sentiment as Sentiment
    from mmqa.applications.sentiment.opinions import Sentiments as Sentiments
    from mmqa.documents import Documents as Documents
    from mmqa.errors import MmqaError as MmqaError
    from mmqa.exporting import format_transcript as format_transcript
    from mmqa.library import Library as Library
    from mmqa.records import AddEvent as AddEvent
    from mmqa.records import AddReport as AddReport
    from mmqa.records import Answer as Answer
    from mmqa.records import Citation as Citation
    from mmqa.records import CitationEvent as CitationEvent
    from mmqa.records import DoneEvent as DoneEvent
    from mmqa.records import FileTranscript as FileTranscript
    from mmqa.records import Filter as Filter
    from mmqa.records import Hit as Hit
    from mmqa.records import RetrievalEvent as RetrievalEvent
    from mmqa.records import SearchResult as SearchResult
    from mmqa.records import Segment as Segment
    from mmqa.records import Source as Source
    from mmqa.records import Status as Status
    from mmqa.records import SyncReport as SyncReport
    from mmqa.records import TokenEvent as TokenEvent
    from mmqa.retrieval.langchain import MmqaRetriever as MmqaRetriever
    from mmqa.vectorstore import MmqaVectorStore as MmqaVectorStore

__version__ = "0.1.0"

_HOMES = {
    "Documents": "mmqa.documents",
    "Library": "mmqa.library",
    "MmqaError": "mmqa.errors",
    "Sentiment": "mmqa.applications.sentiment.opinions",
    "Sentiments": "mmqa.applications.sentiment.opinions",
    "MmqaRetriever": "mmqa.retrieval.langchain",
    "MmqaVectorStore": "mmqa.vectorstore",
    "format_transcript": "mmqa.exporting",
    **dict.fromkeys(
        (
            "AddEvent",
            "AddReport",
            "Answer",
            "Citation",
            "CitationEvent",
            "DoneEvent",
            "FileTranscript",
            "Filter",
            "Hit",
            "RetrievalEvent",
            "SearchResult",
            "Segment",
            "Source",
            "Status",
            "SyncReport",
            "TokenEvent",
        ),
        "mmqa.records",
    ),
}

__all__ = [*_HOMES, "__version__"]  # noqa: PLE0604  # every entry is a string


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'mmqa' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
