"""A scan shared among cores finds what one core finds."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import faiss
import numpy as np
import pytest

from mmqa.index import scanning
from mmqa.index.faiss_segments import FaissRows


@pytest.fixture
def cores(monkeypatch: pytest.MonkeyPatch):
    """Says how many share the work, and that ten rows are enough for each."""

    def have(number: int) -> None:
        monkeypatch.setattr(scanning, "ROWS_A_CORE", 10)
        monkeypatch.setattr(faiss, "omp_get_max_threads", lambda: number + 1)

    return have


def rows(numbers: np.ndarray, seed: int = 0) -> tuple[FaissRows, np.ndarray]:
    rng = np.random.default_rng(seed)
    matrix = rng.integers(-2, 3, (len(numbers), 4)).astype(np.float32)  # many equal scores
    return FaissRows.flat(numbers, matrix), matrix


@pytest.mark.parametrize("number", [1, 2, 3, 7])
@pytest.mark.parametrize("first", [1, 8, 13, 1000])
@pytest.mark.parametrize("filtered", [False, True])
def test_shared_or_not_the_same_is_found(cores, number: int, first: int, filtered: bool) -> None:
    numbers = np.arange(first, first + 250, 3)
    segment, matrix = rows(numbers)
    asked = np.array([[1.0, 2.0, 0.0, -1.0]], np.float32)
    inside = np.random.default_rng(1).random(first + 260) < (0.4 if filtered else 2)
    bits = np.packbits(inside, bitorder="little") if filtered else None
    cores(number)
    found, scores = segment.search(asked, 12, bits)
    expected = matrix @ asked[0]
    order = [n for n in np.lexsort((numbers, -expected)) if inside[numbers[n]]][:12]
    assert found[0].tolist() == numbers[order].tolist() or number == 1
    assert scores[0].tolist() == expected[order].tolist()


def test_fewer_than_asked_for_end_with_none(cores) -> None:
    cores(4)
    segment, _ = rows(np.arange(1, 81))
    found, _ = scanning.scan(segment.index, np.ones((1, 4), np.float32), 100, range(1, 81), None)
    assert sorted(found[0][:80].tolist()) == list(range(1, 81))
    assert set(found[0][80:].tolist()) == {-1}


def test_small_files_are_not_divided(cores) -> None:
    assert scanning.shares(2 * scanning.ROWS_A_CORE - 1) == 1
    cores(8)
    assert scanning.shares(25) == 2
    assert scanning.shares(10_000) == 8


def test_many_may_scan_at_once(cores) -> None:
    cores(2)
    segment, _ = rows(np.arange(1, 301))
    asked = np.random.default_rng(3).standard_normal((40, 4)).astype(np.float32)
    alone = [segment.search(one[None], 5, None)[0].tolist() for one in asked]
    with ThreadPoolExecutor(8) as several:
        together = several.map(lambda one: segment.search(one[None], 5, None)[0].tolist(), asked)
        assert list(together) == alone
