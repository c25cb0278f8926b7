"""Figures say what they mean."""

from __future__ import annotations

import json

import pytest

from mmqa.evaluation.report import Figure, Report, wilson


def test_a_target_is_reached_from_the_right_side():
    assert Figure("R@1", 0.9, 10, target=0.9).reached is True
    assert Figure("WER", 0.09, 10, target=0.08, lower_is_better=True).reached is False
    assert Figure("R@1", 0.9, 10).reached is None


def test_a_report_passes_when_no_figure_misses():
    figures = (Figure("a", 1, 1, target=0.5), Figure("b", 0, 1))
    assert Report("suite", figures).passed
    assert not Report("suite", (*figures, Figure("c", 0, 1, target=1))).passed


def test_a_report_is_plain_json():
    report = Report("suite", (Figure("a", 0.5, 2, 0.1, 0.9, 0.25, 0.4),), {"rule": "r"}, ("m",))
    again = json.loads(json.dumps(report.to_json()))
    assert again["passed"] is True
    assert again["figures"][0]["chance"] == 0.25
    assert again["misses"] == ["m"]


def test_lines_name_n_interval_chance_and_target():
    line = Figure("WER", 0.05, 900, 0.04, 0.06, target=0.08, lower_is_better=True).line()
    assert line == "WER 0.050 (95 % interval 0.040 to 0.060; n = 900; target <= 0.080: reached)"


def test_wilson_interval_against_published_numbers():
    # Newcombe (1998), table I, method 3: 81/263, 15/148 and 0/20
    assert wilson(81, 263) == pytest.approx((0.2553, 0.3662), abs=1e-4)
    assert wilson(15, 148) == pytest.approx((0.0624, 0.1605), abs=1e-4)
    assert wilson(0, 20) == pytest.approx((0.0, 0.1611), abs=1e-4)
