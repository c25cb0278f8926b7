import numpy as np
import pytest

from mmqa.index.faiss_segments import FlatSegment

RNG = np.random.default_rng(3)
NUMBERS = np.array([2, 5, 6, 11], np.int64)
MATRIX = RNG.standard_normal((4, 6)).astype(np.float32)


def test_a_file_gives_back_what_was_written(tmp_path):
    path = tmp_path / "segments" / "a.faiss"
    digest = FlatSegment(NUMBERS, MATRIX).write(path)
    read = FlatSegment.read(path, digest)
    np.testing.assert_array_equal(read.numbers, NUMBERS)
    np.testing.assert_array_equal(read.matrix, MATRIX)
    assert [p.name for p in path.parent.iterdir()] == ["a.faiss"]


def test_a_file_that_is_not_the_one_written_is_not_believed(tmp_path):
    path = tmp_path / "segments" / "a.faiss"
    digest = FlatSegment(NUMBERS, MATRIX).write(path)
    content = bytearray(path.read_bytes())
    content[-7] ^= 4
    path.write_bytes(content)
    assert FlatSegment.read(path, digest) is None
    assert FlatSegment.read(tmp_path / "none.faiss", digest) is None


@pytest.mark.parametrize("allowed", [None, {2, 11}, set()])
def test_search_finds_what_numpy_finds_among_the_allowed(allowed):
    segment = FlatSegment(NUMBERS, MATRIX)
    question = RNG.standard_normal(6).astype(np.float32)
    bits = None
    if allowed is not None:
        bits = np.packbits([n in allowed for n in range(12)], bitorder="little")
    found, scores = segment.search(question, 9, bits)
    kept = [i for i, n in enumerate(NUMBERS) if allowed is None or int(n) in allowed]
    order = sorted(kept, key=lambda i: -(MATRIX[i] @ question))
    assert found.tolist() == [int(NUMBERS[i]) for i in order]
    np.testing.assert_allclose(scores, MATRIX[order] @ question, rtol=1e-5)


def test_vectors_are_given_for_the_rows_that_are_here():
    here, vectors = FlatSegment(NUMBERS, MATRIX).fused(np.array([11, 3, 2, 99]))
    assert here.tolist() == [True, False, True, False]
    np.testing.assert_array_equal(vectors, MATRIX[[3, 0]])


def test_a_segment_of_no_rows_finds_nothing():
    empty = FlatSegment(np.zeros(0, np.int64), np.zeros((0, 6), np.float32))
    assert empty.search(np.ones(6, np.float32), 3, None)[0].tolist() == []
    assert empty.fused(np.array([1]))[0].tolist() == [False]
