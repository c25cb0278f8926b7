"""What an index holds, in numbers: files, segments, sizes, and how it is searched.

Knows: which file of an index folder belongs to what. Refuses to know: how numbers are shown.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from mmqa.index.faiss_segments import FOLDER
from mmqa.index.layout import thumbnails
from mmqa.index.schema import FILE_NAME
from mmqa.index.store import IndexStore
from mmqa.records import FaissFile, Status


def status(store: IndexStore) -> Status:
    """Count; reads rows, never vectors or FAISS files."""
    counts, identity = store.counts(), store.identity
    folder = store.folder
    return Status(
        path=folder,
        preset=identity.preset,
        fusion=identity.fusion,
        fingerprints=dict(identity.fingerprints),
        items=sum(counts.items.values()),
        segments=sum(counts.segments.values()),
        by_kind={str(kind): n for kind, n in counts.items.items()},
        by_modality=store.vector_count_by_modality(),
        media_bytes=counts.size_bytes,
        index_bytes=counts.index_bytes,
        catalogue_bytes=size_bytes(folder.glob(f"{FILE_NAME}*")),
        faiss_bytes=size_bytes((folder / FOLDER).glob("*")),
        thumbnail_bytes=size_bytes(thumbnails(folder)),
        pending=counts.pending,
        tombstones=counts.tombstones,
        generation=int(store.meta("generation", "0")),
        faiss_files=tuple(
            FaissFile(one.name, one.count, one.index_type, one.nlist, one.nprobe, one.recall)
            for one in store.faiss_segments()
        ),
    )


def size_bytes(paths: Iterable[Path]) -> int:
    """Size of files together; one that a writer has just replaced counts nothing."""
    total = 0
    for path in paths:
        try:
            total += path.stat().st_size
        except FileNotFoundError:
            continue
    return total


def missing_media(store: IndexStore) -> tuple[Path, ...]:
    """Files of the index that are no longer where they were, sorted.

    A document that a program added has a name in place of a path, and is no file.
    """
    paths = (item.path for item in store.items() if item.path.is_absolute())
    gone = (path for path in paths if not os.path.lexists(path))
    return tuple(sorted(gone, key=os.fsencode))
