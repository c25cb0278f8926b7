"""What a program hands over to be kept: checked, and laid out as the index's own nouns.

Knows: what an id, a text, its metadata and its vector must be, and how a document is named among
files. Refuses to know: where documents are stored and how they are found.

Everything is checked before anything is stored, so a refusal leaves nothing half done. Metadata
comes back exactly as it was given, so what JSON would silently change (a tuple, a number as a key)
is refused.
"""

from __future__ import annotations

import hashlib
import json
import re
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias
from urllib.parse import quote, unquote

import numpy as np
from numpy.typing import NDArray

from mmqa.errors import UsageError
from mmqa.index.store import item_id
from mmqa.records import Floats, MediaItem, Segment, SegmentText
from mmqa.retrieval.lexical import tokenize

PREFIX = "document:"
MAX_DEPTH = 100
"""Deepest nesting of metadata; SQLite reads JSON no deeper than 1,000."""

Metadata: TypeAlias = Mapping[str, Any]
Vectors: TypeAlias = Sequence[Sequence[float]] | Sequence[Floats] | NDArray[Any]

_ESCAPED = re.compile("[%/\\\\\x00-\x1f\x7f\ud800-\udfff]")
"""Escaped in a path: separators, what no terminal can show, what UTF-8 cannot write."""


def document_path(name: str) -> Path:
    """Where a document stands among files; different ids never give the same path.

    >>> document_path("notes/7")
    PosixPath('document:notes%2F7')
    """
    escaped = _ESCAPED.sub(lambda one: quote(one.group(), safe="", errors="surrogatepass"), name)
    return Path(PREFIX + escaped)


def document_id(path: Path) -> str | None:
    r"""Back from :func:`document_path`; ``None`` for a file.

    >>> document_id(document_path("a/../b\n%")), document_id(Path("/a.png"))
    ('a/../b\n%', None)
    """
    written = str(path)
    if not written.startswith(PREFIX):
        return None
    return unquote(written.removeprefix(PREFIX), errors="surrogatepass")


@dataclass(frozen=True, slots=True, eq=False)
class Entry:
    """One document, ready to be put: a file of one segment.

    Attributes:
        item: Its file; the digest covers id, text and metadata.
        segment: A passage.
        words: Its tokens, for search by letter.
        vector: float32 (d,), of unit length.
    """

    item: MediaItem
    segment: Segment
    words: str
    vector: Floats


class Entries:
    """The documents of one call, all of them sound.

    Args:
        texts: n texts.
        vectors: (n, d), of any length but zero.
        ids: n ids, each once; one that is ``None`` is made up.
        metadatas: n JSON objects; one that is ``None`` is empty.
        width: d.

    Raises:
        UsageError: Something cannot be kept; the message names the document.
    """

    def __init__(
        self,
        texts: Sequence[str],
        vectors: Vectors,
        ids: Sequence[str | None] | None,
        metadatas: Sequence[Metadata | None] | None,
        width: int,
    ) -> None:
        self.ids, self._metadatas = checked(texts, ids, metadatas)
        _require_as_many(texts, vectors=vectors)
        self._texts = texts
        self._vectors = vectors
        self._width = width
        for _ in self._units(4096):
            pass  # each is checked now, and made again when it is stored: they may not fit memory

    def batches(self, size: int) -> Iterator[list[Entry]]:
        """The entries, ``size`` at a time."""
        now_ns = time.time_ns()
        first = 0
        for vectors in self._units(size):
            rows = range(first, first + len(vectors))
            yield [self._entry(row, vectors[row - first], now_ns) for row in rows]
            first += size

    def _units(self, size: int) -> Iterator[Floats]:
        for first in range(0, len(self.ids), size):
            last = first + size
            yield unit_vectors(self.ids[first:last], self._vectors[first:last], self._width)

    def _entry(self, row: int, vector: Floats, now_ns: int) -> Entry:
        name, text, metadata = self.ids[row], self._texts[row], self._metadatas[row]
        path = document_path(name)
        digest = hashlib.sha256(json.dumps([name, text, metadata]).encode()).hexdigest()
        size = len(text.encode("utf-8", "surrogatepass"))
        item = MediaItem(path, digest, "text", size, now_ns, metadata=metadata)
        passage = SegmentText(passage=text)
        segment = Segment(f"{item_id(path, digest)}.0", path, digest, "text", 0, text=passage)
        return Entry(item, segment, tokenize(text), vector)


def checked(
    texts: Sequence[str],
    ids: Sequence[str | None] | None,
    metadatas: Sequence[Metadata | None] | None,
) -> tuple[list[str], list[str]]:
    """Ids, made up where there are none, and metadata as JSON; see :class:`Entries`.

    Raises:
        UsageError: Something cannot be kept.
    """
    named: Sequence[str | None] = [None] * len(texts) if ids is None else ids
    described: Sequence[Metadata | None] = [None] * len(texts) if metadatas is None else metadatas
    require_list(texts, "texts")
    require_list(named, "ids")
    _require_as_many(texts, ids=named, metadatas=described)
    names = _checked_ids(named)
    for name, text in zip(names, texts, strict=True):
        _require_text(name, text)
    return names, [written(name, one) for name, one in zip(names, described, strict=True)]


def require_list(values: object, name: str) -> None:
    """Refuse one string where a list of strings is meant: it would be taken for its letters."""
    if isinstance(values, str | bytes):
        raise UsageError(f"{name} is one string, {values!r}", "Give a list of strings.")


def _require_as_many(texts: Sequence[str], **others: Any) -> None:
    for name, values in others.items():
        if len(values) != len(texts):
            raise UsageError(
                f"there are {len(texts)} texts and {len(values)} {name}",
                f"Give as many {name} as texts.",
            )


def _checked_ids(ids: Sequence[str | None]) -> list[str]:
    given = [_made_up(n) if one is None else checked_id(one) for n, one in enumerate(ids)]
    seen: set[str] = set()
    for one in given:
        if one in seen:
            raise UsageError(f"the id {one!r} is given twice in one call", "Give each id once.")
        seen.add(one)
    return given


def _made_up(n: int) -> str:
    """A new id, 32 hex digits; they ascend with time, so the index on them grows at its end."""
    return f"{time.time_ns() + n:016x}{uuid.uuid4().hex[:16]}"


def checked_id(name: object) -> str:
    """An id that can be kept.

    Raises:
        UsageError: It is no string, or empty.
    """
    if not isinstance(name, str) or not name:
        raise UsageError(f"{name!r} cannot be the id of a document", "Use a string, not empty.")
    return name


def _require_text(name: str, text: object) -> None:
    if not isinstance(text, str):
        raise UsageError(
            f"the text of document {name!r} is {type(text).__name__}, not a string",
            "Nothing of this call was stored.",
        )


def written(name: str, metadata: Metadata | None) -> str:
    """Metadata as JSON; empty where there is none.

    Raises:
        UsageError: It would not come back exactly as it is.
    """
    if not metadata:
        return ""
    try:
        text = json.dumps(metadata, allow_nan=False)
        same = isinstance(metadata, Mapping) and json.loads(text) == metadata
        fault = "" if same else "it would come back changed"
        if same and _deeper_than(metadata, MAX_DEPTH):
            fault = f"it is nested deeper than {MAX_DEPTH}"
    except (TypeError, ValueError, RecursionError) as error:
        fault = str(error)
    if fault:
        raise UsageError(
            f"the metadata of document {name!r} cannot be kept as JSON: {fault}",
            "Use a dict with strings as keys, of strings, finite numbers, booleans, None, lists"
            " and such dicts. Nothing of this call was stored.",
        )
    return text


def _deeper_than(value: object, depth: int) -> bool:
    if not isinstance(value, Mapping | list):
        return False
    inside = value.values() if isinstance(value, Mapping) else value
    return depth == 0 or any(_deeper_than(one, depth - 1) for one in inside)


def unit_vectors(names: Sequence[str], vectors: Vectors, width: int) -> Floats:
    """Vectors float32 (n, width) of unit length.

    Args:
        names: n ids, for messages.
        vectors: n vectors.
        width: Length that each must have.

    Raises:
        UsageError: One is of another length, zero, or holds what is not a finite number.
    """
    raw = _numbers(names, vectors, width)
    largest = np.abs(raw).max(axis=1, initial=0.0)
    for fault, wrong in (
        ("holds a number that is not finite", ~np.isfinite(largest)),
        ("is zero, so it points nowhere", largest == 0.0),
    ):
        if wrong.any():
            raise _refused(names[int(np.argmax(wrong))], fault)
    scaled = raw / largest[:, None]  # so that squares neither overflow nor vanish
    unit: Floats = (scaled / np.linalg.norm(scaled, axis=1, keepdims=True)).astype(np.float32)
    return unit


def _numbers(names: Sequence[str], vectors: Vectors, width: int) -> NDArray[np.float64]:
    try:
        raw = np.asarray(vectors, np.float64)
        if raw.shape == (len(names), width):
            return raw
    except (TypeError, ValueError):
        pass  # which one it is, is found below
    rows = [_row(name, vector, width) for name, vector in zip(names, vectors, strict=True)]
    return np.stack(rows)


def _row(name: str, vector: object, width: int) -> NDArray[np.float64]:
    try:
        row = np.asarray(vector, np.float64)
    except (TypeError, ValueError) as error:
        raise _refused(name, f"is not made of numbers: {error}") from error
    if row.shape != (width,):
        raise _refused(name, f"has shape {row.shape}, not ({width},)")
    return row


def _refused(name: str, fault: str) -> UsageError:
    return UsageError(
        f"the vector of document {name!r} {fault}", "Nothing of this call was stored."
    )
