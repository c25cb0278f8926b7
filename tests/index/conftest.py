"""Small indexes with vectors of width 8, made of real stores and the real fuser."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mmqa.fusion.concat import ConcatFuser
from mmqa.index.files import sha256_hex
from mmqa.index.identity import IndexIdentity
from mmqa.index.store import IndexStore, item_id
from mmqa.records import Features, MediaItem, Segment, SegmentText

collect_ignore_glob = ["*_jobs.py", "zygote.py", "disk_replay.py"]  # run in processes of their own

FUSER = ConcatFuser(8)
IDENTITY = IndexIdentity("embedded", {"text_encoder": "t1"}, "concat", FUSER.width)


def unit(rng: np.random.Generator) -> np.ndarray:
    raw = rng.standard_normal(8).astype(np.float32)
    return raw / np.linalg.norm(raw)


def made(path: str, *, kind: str = "image", n: int = 1, seed: int = 0, words: str = "") -> Any:
    """Arguments of ``put`` for one file with n segments."""
    rng = np.random.default_rng([seed, *path.encode("utf-8", "surrogateescape")])
    place, sha256 = Path(path), sha256_hex(os.fsencode(path) + bytes([seed]))
    name = item_id(place, sha256)
    segments = [
        Segment(f"{name}.{i}", place, sha256, kind, i, text=SegmentText(caption=words))
        for i in range(n)
    ]
    features = [
        Features({"visual": unit(rng), "text": unit(rng)}, {"visual": 0.1, "text": 0.2})
        for _ in range(n)
    ]
    return MediaItem(place, sha256, kind, 10, 5, ("tiny",)), segments, features, [words] * n


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Callable[..., IndexStore]]:
    """Opens the one index of this test; all stores are closed at the end."""
    stores: list[IndexStore] = []
    notices: list[str] = []

    def open_store(*, writable: bool = True) -> IndexStore:
        folder = tmp_path / "index"
        store = (
            IndexStore.create(folder, IDENTITY, FUSER, notice=notices.append)
            if writable
            else IndexStore.open(folder, IDENTITY, FUSER, notice=notices.append)
        )
        stores.append(store)
        return store

    open_store.notices = notices  # type: ignore[attr-defined]
    yield open_store
    for store in stores:
        store.close()


@pytest.fixture
def fill() -> Callable[..., None]:
    """Puts files into a store, in one transaction."""

    def put(store: IndexStore, paths: Sequence[str], **made_with: Any) -> None:
        with store.transaction() as change:
            for path in paths:
                change.put(*made(path, **made_with))

    return put


@pytest.fixture
def make() -> Callable[..., Any]:
    return made


@pytest.fixture
def identity() -> IndexIdentity:
    return IDENTITY


@pytest.fixture
def fuser() -> ConcatFuser:
    return FUSER
