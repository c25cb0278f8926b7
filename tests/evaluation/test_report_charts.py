"""Where the parts of a chart lie, by hand."""

from __future__ import annotations

import pytest

from mmqa.evaluation.report_charts import Bar, Chart, drawn


def test_a_bar_starts_at_zero_and_is_as_long_as_its_value() -> None:
    chart = drawn(Chart("t", (Bar("a", 0.5, 0.25, 0.75, target=1.0, chance=0.1, reached=False),)))
    [row] = chart.rows
    assert chart.zero == chart.left == row["x"]
    assert row["length"] == 200, "half of 400"
    left = chart.left
    ends = (left + 100, left + 300, left + 400, left + 40)
    assert (row["low"], row["high"], row["target"], row["chance"]) == ends
    assert row["state"] == "missed"
    assert [label for _, label in chart.ticks] == ["0.00", "0.25", "0.50", "0.75", "1.00"]


def test_a_loss_goes_to_the_left_of_zero() -> None:
    chart = drawn(Chart("t", (Bar("lost", -0.2, -0.3, -0.1), Bar("won", 0.3, 0.2, 0.5))))
    lost, won = chart.rows
    assert lost["x"] + lost["length"] == pytest.approx(chart.zero, abs=0.2)
    assert won["x"] == chart.zero
    assert lost["low"] < lost["x"] < lost["high"] < chart.zero


def test_what_exceeds_one_is_not_cut() -> None:
    chart = drawn(Chart("ratio", (Bar("r", 1.66, 1.5, 1.8, target=1.5, reached=True),)))
    [row] = chart.rows
    assert row["high"] <= chart.left + 400
    assert [label for _, label in chart.ticks] == ["0.00", "0.50", "1.00", "1.50", "2.00"]


def test_a_long_label_is_shortened_and_kept_whole_for_the_tooltip() -> None:
    label = "overlap " * 20
    [row] = drawn(Chart("t", (Bar(label, 0.5),))).rows
    assert len(row["label"]) <= 43
    assert row["title"] == label.strip()


def test_a_chart_is_told_in_words_too() -> None:
    assert drawn(Chart("t", (Bar("a", 0.5), Bar("b", 0.25)))).words == "a 0.500; b 0.250"
