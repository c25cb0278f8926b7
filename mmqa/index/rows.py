"""Records ↔ rows of the catalogue.

Knows: how each noun is laid out in columns. Refuses to know: when rows are read or written.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np

from mmqa.index import digests
from mmqa.records import (
    KINDS,
    Features,
    Kind,
    MediaItem,
    Modality,
    PromptWord,
    Segment,
    SegmentText,
)

ITEM_COLUMNS = (
    "items.number, items.id, items.path, items.sha256, items.kind, items.size_bytes, "
    "items.mtime_ns, items.flags, items.phash, items.taken_ns, items.tags, items.metadata, "
    "items.segment_count, items.digest"
)
SEGMENT_COLUMNS = (
    "segments.number, segments.item, segments.id, segments.ordinal, segments.kind, "
    "segments.start_s, segments.end_s, segments.page, segments.text, segments.words_digest, "
    "segments.digest"
)
VECTOR_COLUMNS = "segment, modalities, vectors, hubness, digest"
FAISS_COLUMNS = "name, sha256, first, last, count, index_type, nlist, nprobe, recall, digest"
KIND_CODES: dict[Kind, int] = {kind: code for code, kind in enumerate(KINDS, 1)}
"""Kind → small number; 0 means there is no such segment."""


def item_id(path: Path, sha256: str) -> str:
    """Public name of a file: it changes with its place and with its content.

    >>> item_id(Path("/a.png"), "00")
    '1b59986b6e45'
    """
    return hashlib.sha256(os.fsencode(path) + b"\0" + sha256.encode()).hexdigest()[:12]


def checked(table: str, row: Sequence[Any]) -> Sequence[Any]:
    """The columns of a row without its last one, the checksum, if that agrees.

    Raises:
        DamagedRowError: It does not; the row was changed behind the catalogue's back.
    """
    *values, digest = row
    if digests.of_values(*values) != digest:
        raise DamagedRowError(table, values[0])
    return values


class DamagedRowError(Exception):
    """A row does not have the checksum that it was written with.

    Attributes:
        table: Where it stands.
        key: Its first column.
    """

    def __init__(self, table: str, key: object) -> None:
        self.table, self.key = table, key
        super().__init__(f"row {key!r} of {table} is not as it was written")


def item_of(row: Sequence[Any]) -> MediaItem:
    """A row of :data:`ITEM_COLUMNS`.

    Raises:
        DamagedRowError: Its checksum does not agree.
    """
    _, _, path, sha256, kind, size, mtime_ns, flags, _, taken_ns, tags, metadata, _ = checked(
        "items", row
    )
    return MediaItem(
        path=Path(os.fsdecode(path)),
        sha256=sha256,
        kind=kind,
        size_bytes=size,
        mtime_ns=mtime_ns,
        flags=tuple(json.loads(flags)),
        taken_ns=taken_ns,
        tags=tuple(json.loads(tags)),
        metadata=metadata,
    )


def item_row(
    number: int, name: str, item: MediaItem, phash: str, segment_count: int
) -> tuple[Any, ...]:
    """The columns of :data:`ITEM_COLUMNS`, checksum included."""
    values = (
        *(number, name, os.fsencode(item.path), item.sha256, item.kind, item.size_bytes),
        *(item.mtime_ns, json.dumps(item.flags), phash, item.taken_ns, json.dumps(item.tags)),
        *(item.metadata, segment_count),
    )
    return (*values, digests.of_values(*values))


def segment_of(row: Sequence[Any]) -> Segment:
    """A row of :data:`SEGMENT_COLUMNS` followed by those of its item.

    Raises:
        DamagedRowError: A checksum does not agree.
    """
    width = SEGMENT_COLUMNS.count(",") + 1
    _, _, name, ordinal, kind, start_s, end_s, page, text, _ = checked("segments", row[:width])
    item = item_of(row[width:])
    return Segment(
        id=name,
        path=item.path,
        sha256=item.sha256,
        kind=kind,
        ordinal=ordinal,
        start_s=start_s,
        end_s=end_s,
        page=page,
        text=text_of(text),
        flags=item.flags,
        frame_s=json.loads(text).get(_FRAME),
    )


def segment_row(number: int, owner: int, segment: Segment, words: str) -> tuple[Any, ...]:
    """The columns of :data:`SEGMENT_COLUMNS`, checksum included."""
    start_s = None if segment.start_s is None else float(segment.start_s)
    end_s = None if segment.end_s is None else float(segment.end_s)
    values = (
        *(number, owner, segment.id, segment.ordinal, segment.kind, start_s, end_s, segment.page),
        text_to_json(segment.text, segment.frame_s),
        digests.of_text(words),
    )
    return (*values, digests.of_values(*values))


_FRAME = "frame_s"
"""Beside the words of a segment of a video: tables of before there were any stay as they are."""


def text_to_json(text: SegmentText, frame_s: float | None = None) -> str:
    """The fields that are not empty; ASCII, so that lone surrogates survive."""
    found: dict[str, Any] = {f.name: getattr(text, f.name) for f in fields(text)}
    found["prompt_words"] = [[w.word, w.score] for w in text.prompt_words]
    kept = {name: value for name, value in found.items() if value}
    return json.dumps(kept if frame_s is None else {**kept, _FRAME: frame_s})


def text_of(written: str) -> SegmentText:
    """Back from :func:`text_to_json`."""
    found = json.loads(written)
    found.pop(_FRAME, None)
    words = tuple(PromptWord(word, score) for word, score in found.pop("prompt_words", ()))
    return SegmentText(**found, prompt_words=words)


def vector_row(number: int, features: Features) -> tuple[Any, ...]:
    """The columns of :data:`VECTOR_COLUMNS`, checksum included.

    Raises:
        ValueError: The vectors differ in length.
    """
    names = list(features.vectors)
    if len({len(vector) for vector in features.vectors.values()}) > 1:
        raise ValueError("the vectors of one segment differ in length")
    vectors = b"".join(features.vectors[name].astype("<f2").tobytes() for name in names)
    among = (features.hubness, features.picture_hubness)
    hubness = np.array([one.get(name, 0.0) for one in among for name in names], "<f4").tobytes()
    modalities = ",".join(names)
    digest = digests.of_vectors(number, modalities, vectors, hubness)
    return number, modalities, vectors, hubness, digest


def features_of(row: Sequence[Any]) -> Features:
    """A row of :data:`VECTOR_COLUMNS`, vectors as float32.

    Raises:
        DamagedRowError: Its checksum does not agree.
    """
    number, modalities, vectors, hubness, digest = row
    if not isinstance(vectors, bytes) or not isinstance(hubness, bytes):
        raise DamagedRowError("vectors", number)
    if digests.of_vectors(number, modalities, vectors, hubness) != digest:
        raise DamagedRowError("vectors", number)
    if not modalities:
        return Features({})
    names: list[Modality] = modalities.split(",")
    matrix = np.frombuffer(vectors, "<f2").astype(np.float32).reshape(len(names), -1)
    values = np.frombuffer(hubness, "<f4").tolist()
    among_pictures = values[len(names) :] or [0.0] * len(names)  # older rows have none
    return Features(
        dict(zip(names, matrix, strict=True)),
        dict(zip(names, values[: len(names)], strict=True)),
        dict(zip(names, among_pictures, strict=True)),
    )
