"""What one more document costs is compared fairly."""

from __future__ import annotations

import numpy as np
import pytest

from mmqa.evaluation.bench_adding import CALL, Run, made_up_vectors, run


def test_windows_leave_the_warm_up_out_and_end_at_the_end():
    calls = [99.0] + [1.0] * 10 + [5.0] * 4 + [2.0] * 10  # the first warms up
    windows = Run(tuple(calls), 7.0).windows_ms
    assert windows == pytest.approx([1.0, 3.2, 2.0])  # (4 · 5 + 6 · 2) / 10; the last overlaps
    assert Run(tuple(calls), 7.0).growth == pytest.approx(2.0)


def test_made_up_vectors_lie_in_clusters():
    vectors = made_up_vectors(2000)
    assert vectors.dtype == np.float32
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    nearest = np.sort(unit @ unit.T, axis=1)[:, -2]  # the last is the row itself
    assert nearest.mean() > 0.5
    assert np.median(unit @ unit.T) < 0.1


def test_the_bench_runs_end_to_end():
    report = run(segments=21 * CALL, rounds=1)
    assert [figure.target for figure in report.figures] == [1.2, 1.2]
    assert all(figure.value > 0 for figure in report.figures)
    assert "random ids: last fold and sealing, s" in report.how
