"""Records ↔ rows of the catalogue.

Knows: how each noun is laid out in columns. Refuses to know: when rows are read or written.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np

from mmqa.records import (
    KINDS,
    Features,
    Floats,
    Kind,
    MediaItem,
    Modality,
    PromptWord,
    Segment,
    SegmentText,
)

ITEM_COLUMNS = "path, sha256, kind, size_bytes, mtime_ns, flags"
SEGMENT_COLUMNS = (
    "segments.number, segments.id, items.path, items.sha256, segments.kind, ordinal, "
    "start_s, end_s, page, text, items.flags"
)
KIND_CODES: dict[Kind, int] = {kind: code for code, kind in enumerate(KINDS, 1)}
"""Kind → small number; 0 means there is no such segment."""


def item_id(path: Path, sha256: str) -> str:
    """Public name of a file: it changes with its place and with its content.

    >>> item_id(Path("/a.png"), "00")
    '1b59986b6e45'
    """
    return hashlib.sha256(os.fsencode(path) + b"\0" + sha256.encode()).hexdigest()[:12]


def item_of(row: tuple[Any, ...]) -> MediaItem:
    """A row of :data:`ITEM_COLUMNS`."""
    path, sha256, kind, size_bytes, mtime_ns, flags = row
    return MediaItem(
        Path(os.fsdecode(path)), sha256, kind, size_bytes, mtime_ns, tuple(json.loads(flags))
    )


def segment_of(row: tuple[Any, ...]) -> Segment:
    """A row of :data:`SEGMENT_COLUMNS`."""
    _, name, path, sha256, kind, ordinal, start_s, end_s, page, text, flags = row
    return Segment(
        id=name,
        path=Path(os.fsdecode(path)),
        sha256=sha256,
        kind=kind,
        ordinal=ordinal,
        start_s=start_s,
        end_s=end_s,
        page=page,
        text=text_of(text),
        flags=tuple(json.loads(flags)),
    )


def text_to_json(text: SegmentText) -> str:
    """The fields that are not empty; ASCII, so that lone surrogates survive."""
    found: dict[str, Any] = {f.name: getattr(text, f.name) for f in fields(text)}
    found["prompt_words"] = [[w.word, w.score] for w in text.prompt_words]
    return json.dumps({name: value for name, value in found.items() if value})


def text_of(written: str) -> SegmentText:
    """Back from :func:`text_to_json`."""
    found = json.loads(written)
    words = tuple(PromptWord(word, score) for word, score in found.pop("prompt_words", ()))
    return SegmentText(**found, prompt_words=words)


def vector_to_blob(vector: Floats) -> bytes:
    """float32 (d,) → float16, little-endian."""
    return vector.astype("<f2").tobytes()


def vector_of(blob: bytes) -> Floats:
    """Back from :func:`vector_to_blob`, as float32."""
    return np.frombuffer(blob, "<f2").astype(np.float32)


def features_of(rows: Iterable[tuple[int, str, bytes, float]]) -> dict[int, Features]:
    """Rows of (segment, modality, vector, hubness) → features by segment."""
    vectors: dict[int, dict[Modality, Floats]] = {}
    hubness: dict[int, dict[Modality, float]] = {}
    for number, modality, blob, h in rows:
        name: Modality = modality  # type: ignore[assignment]  # only records' names are written
        vectors.setdefault(number, {})[name] = vector_of(blob)
        hubness.setdefault(number, {})[name] = h
    return {number: Features(found, hubness[number]) for number, found in vectors.items()}
