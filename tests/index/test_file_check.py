"""Files that are whole, with the right checksum, and yet hold something else than the catalogue."""

from dataclasses import replace

import numpy as np
import pytest

from mmqa.index import file_check
from mmqa.index.faiss_segments import FOLDER, FaissRows
from mmqa.index.index_types import BY_NAME, empty
from mmqa.index.plan import IndexPlan
from mmqa.index.store import IndexStore


@pytest.fixture
def store(opened, fill):
    with opened() as store:
        fill(store, [f"/a/{n}.png" for n in range(80)])
        store.flush()
        yield store


def vectors(store, fuser):
    return fuser.fuse(store.features(store.numbers(1, 999)))


def put_in_place(store, rows):
    """The catalogue is told to believe a file with these rows."""
    (one,) = store.faiss_segments()
    sha256 = rows.write(store.folder / FOLDER / one.name)
    with store.transaction() as change:
        change.forget_faiss_segment(one.name)
        change.put_faiss_segment(replace(one, sha256=sha256))
    return store.faiss_segments()[0]


def test_a_sound_file_has_nothing_wrong(store, fuser):
    (one,) = store.faiss_segments()
    assert list(file_check.wrong(store, fuser, one)) == []


def test_vectors_of_other_rows_do_not_find_themselves(store, fuser):
    matrix = vectors(store, fuser)
    matrix[[3, 40]] = -matrix[[3, 40]]
    one = put_in_place(store, FaissRows.flat(np.arange(1, 81), matrix))
    named = {detail for _, detail in file_check.wrong(store, fuser, one)}
    assert named <= {"segment 4 does not find itself", "segment 41 does not find itself"}
    assert named
    assert {problem.kind for problem in store.verify()} == {"search"}


def test_rows_that_are_missing_are_counted_and_the_first_is_named(store, fuser):
    numbers = np.array([n for n in range(1, 81) if n not in {7, 9}])
    one = put_in_place(store, FaissRows.flat(numbers, vectors(store, fuser)[numbers - 1]))
    assert list(file_check.wrong(store, fuser, one)) == [
        ("segment-file", "2 rows are not in it, segment 7 first")
    ]


def test_a_row_that_is_held_twice_is_told(store, fuser):
    matrix = vectors(store, fuser)
    index = empty(BY_NAME["flat"], matrix.shape[1], 81)
    index.add_with_ids(np.concatenate([matrix, matrix[:1]]), np.array([*range(1, 81), 1]))
    one = put_in_place(store, FaissRows(BY_NAME["flat"], index, 1, 80))
    assert list(file_check.wrong(store, fuser, one)) == [("segment-file", "it holds a row twice")]


def test_many_copies_of_one_thing_count_as_found(opened, make):
    with opened() as store:
        with store.transaction() as change:
            _, _, same, _ = make("/a/same.png")
            for n in range(200):
                item, segments, _, words = make(f"/a/{n}.png")
                change.put(item, segments, same, words)
        store.flush()
        assert store.verify() == []


@pytest.mark.parametrize("name", ["flat", "sq8", "ivf_sq8", "ivf_rabitq"])
def test_every_type_of_file_is_sound_as_it_is_made(tmp_path, identity, fuser, make, name):
    plan = IndexPlan(index_type=name)
    with IndexStore.create(tmp_path / name, identity, fuser, plan=plan) as store:
        with store.transaction() as change:
            for n in range(300):
                change.put(*make(f"/a/{n}.png", n=2))
        store.flush()
        assert [one.index_type for one in store.faiss_segments()] == [name]
        assert store.verify() == []
