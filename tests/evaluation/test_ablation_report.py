"""The ablation table as people and programs read it."""

from __future__ import annotations

import json

import pytest

from mmqa.evaluation.ablation_report import AblationReport, Row
from mmqa.evaluation.metrics import Interval
from mmqa.evaluation.report import Figure
from mmqa.evaluation.significance import Comparison

HALF = Interval(0.5, 0.4, 0.6)
MEANS = {"nDCG@10": HALF, "MRR": HALF, "R@10": HALF}
REPORT = AblationReport(
    "ablation: mine",
    12,
    {"visual": 8, "text": 4},
    (
        Row("concat", "fuser", MEANS, {"text": 0.25, "visual": 0.75}, {"visual": 0.1, "text": 0.2}),
        Row(
            "visual",
            "single",
            MEANS,
            {"text": 0.0, "visual": 1.0},
            against=Comparison(Interval(-0.125, -0.2, 0.0), 0.01, 1, 5),
            p=0.02,
        ),
    ),
    (Figure("ratio", 1.3, 12, target=1.25),),
    {"refused": "line 3: no JSON"},
)


def test_the_table_has_a_row_a_system_in_markdown() -> None:
    lines = REPORT.lines()
    assert "| system | nDCG@10 | MRR | R@10 | difference | p |" in lines
    cell = "0.500 [0.400, 0.600]"
    assert f"| concat | {cell} | {cell} | {cell} | reference |  |" in lines
    assert f"| visual | {cell} | {cell} | {cell} | -0.125 | 0.0200 |" in lines


def test_sorts_of_questions_and_withheld_modalities_have_tables_of_their_own() -> None:
    lines = REPORT.lines()
    at = lines.index("| nDCG@10, questions that need | visual (8) | text (4) |")
    assert lines[at + 2 : at + 4] == ["| concat | 0.750 | 0.250 |", "| visual | 1.000 | 0.000 |"]
    at = lines.index("| nDCG@10, without its | nothing | visual | text |")
    assert lines[at + 2] == "| concat | 0.500 | 0.100 | 0.200 |"
    assert lines[at + 3] == ""


def test_all_columns_of_a_table_have_a_rule() -> None:
    lines = REPORT.lines()
    for place, line in enumerate(lines):
        if set(line) == {"|", "-"}:
            assert line.count("|") == lines[place - 1].count("|")


def test_what_was_promised_and_what_was_refused_is_said() -> None:
    assert "ratio 1.300 (n = 12; target >= 1.250: reached)" in REPORT.lines()
    assert "refused: line 3: no JSON" in REPORT.lines()
    assert REPORT.passed


def test_a_broken_promise_fails() -> None:
    missed = Figure("p", 0.3, 12, target=0.05, lower_is_better=True)
    assert not AblationReport("s", 1, {}, (), (missed,), {}).passed


def test_programs_get_everything_as_plain_values() -> None:
    plain = json.loads(json.dumps(REPORT.to_json()))
    assert plain["rows"][1]["against"]["difference"]["mean"] == -0.125
    assert plain["rows"][0]["withheld"] == {"visual": 0.1, "text": 0.2}
    assert plain["figures"][0]["reached"] is True


def test_a_row_is_found_by_its_name() -> None:
    assert REPORT.row("visual").group == "single"
    with pytest.raises(KeyError):
        REPORT.row("taste")
