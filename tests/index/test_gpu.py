"""What a GPU index lacks, selectors, tried with a CPU index in its place; no GPU is needed."""

import numpy as np
import pytest

from mmqa.errors import ConfigError
from mmqa.index import gpu
from mmqa.index.faiss_segments import FaissRows
from mmqa.index.gpu import GpuRows
from mmqa.index.index_types import SQ8

RNG = np.random.default_rng(1)
MATRIX = RNG.standard_normal((500, 6)).astype(np.float32)
QUESTIONS = RNG.standard_normal((7, 6)).astype(np.float32)


class WithoutSelectors:
    """Stands for a copy on a GPU: the same answers, and an error for a selector."""

    def __init__(self, index):
        self.index = index
        self.asked = []

    def search(self, questions, k, params=None):
        assert params is None or params.sel is None
        self.asked.append((len(questions), k))
        return self.index.search(questions, k, params=params)


@pytest.fixture
def rows():
    return FaissRows.flat(np.arange(500, dtype=np.int64), MATRIX)


def bits(share):
    return np.packbits(np.random.default_rng(2).random(500) < share, bitorder="little")


@pytest.mark.parametrize("share", [None, 1.0, 0.5, 0.1, 0.01, 0.0])
def test_filters_give_what_the_cpu_gives(rows, share):
    clone = WithoutSelectors(rows.index)
    allowed = None if share is None else bits(share)
    mine = GpuRows(rows, clone).search(QUESTIONS, 10, allowed)
    for found, expected in zip(mine, rows.search(QUESTIONS, 10, allowed), strict=True):
        np.testing.assert_array_equal(found, expected)


def test_more_is_fetched_the_less_a_filter_allows_and_too_much_goes_to_the_cpu(rows, monkeypatch):
    clone = WithoutSelectors(rows.index)
    GpuRows(rows, clone).search(QUESTIONS, 10, bits(0.5))
    assert clone.asked[0][1] == pytest.approx(40, abs=5)
    monkeypatch.setattr(gpu, "MOST_FETCHED", 30)
    GpuRows(rows, clone).search(QUESTIONS, 10, bits(0.5))
    assert len(clone.asked) == 1


def test_what_a_filter_forbids_is_dropped_and_who_lacks_is_named():
    numbers = np.array([[3, 1, 2, 0], [1, 3, -1, -1]], np.int64)
    scores = np.array([[4, 3, 2, 1], [4, 3, 0, 0]], np.float32)
    allowed = np.packbits([True, False, True, True], bitorder="little")
    kept, kept_scores, few = gpu.dropped(numbers, scores, 2, allowed)
    assert kept[0].tolist() == [3, 2]
    assert kept_scores[0].tolist() == [4, 2]
    assert few.tolist() == [False, True]


def test_without_a_gpu_asking_for_one_is_a_clear_error(monkeypatch):
    monkeypatch.setattr(gpu, "count", lambda: 0)
    with pytest.raises(ConfigError, match=r"FAISS sees no GPU.*faiss-gpu"):
        gpu.wanted("gpu")
    assert not gpu.wanted("auto")
    assert not gpu.wanted("cpu")


def test_with_a_gpu_it_is_used_unless_forbidden(monkeypatch):
    monkeypatch.setattr(gpu, "count", lambda: 1)
    assert [gpu.wanted(device) for device in ("auto", "gpu", "cpu")] == [True, True, False]


def test_what_the_gpu_refuses_or_has_no_index_for_stays_on_the_cpu(rows, monkeypatch, caplog):
    def refuse(*_):
        raise RuntimeError("out of memory")

    caplog.set_level("INFO", "mmqa.index")
    monkeypatch.setattr(gpu.faiss, "StandardGpuResources", object, raising=False)
    monkeypatch.setattr(gpu.faiss, "index_cpu_to_gpu", refuse, raising=False)
    assert gpu.to_gpu(rows) is None
    assert "500 rows stay on the CPU, the GPU refused them: out of memory" in caplog.text
    monkeypatch.setattr(gpu.faiss, "index_cpu_to_gpu", lambda *a: WithoutSelectors(a[2]))
    assert gpu.to_gpu(rows).search(QUESTIONS, 3, None)[0].shape == (7, 3)
    assert gpu.to_gpu(FaissRows(SQ8, rows.index, 0, 499)) is None
    assert "sq8 has no GPU index" in caplog.text
