"""Starting is measured against a Python that does nothing."""

from __future__ import annotations

from mmqa.evaluation.bench_startup import run


def test_the_ratio_is_that_of_the_two_medians():
    report = run(rounds=1)
    (figure,) = report.figures
    help_ms = report.how["mmqa --help, ms"]
    pass_ms = report.how["python -c pass, ms"]
    assert abs(figure.value - help_ms / pass_ms) < 0.05 * figure.value
    assert figure.target == 4.0
