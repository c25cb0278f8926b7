"""An index with questions, read back as it is."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from mmqa.errors import ConfigError, IndexMissingError
from mmqa.evaluation.collection import load, read_index
from mmqa.fusion.concat import ConcatFuser
from mmqa.index.identity import IndexIdentity
from mmqa.index.store import IndexStore
from mmqa.records import Features, MediaItem, Segment

EAST, NORTH = np.array([1, 0], np.float32), np.array([0, 1], np.float32)


@pytest.fixture
def index(tmp_path: Path) -> Path:
    """Two files, the second with two segments."""
    folder, fuser = tmp_path / "index", ConcatFuser(2)
    identity = IndexIdentity("test", {}, fuser.name, fuser.width)
    with IndexStore.create(folder, identity, fuser) as store, store.transaction() as change:
        for name, vectors in (("a.txt", [EAST]), ("b.txt", [NORTH, EAST])):
            path = Path("/m") / name
            item = MediaItem(path, name * 5, "text", 1, 0)
            segments = [
                Segment(f"{name[0] * 12}.{n}", path, item.sha256, "text", n)
                for n in range(len(vectors))
            ]
            features = [Features({"text": v}, {"text": 0.25}) for v in vectors]
            change.put(item, segments, features, [""] * len(vectors))
    return folder


def _questions(folder: Path, *entries: dict) -> Path:
    path = folder / "mine.jsonl"
    path.write_text("\n".join(map(json.dumps, entries)), encoding="utf-8")
    return path


def test_segments_and_vectors_come_back_in_one_order(index: Path) -> None:
    segments, features = read_index(index)
    assert [segment.id for segment in segments] == [
        "aaaaaaaaaaaa.0",
        "bbbbbbbbbbbb.0",
        "bbbbbbbbbbbb.1",
    ]
    assert [one.vectors["text"].tolist() for one in features] == [[1, 0], [0, 1], [1, 0]]
    assert features[0].hubness == {"text": 0.25}


def test_questions_name_files_by_name_and_segments_by_id(index: Path, tmp_path: Path) -> None:
    file = _questions(
        tmp_path,
        {"question": "one", "relevant": ["b.txt"]},
        {"question": "two", "relevant": ["aaaaaaaaaaaa.0", "*.txt"]},
        {"question": "gone", "relevant": ["c.txt"]},
    )
    found = load(file, index)
    assert found.name == "mine"
    assert [(q.question, sorted(p.name for p in files)) for q, files in found.questions] == [
        ("one", ["b.txt"]),
        ("two", ["a.txt", "b.txt"]),
    ]
    assert [str(one) for one in found.refused] == ["line 3: 'c.txt' names nothing in the index"]


def test_some_questions_may_be_picked(index: Path, tmp_path: Path) -> None:
    entries = [{"question": str(n), "relevant": ["a.txt"]} for n in range(3)]
    found = load(_questions(tmp_path, *entries), index)
    assert [q.question for q, _ in found.among([2, 0]).questions] == ["2", "0"]
    assert found.among([0]).files == found.files


def test_questions_for_another_index_are_an_error_with_the_remedy(
    index: Path, tmp_path: Path
) -> None:
    file = _questions(tmp_path, {"question": "gone", "relevant": ["c.txt"]})
    with pytest.raises(ConfigError, match=r"no question.*(?s:.*)mmqa add"):
        load(file, index)


def test_a_missing_index_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(IndexMissingError):
        load(_questions(tmp_path, {"question": "q", "relevant": ["a"]}), tmp_path / "none")
