import numpy as np
import pytest

from mmqa.index import index_types
from mmqa.index.probing import Probing

RNG = np.random.default_rng(4)
MATRIX = RNG.standard_normal((3200, 16)).astype(np.float32)
NUMBERS = np.arange(3200, dtype=np.int64) * 2 + 11  # with gaps, as after removals


@pytest.fixture(scope="module")
def index():
    made = index_types.empty(index_types.IVF_SQ8, 16, len(MATRIX))
    made.train(MATRIX)
    made.add_with_ids(MATRIX, NUMBERS)
    return made


@pytest.fixture
def probing(index):
    return Probing(index, int(NUMBERS[0]), int(NUMBERS[-1]), nprobe=5)


def bits(numbers):
    mask = np.zeros(7000, bool)
    mask[numbers] = True
    return np.packbits(mask, bitorder="little")


def list_of(index):
    """Rowid → list, told by FAISS itself."""
    return dict(zip(NUMBERS.tolist(), index.quantizer.search(MATRIX, 1)[1][:, 0], strict=True))


def test_rows_of_each_list_are_counted_and_rows_elsewhere_are_not(probing, index):
    lists = list_of(index)
    chosen = NUMBERS[::7]
    expected = np.bincount([lists[n] for n in chosen.tolist()], minlength=100)
    np.testing.assert_array_equal(probing.counts(bits(chosen)), expected)
    others = np.concatenate([chosen, chosen + 1, [0, 3, 6_999]])
    np.testing.assert_array_equal(probing.counts(bits(others)), expected)
    assert not probing.counts(bits([4, 6_998])).any()


def test_lists_are_taken_until_enough_are_passed_and_enough_is_held(probing):
    order = np.arange(100)[None]
    half = np.full(100, 16)  # half of 32 in each list: ten lists passed, 160 rows held
    assert np.flatnonzero(probing.wanted(order, half)[0]).tolist() == list(range(10))
    elsewhere = np.zeros(100, np.int64)
    elsewhere[50:] = 32  # the same half, where the question is not: five lists hold 160 rows
    assert np.flatnonzero(probing.wanted(order, elsewhere)[0]).tolist() == list(range(50, 55))
    narrow = np.zeros(100, np.int64)
    narrow[::10] = 32  # a tenth: twice as many rows, and fifty lists passed
    assert np.flatnonzero(probing.wanted(order, narrow)[0]).tolist() == list(range(0, 91, 10))


def test_it_finds_what_numpy_finds_once_all_that_is_allowed_is_looked_at(probing, index):
    allowed = NUMBERS[RNG.permutation(3200)[:60]]
    given = index_types.parameters
    import faiss

    selector = faiss.IDSelectorBitmap(bits(allowed))
    questions = RNG.standard_normal((130, 16)).astype(np.float32)
    found, _ = probing.search(
        questions, 10, probing.counts(bits(allowed)), lambda n: given(index, n, selector)
    )
    matrix = MATRIX[(allowed - 11) // 2]
    exact = allowed[np.argsort(-(questions @ matrix.T), axis=1)[:, :10]]
    shared = [len(set(a.tolist()) & set(b.tolist())) for a, b in zip(found, exact, strict=True)]
    assert np.mean(shared) > 9.8  # 8 bits a number swap a tenth with an eleventh now and then


def test_a_filter_is_counted_once(probing, monkeypatch):
    first = probing.counts(bits(NUMBERS[::3]))
    monkeypatch.setattr(probing, "_counted", None)
    assert probing.counts(bits(NUMBERS[::3])) is first
