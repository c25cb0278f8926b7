from pathlib import Path

import numpy as np
import pytest

from mmqa.index import faiss_segments, index_types
from mmqa.index.catalogue import FaissSegment
from mmqa.index.faiss_segments import FOLDER, FaissRows

RNG = np.random.default_rng(3)
NUMBERS = np.array([2, 5, 6, 11], np.int64)
MATRIX = RNG.standard_normal((4, 6)).astype(np.float32)
QUESTIONS = RNG.standard_normal((3, 6)).astype(np.float32)


def bits(allowed, length=12):
    return np.packbits([n in allowed for n in range(length)], bitorder="little")


def written(rows, folder, nprobe=0):
    """What the catalogue would say of a file that has just been written."""
    digest = rows.write(folder / FOLDER / "a.faiss")
    return FaissSegment(
        "a.faiss", digest, rows.first, rows.last, len(rows), rows.kind.name, rows.lists, nprobe
    )


def filled(name, matrix, numbers):
    """An index of this type with vectors that FAISS has been trained with."""
    kind = index_types.BY_NAME[name]
    index = index_types.empty(kind, matrix.shape[1], len(matrix))
    wide = index_types.padded(matrix, index.d)
    if not index.is_trained:
        index.train(wide)
    index.add_with_ids(wide, numbers)
    return FaissRows(kind, index, int(numbers[0]), int(numbers[-1]))


@pytest.mark.parametrize("mapped", [True, False])
@pytest.mark.parametrize("name", sorted(index_types.BY_NAME))
def test_a_file_answers_as_what_was_written(tmp_path, monkeypatch, name, mapped):
    monkeypatch.setattr(faiss_segments, "MAPPED_BYTES", 0 if mapped else 2**40)
    matrix = RNG.standard_normal((900, 20)).astype(np.float32)
    numbers = np.arange(900, dtype=np.int64) * 3 + 1
    rows = filled(name, matrix, numbers)
    rows.nprobe = rows.lists // 2
    read = FaissRows.read(tmp_path, written(rows, tmp_path, rows.nprobe))
    assert [p.name for p in (tmp_path / FOLDER).iterdir()] == ["a.faiss"]
    np.testing.assert_array_equal(read.numbers(), numbers)
    for allowed in (None, bits(range(0, 2700, 2), 2700)):
        for mine, theirs in zip(
            rows.search(matrix[:9], 12, allowed), read.search(matrix[:9], 12, allowed), strict=True
        ):
            np.testing.assert_array_equal(mine, theirs)


def test_a_file_that_is_not_the_one_written_is_not_believed(tmp_path):
    one = written(FaissRows.flat(NUMBERS, MATRIX), tmp_path)
    path = tmp_path / FOLDER / one.name
    content = bytearray(path.read_bytes())
    for place in range(len(content)):
        content[place] ^= 4
        path.write_bytes(content)
        assert FaissRows.read(tmp_path, one) is None
        content[place] ^= 4
    path.write_bytes(content[:-1])
    assert FaissRows.read(tmp_path, one) is None
    path.unlink()
    assert FaissRows.read(tmp_path, one) is None


def test_a_disk_that_refuses_leaves_no_half_file_and_says_why(tmp_path, monkeypatch):
    def refuse(_handle):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(faiss_segments.os, "fsync", refuse)
    with pytest.raises(OSError, match="No space left"):
        FaissRows.flat(NUMBERS, MATRIX).write(tmp_path / FOLDER / "a.faiss")
    assert list((tmp_path / FOLDER).iterdir()) == []


def test_a_disk_that_is_full_is_told_as_the_disk_told_it():
    rows = FaissRows.flat(NUMBERS, MATRIX)
    with Path("/dev/full").open("wb", buffering=0) as full, pytest.raises(OSError, match="space"):
        faiss_segments._write(rows.index, full)


@pytest.mark.parametrize("allowed", [None, {2, 11}, {5, 6, 11}, set()])
def test_search_finds_what_numpy_finds_among_the_allowed(allowed):
    rows = FaissRows.flat(NUMBERS, MATRIX)
    found, scores = rows.search(QUESTIONS, 9, None if allowed is None else bits(allowed))
    kept = [i for i, n in enumerate(NUMBERS) if allowed is None or int(n) in allowed]
    for place, question in enumerate(QUESTIONS):
        order = sorted(kept, key=lambda i: -(MATRIX[i] @ question))
        assert found[place].tolist() == [int(NUMBERS[i]) for i in order]
        np.testing.assert_allclose(scores[place], MATRIX[order] @ question, rtol=1e-5)


@pytest.mark.parametrize("name", ["sq8", "ivf_sq8", "ivf_rabitq"])
def test_compressed_types_find_the_true_neighbours_among_their_candidates(name):
    matrix = RNG.standard_normal((3000, 20)).astype(np.float32)
    matrix /= np.linalg.norm(matrix, axis=1, keepdims=True)
    numbers = np.arange(3000, dtype=np.int64) + 7
    rows = filled(name, matrix, numbers)
    rows.nprobe = rows.lists
    allowed = {int(n) for n in numbers[::3]}
    k = index_types.LEAST_CANDIDATES * rows.kind.oversampling
    found, _ = rows.search(matrix[:50], k, bits(allowed, 3100))
    exact = np.argsort(-(matrix[:50] @ matrix[::3].T), axis=1)[:, :10] * 3 + 7
    assert all(set(some[some >= 0].tolist()) <= allowed for some in found)
    hits = sum(len(set(e.tolist()) & set(f.tolist())) for e, f in zip(exact, found, strict=True))
    assert hits / exact.size > 0.97


def test_the_fewer_a_filter_allows_the_more_lists_are_looked_into():
    rows = filled("ivf_sq8", RNG.standard_normal((3200, 8)).astype(np.float32), np.arange(3200))
    rows.nprobe = 4
    assert rows.lists == 100
    assert [rows.probes(n) for n in (3200, 1600, 320, 1)] == [4, 8, 40, 100]


def test_as_many_are_found_as_there_are_whatever_lists_they_lie_in():
    matrix = RNG.standard_normal((3200, 8)).astype(np.float32)
    rows = filled("ivf_sq8", matrix, np.arange(3200))
    rows.nprobe = 1
    furthest = np.argsort(matrix @ matrix[0])[:20]
    found, _ = rows.search(matrix[:1], 20, bits(set(furthest.tolist()), 3200))
    assert sorted(found[0].tolist()) == sorted(furthest.tolist())


def test_a_segment_of_no_rows_finds_nothing():
    empty = FaissRows.flat(np.zeros(0, np.int64), np.zeros((0, 6), np.float32))
    assert empty.search(QUESTIONS, 3, None)[0].shape == (3, 0)
    assert empty.search(QUESTIONS, 3, bits({2}))[0].shape == (3, 0)
    assert empty.numbers().tolist() == []
