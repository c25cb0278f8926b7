"""An index brought to another mapping or fusion, without reading any file again.

Knows: that pictures are mapped anew from the features that were kept of them, that words keep their
vectors, and that all of it happens in one transaction or not at all. Refuses to know: how vectors
are made, and what a transaction writes.

Encoders must be the same: what another one would see or read is not known without the files.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from mmqa import extraction
from mmqa.errors import IndexFolderError
from mmqa.extraction import Extract
from mmqa.index.identity import IndexIdentity
from mmqa.index.store import IndexStore
from mmqa.interfaces import Cancelled, Progress
from mmqa.records import Chunk, Features, Floats, MediaItem, Modality, Segment
from mmqa.retrieval.lexical import tokenize
from mmqa.segmenting import Segmenter, searchable, with_hubness, words_of

FILES_AT_ONCE = 64
"""Files whose words are encoded and pictures mapped together."""


class _CancelledError(Exception):
    """Undoes the transaction."""


def remap(
    store: IndexStore,
    identity: IndexIdentity,
    segmenter: Segmenter,
    progress: Progress | None = None,
    cancelled: Cancelled | None = None,
) -> bool:
    """Give every segment the vectors and prompt words of another mapping.

    FAISS files and calibration are forgotten with it; they are made anew afterwards, and until then
    searching does without.

    Args:
        store: The index, open for writing, with the new fuser.
        identity: What it is made with afterwards.
        segmenter: With the new mapping.
        progress: Told as files are done.
        cancelled: Asked now and then; true undoes it all.

    Returns:
        Whether it was done.

    Raises:
        IndexFolderError: The features of a picture were not kept; nothing is changed.
    """
    items = store.items()
    moved = store.identity.fingerprints.get("mapping") != identity.fingerprints.get("mapping")
    try:
        with store.moving(identity) as change:
            for start in range(0, len(items), FILES_AT_ONCE):
                if cancelled is not None and cancelled():
                    raise _CancelledError
                for one in _files(store, items[start : start + FILES_AT_ONCE], segmenter, moved):
                    words = [tokenize(searchable(segment.text)) for segment in one.segments]
                    change.put(one.item, one.segments, one.features, words, one.phash)
                if progress is not None:
                    done = min(start + FILES_AT_ONCE, len(items))
                    progress(Chunk("mapping anew", done, len(items), "steps"))
    except _CancelledError:
        return False
    return True


class _File:
    """One file of the index, as it is and as it will be."""

    def __init__(self, store: IndexStore, item: MediaItem, moved: bool) -> None:
        numbers = store.item_rowids(item.path)
        self.item = item
        self.phash = store.phash(item.path)
        self.segments = store.segments(numbers)
        self.stored = store.features(numbers)
        self.extracts = _kept(store, item, self.stored) if moved else [None] * len(numbers)
        self.features: Sequence[Features] = ()


def _files(
    store: IndexStore, items: Sequence[MediaItem], segmenter: Segmenter, moved: bool
) -> list[_File]:
    """Some files with their new segments and features."""
    files = [_File(store, item, moved) for item in items]
    segments = [segment for one in files for segment in one.segments]
    stored = [features for one in files for features in one.stored]
    extracts = [extract for one in files for extract in one.extracts]
    made = _features(segments, stored, _visual(extracts, stored, segmenter), segmenter)
    if moved:
        segments = [
            replace(segment, text=replace(segment.text, prompt_words=words))
            for segment, words in zip(segments, segmenter.words(made), strict=True)
        ]
    features, named = iter(made), iter(segments)
    for one in files:
        one.features = [next(features) for _ in one.segments]
        one.segments = [next(named) for _ in one.segments]
    return files


def _visual(
    extracts: Sequence[Extract | None], stored: Sequence[Features], segmenter: Segmenter
) -> list[Floats | None]:
    """The mapped picture of each segment: anew where its extract is given, else as stored."""
    fresh = iter(segmenter.visual([extract for extract in extracts if extract is not None]))
    return [
        one.vectors.get("visual") if extract is None else next(fresh)
        for extract, one in zip(extracts, stored, strict=True)
    ]


def _features(
    segments: Sequence[Segment],
    stored: Sequence[Features],
    visual: Sequence[Floats | None],
    segmenter: Segmenter,
) -> list[Features]:
    """Vectors of words as stored where they are of the modalities they should be, else anew."""
    worded = [words_of(segment.text) for segment in segments]
    lacking = [
        set(words) != set(one.vectors) - {"visual"}
        for words, one in zip(worded, stored, strict=True)
    ]
    wanted = [
        text
        for words, lacks in zip(worded, lacking, strict=True)
        if lacks
        for text in words.values()
    ]
    encoded = iter(segmenter.text_encoder().encode(wanted) if wanted else ())
    rows: list[dict[Modality, Floats]] = []
    for words, lacks, one, seen in zip(worded, lacking, stored, visual, strict=True):
        row: dict[Modality, Floats] = {} if seen is None else {"visual": _unit(seen)}
        for modality in words:
            row[modality] = next(encoded) if lacks else _unit(one.vectors[modality])
        rows.append(row)
    return with_hubness(rows, segmenter.mapping)


def _unit(vector: Floats) -> Floats:
    """At unit length again: stored as float16 it is only about that."""
    unit: Floats = vector / np.float32(np.linalg.norm(vector))
    return unit


def _kept(store: IndexStore, item: MediaItem, stored: Sequence[Features]) -> list[Extract | None]:
    """The extract of each segment that has a picture; ``None`` for those that have none.

    Raises:
        IndexFolderError: There is a picture, but its features were not kept.
    """
    if not any("visual" in features.vectors for features in stored):
        return [None] * len(stored)
    image = f"image_encoder={store.identity.fingerprints.get('image_encoder')}"
    for fingerprint in store.extraction_fingerprints(item.sha256):
        payload = store.extraction(item.sha256, fingerprint) if image in fingerprint else None
        extracts = extraction.unpack(payload) if payload is not None else []
        if len(extracts) == len(stored):
            return [extract if extract.pooled is not None else None for extract in extracts]
    raise _unknown(store.folder, item.path)


def _unknown(folder: Path, path: Path) -> IndexFolderError:
    return IndexFolderError(
        folder,
        f"the features of {str(path)!r} were not kept in the index {str(folder)!r}, so they cannot "
        "be mapped anew",
        "Make the index anew in another folder, or remove this file, rebuild, and add it again.",
    )
