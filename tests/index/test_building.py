from pathlib import Path

import numpy as np
import pytest

from mmqa.errors import IndexDamagedError
from mmqa.index import building, tuning
from mmqa.index.building import Builder
from mmqa.index.plan import IndexPlan


def test_live_numbers_are_those_of_the_catalogue_within_bounds(opened, fill):
    store = opened()
    fill(store, [f"/a/{n}" for n in range(6)], n=2)
    with store.transaction() as change:
        change.remove(Path("/a/2"))
    assert building.live_numbers(store, 1, 2**62).tolist() == [1, 2, 3, 4, 7, 8, 9, 10, 11, 12]
    assert building.live_numbers(store, 4, 7).tolist() == [4, 7]
    assert building.live_numbers(store, 5, 6).tolist() == []


def test_rows_of_one_file_are_related_unless_they_are_very_many(opened, fill, monkeypatch):
    store = opened()
    fill(store, ["/a/0", "/a/1"], n=3)
    fill(store, ["/a/long"], n=9)
    numbers = np.array([2, 4, 8], np.int64)
    assert building.related_rows(store, numbers) == [{1, 2, 3}, {4, 5, 6}, {*range(7, 16)}]
    monkeypatch.setattr(tuning, "RELATED", 5)
    assert building.related_rows(store, numbers) == [{1, 2, 3}, {4, 5, 6}, {8}]


def test_never_more_than_a_piece_is_fused_at_once(opened, fill, fuser, monkeypatch):
    store = opened()
    fill(store, [f"/a/{n}" for n in range(300)])
    monkeypatch.setattr(building, "CHUNK_ROWS", 50)
    sizes = []

    class Watched:
        width = fuser.width
        fuse_question = staticmethod(fuser.fuse_question)

        @staticmethod
        def fuse(features):
            sizes.append(len(features))
            return fuser.fuse(features)

    rows, _ = Builder(Watched(), IndexPlan(index_type="ivf_sq8")).build(store, 1, 2**62)
    assert len(rows) == 300
    assert max(sizes) == 50
    assert sum(sizes) == 600  # once to train, once to add


def test_pieces_are_the_rows_fused_in_order(opened, fill, fuser, monkeypatch):
    monkeypatch.setattr(building, "CHUNK_ROWS", 4)
    store = opened()
    fill(store, [f"/a/{n}" for n in range(10)])
    numbers, matrix = building.fused_rows(store, fuser, 3)
    assert numbers.tolist() == list(range(3, 11))
    np.testing.assert_array_equal(matrix, fuser.fuse(store.features(numbers.tolist())))


def test_of_no_rows_an_empty_index_is_built(opened, fuser):
    rows, recall = Builder(fuser, IndexPlan(index_type="ivf_sq8")).build(opened(), 1, 2**62)
    assert (len(rows), rows.kind.name, recall) == (0, "flat", None)


def test_a_row_that_is_damaged_stops_the_building(opened, fill, fuser):
    store = opened()
    fill(store, ["/a/0", "/a/1"])
    with store.transaction() as change:
        change.execute("UPDATE vectors SET vectors = zeroblob(length(vectors)) WHERE segment = 2")
    with pytest.raises(IndexDamagedError):
        store.flush()
    assert store.faiss_segments() == []
