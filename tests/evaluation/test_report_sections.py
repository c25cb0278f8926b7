"""Reports become sections, and no number of a report is lost on the way."""

from __future__ import annotations

import json
from collections.abc import Iterator
from html import escape
from typing import Any

import numpy as np

from mmqa.evaluation import report_page, report_sections
from mmqa.evaluation.report import Figure, Report
from mmqa.evaluation.report_charts import number
from mmqa.evaluation.report_page import Page, Section
from mmqa.evaluation.stability import METRICS, Trial
from mmqa.evaluation.stability_report import StabilityReport

ABLATION: dict[str, Any] = {
    "suite": "mixed: test",
    "passed": False,
    "n": 90,
    "sorts": {"visual": 40, "text": 50},
    "rows": [
        {
            "name": "concat",
            "group": "fuser",
            "measures": {"nDCG@10": {"mean": 0.7123, "low": 0.651, "high": 0.772}},
            "by_sort": {"visual": 0.6789},
            "withheld": {"visual": 0.4321, "speech": 0.5432},
            "against": None,
            "p": None,
        },
        {
            "name": "visual alone",
            "group": "single",
            "measures": {"nDCG@10": {"mean": 0.3123, "low": 0.251, "high": 0.372}},
            "by_sort": {"visual": 0.611},
            "withheld": {},
            "against": {"difference": {"mean": -0.4, "low": -0.5, "high": -0.3}, "p": 0.0001},
            "p": 0.0002,
        },
    ],
    "figures": [
        Figure("best fuser over RRF", 1.021, 90, 1.001, 1.062, target=1.05).to_json(),
    ],
    "how": {"depth": 100},
}


OPENMOJI = {
    "name": "openmoji: text → picture",
    "n": 252,
    "gallery": 252,
    "recall": {"10": {"mean": 0.5913, "low": 0.532, "high": 0.651}},
}


def test_tasks_are_drawn_as_bars() -> None:
    section = report_sections.section("openmoji", {"passed": False, "tasks": [OPENMOJI]}, "now")
    [chart] = section.charts
    [drawn] = chart.bars
    assert (drawn.label, drawn.value) == ("openmoji: text → picture, R@10", 0.5913)
    assert drawn.target is not None
    assert drawn.reached is (drawn.value >= drawn.target)
    assert "0.651" in shown(section)


def stability() -> dict[str, Any]:
    trials = tuple(
        Trial(
            *("words", change, strength, 0, ("q1", "q2")),
            np.array([0.9, value]),
            np.array([0.8, value]),
            {m: np.array([1.0, 0.5]) for m in METRICS},
            {m: np.array([0.75, 0.25]) for m in METRICS},
        )
        for change, strength, value in (
            ("case", "mild", 0.8),
            ("typos", "mild", 0.6),
            ("typos", "strong", 0.125),
        )
    )
    return StabilityReport("made up", trials, {"seeds": 1}).to_json()


def numbers(value: object) -> Iterator[float]:
    if isinstance(value, dict):
        for one in value.values():
            yield from numbers(one)
    elif isinstance(value, list | tuple):
        for one in value:
            yield from numbers(one)
    elif isinstance(value, float):
        yield value


def shown(*sections: Section) -> str:
    return report_page.html(Page("t", (), sections))


def test_every_number_of_every_report_stands_in_the_page() -> None:
    plain = Report("r", (Figure("R@1", 0.4162, 358, 0.36, 0.46, 0.003, 0.4),)).to_json()
    matrix = {
        "suite": "generalisation",
        "cells": [{"fit": "emoji", "test": "Noto", "home": True, "value": 0.5551, "low": 0.4441,
                   "high": 0.6661, "n": 7}],
        "pairs": {"emoji": 12345},
        "how": {},
    }  # fmt: skip
    for name, report in (
        ("photographs", plain),
        ("stability", stability()),
        ("ablation", ABLATION),
        ("missing", report_sections.missing(ABLATION)),
        ("generalisation", matrix),
        ("something new", {"figures": [], "odd": {"inner": {"x": 0.1357}}, "list": [0.2468]}),
    ):
        text = shown(report_sections.section(name, json.loads(json.dumps(report)), "now"))
        for value in numbers(report):
            assert escape(number(value)) in text, (name, value)


def test_overlaps_are_drawn_with_their_targets() -> None:
    section = report_sections.section("stability", stability(), "now")
    first, *by_change = section.charts
    assert [bar.label for bar in first.bars] == [
        "words, mild",
        "words, strong",
    ]
    assert first.bars[0].target == 0.8
    assert first.bars[1].target is None
    assert [bar.label for bar in by_change[0].bars] == [
        "case, mild",
        "typos, mild",
        "typos, strong",
    ]


def test_withheld_modalities_are_a_section_of_their_own() -> None:
    report = report_sections.missing(ABLATION)
    section = report_sections.section("missing", report, "now")
    [chart] = section.charts
    assert [(bar.label, bar.value) for bar in chart.bars] == [
        ("nothing withheld", 0.7123),
        ("visual withheld", 0.4321),
        ("speech withheld", 0.5432),
    ]
    assert report_sections.missing({"rows": []}) == {}


def test_the_matrix_has_a_row_a_fit_and_a_column_a_test() -> None:
    cells = [
        {"fit": f, "test": t, "home": f == t, "value": v, "low": 0.0, "high": 1.0, "n": 3}
        for f, t, v in (("a", "a", 0.9), ("a", "b", 0.2), ("b", "a", 0.3))
    ]
    section = report_sections.section("generalisation", {"cells": cells}, "now")
    matrix = section.tables[0]
    assert matrix.columns == ("fitted to", "a", "b")
    assert matrix.rows == (("a", 0.9, 0.2), ("b", 0.3, None))
    assert matrix.shaded


def test_a_ratio_with_a_target_has_a_chart_of_its_own() -> None:
    figures = (Figure("R@10", 0.5, 9), Figure("ratio", 1.94, 9, 1.7, 2.2, target=1.5))
    section = report_sections.section("openclipart", Report("r", figures).to_json(), "now")
    assert [[bar.label for bar in chart.bars] for chart in section.charts] == [["R@10"], ["ratio"]]


def test_only_a_report_with_targets_has_a_verdict() -> None:
    without = Report("r", (Figure("R@1", 0.5, 3),)).to_json()
    missed = Report("r", (Figure("R@1", 0.5, 3, target=0.6),)).to_json()
    elsewhere = {"passed": False, "tasks": [OPENMOJI]}
    assert report_sections.section("openmoji", elsewhere, "now").passed is False
    assert report_sections.section("x", without, "now").passed is None
    assert report_sections.section("x", missed, "now").passed is False
