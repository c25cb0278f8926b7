import numpy as np
import pytest

from mmqa.index import index_types
from mmqa.index.index_types import FLAT, IVF_RABITQ, IVF_SQ8, SQ8
from mmqa.index.plan import IndexPlan


@pytest.mark.parametrize(
    ("rows", "kind"),
    [
        (0, FLAT),
        (10_000, FLAT),
        (10_001, SQ8),
        (128_000, SQ8),
        (128_001, IVF_SQ8),
        (10_000_000, IVF_SQ8),
        (30_000_000, IVF_RABITQ),
    ],
)
def test_the_type_follows_the_number_of_rows(rows, kind):
    assert index_types.choose(rows, IndexPlan()) is kind


def test_the_plan_moves_the_limits_or_decides_alone():
    assert index_types.choose(500, IndexPlan(flat_rows=10, sq8_rows=100)) is IVF_SQ8
    assert index_types.choose(3, IndexPlan(index_type="ivf_rabitq")) is IVF_RABITQ
    assert index_types.choose(10**6, IndexPlan(index_type="flat")) is FLAT


def test_without_time_to_train_a_type_that_needs_none_stands_in():
    assert index_types.choose(10**6, IndexPlan(), trained=False) is SQ8
    assert index_types.choose(9, IndexPlan(index_type="ivf_sq8"), trained=False) is FLAT
    assert index_types.choose(9, IndexPlan(index_type="sq8"), trained=False) is SQ8


def test_lists_and_training_rows_are_bounded():
    assert [index_types.list_count(n) for n in (1, 31, 3200, 250_000)] == [1, 1, 100, 2000]
    for rows in (100, 10**6, 10**9):
        assert index_types.training_rows(IVF_SQ8, rows) <= min(rows, 262_144)
    assert index_types.training_rows(IVF_SQ8, 10**6) == 4000 * 32
    assert index_types.training_rows(FLAT, 10**6) == 0


def test_compressed_vectors_are_as_wide_as_is_fast_and_score_the_same():
    assert [index_types.padded_width(SQ8, w) for w in (772, 400, 1)] == [784, 400, 16]
    assert index_types.padded_width(FLAT, 772) == 772
    wide = index_types.padded(np.ones((2, 772), np.float32), 784)
    assert wide.shape == (2, 784)
    assert (wide @ wide.T == 772).all()
