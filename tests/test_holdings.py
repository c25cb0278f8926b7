"""What an index holds, counted without reading vectors."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from mmqa.fusion.concat import ConcatFuser
from mmqa.holdings import missing_media, size_bytes, status
from mmqa.index.identity import IndexIdentity
from mmqa.index.store import IndexStore, item_id
from mmqa.records import Features, MediaItem, Segment

FUSER = ConcatFuser(8)
VECTOR = np.eye(8, dtype=np.float32)[0]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[IndexStore]:
    identity = IndexIdentity("embedded", {"text_encoder": "t1"}, "concat", FUSER.width)
    with IndexStore.create(tmp_path / "index", identity, FUSER) as opened:
        yield opened


def put(store: IndexStore, path: Path, *modalities: str) -> None:
    features = [Features({name: VECTOR}) for name in modalities]  # type: ignore[dict-item]
    name = item_id(path, "00")
    segments = [Segment(f"{name}.{n}", path, "00", "image", n) for n in range(len(features))]
    with store.transaction() as change:
        change.put(MediaItem(path, "00", "image", 7, 0), segments, features, [""] * len(features))


def test_an_empty_index_holds_nothing(store: IndexStore) -> None:
    found = status(store)
    assert (found.items, found.segments, found.by_modality, found.faiss_files) == (0, 0, {}, ())


def test_everything_is_counted(store: IndexStore, tmp_path: Path) -> None:
    put(store, tmp_path / "a.png", "visual", "text")
    put(store, tmp_path / "b.png", "visual")
    store.flush()
    put(store, tmp_path / "c.png", "text")
    with store.transaction() as change:
        change.remove(tmp_path / "b.png")
    found = status(store)
    assert (found.items, found.segments, found.pending, found.tombstones) == (2, 3, 1, 1)
    assert found.by_kind == {"image": 2}
    assert found.by_modality == {"text": 2, "visual": 1}
    assert found.media_bytes == 14
    assert found.fingerprints == {"text_encoder": "t1"}
    (file,) = found.faiss_files
    assert (file.rows, file.index_type, file.recall) == (3, "flat", None)
    assert found.faiss_bytes == (store.folder / "segments" / file.name).stat().st_size
    assert found.index_bytes >= found.faiss_bytes + found.catalogue_bytes


def test_a_file_that_vanishes_while_sizes_are_summed_counts_nothing(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"12345")
    assert size_bytes([tmp_path / "a", tmp_path / "gone"]) == 5


def test_missing_are_files_that_are_gone_but_neither_documents_nor_broken_links(
    store: IndexStore, tmp_path: Path
) -> None:
    (tmp_path / "there.png").touch()
    (tmp_path / "link.png").symlink_to(tmp_path / "nowhere")
    for name in ("there.png", "gone.png", "also gone.png", "link.png"):
        put(store, tmp_path / name, "visual")
    put(store, Path("document:7"), "text")
    assert missing_media(store) == (tmp_path / "also gone.png", tmp_path / "gone.png")
