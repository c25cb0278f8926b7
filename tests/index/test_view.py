import numpy as np
import pytest

from mmqa.index.faiss_segments import FaissRows
from mmqa.index.view import Delta, View

RNG = np.random.default_rng(8)
MATRIX = RNG.standard_normal((30, 4)).astype(np.float32)


def view(kinds=None, matrix=MATRIX):
    """Rows 1 to 30: twelve in one file, twelve in another, six in none."""
    alive = np.ones(31, np.uint8) if kinds is None else kinds
    alive[0] = 0
    numbers = np.arange(1, 31, dtype=np.int64)
    files = {
        ("a", ""): FaissRows.flat(numbers[:12], matrix[:12]),
        ("b", ""): FaissRows.flat(numbers[12:24], matrix[12:24]),
    }
    delta = Delta(numbers[24:], matrix[24:], FaissRows.flat(numbers[24:], matrix[24:]))
    return View(1, 0, alive, int(np.count_nonzero(alive)), 0, files, delta, 24)


@pytest.mark.parametrize("dead", [[], [3, 14, 30]])
def test_what_several_files_find_is_joined_and_the_dead_are_left_out(dead):
    kinds = np.ones(31, np.uint8)
    kinds[dead] = 0
    questions = RNG.standard_normal((5, 4)).astype(np.float32)
    for question, (numbers, scores) in zip(
        questions, view(kinds).search(questions, 9), strict=True
    ):
        order = [n for n in (np.argsort(-(MATRIX @ question)) + 1).tolist() if n not in dead][:9]
        assert numbers == order
        np.testing.assert_allclose(scores, MATRIX[np.array(order) - 1] @ question, rtol=1e-5)


def test_equal_scores_are_ordered_by_rowid_across_files():
    same = np.ones((30, 4), np.float32)
    ((numbers, _),) = view(matrix=same).search(np.ones((1, 4), np.float32), 30)
    assert numbers == list(range(1, 31))


def test_where_nothing_is_dead_no_selector_is_made(monkeypatch):
    monkeypatch.setattr(np, "packbits", None)
    assert len(view().search(MATRIX[:1], 3)[0][0]) == 3


def test_the_bits_of_the_living_are_made_once(monkeypatch):
    kinds = np.ones(31, np.uint8)
    kinds[5] = 0
    one = view(kinds)
    one.search(MATRIX[:1], 3)
    monkeypatch.setattr(np, "packbits", None)
    one.search(MATRIX[:1], 3)


def test_an_empty_view_finds_nothing_for_each_question():
    empty = View(0, 0, np.zeros(1, np.uint8), 0, 0, {}, None, 0)
    assert [numbers for numbers, _ in empty.search(MATRIX[:2], 3)] == [[], []]
    assert empty.oversampling == 1
    assert not empty.alive(0)
    assert not empty.alive(7)
