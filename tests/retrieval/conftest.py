"""A small real index whose vectors are chosen by hand, so that scores can be worked out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from mmqa.fusion.concat import ConcatFuser
from mmqa.index.identity import IndexIdentity
from mmqa.index.store import IndexStore, item_id
from mmqa.records import Calibration, Features, Floats, MediaItem, Segment, SegmentText
from mmqa.retrieval.lexical import tokenize

FUSER = ConcatFuser(3)
CALIBRATION = {"visual": Calibration(0.0, 0.25), "text": Calibration(0.0, 0.25)}

Add = Callable[..., int]


def toward(*values: float) -> Floats:
    vector = np.array(values, np.float32)
    return vector / np.linalg.norm(vector)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[IndexStore]:
    identity = IndexIdentity("embedded", {}, "concat", FUSER.width)
    with IndexStore.create(tmp_path / "index", identity, FUSER) as opened:
        yield opened


@pytest.fixture
def add(store: IndexStore) -> Add:
    """Adds a file of one segment; returns its rowid."""

    def put(name, words="", *, visual=None, text=None, kind="image", sha256=""):
        path = Path("/media") / name
        sha256 = sha256 or name
        segment = Segment(
            f"{item_id(path, sha256)}.0",
            path,
            sha256,
            kind,
            0,
            text=SegmentText(caption=words),
        )
        vectors = {"visual": visual, "text": text}
        features = Features({m: toward(*v) for m, v in vectors.items() if v is not None})
        with store.transaction() as change:
            item = MediaItem(path, sha256, kind, 1, 1)
            change.put(item, [segment], [features], [tokenize(words)])
        return store.item_rowids(path)[0]

    return put
