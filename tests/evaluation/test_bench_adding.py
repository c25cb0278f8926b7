"""What one more document costs is compared fairly."""

from __future__ import annotations

import numpy as np
import pytest

from mmqa.evaluation.bench_adding import CALL, Run, made_up_vectors, run


def test_growth_is_the_end_by_the_start_and_not_what_came_between():
    assert Run((9.0, 9.0), (2.0, 4.0), (1.0, 2.0), 7.0).growth == pytest.approx(2.0)


def test_made_up_vectors_lie_in_clusters():
    vectors = made_up_vectors(2000)
    assert vectors.dtype == np.float32
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    nearest = np.sort(unit @ unit.T, axis=1)[:, -2]  # the last is the row itself
    assert nearest.mean() > 0.5
    assert np.median(unit @ unit.T) < 0.1


def test_the_bench_runs_end_to_end():
    report = run(segments=12 * CALL, rounds=1)
    assert [figure.target for figure in report.figures] == [1.2, 1.2]
    assert all(figure.value > 0 for figure in report.figures)
    assert "random ids: last fold and sealing, s" in report.how
