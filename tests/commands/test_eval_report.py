"""A report over one's own files: measured where nothing is there, taken where something is."""

from __future__ import annotations

import json
from argparse import Namespace
from pathlib import Path

import pytest

from mmqa.commands import eval_ablation, eval_report, eval_stability
from mmqa.errors import CorpusError, UsageError
from mmqa.evaluation.report import Figure, Report
from mmqa.library import Library

HELD = Report("held", (Figure("overlap of the first 10", 0.8642, 90, 0.84, 0.88, target=0.8),))


def quiet(_chunk: object) -> None:
    """Progress that nobody watches."""


def options(tmp_path: Path, suite: Path, **more: object) -> Namespace:
    base = {"suite": str(suite), "index": tmp_path / "index", "set": ["ocr=false"], "config": None}
    return Namespace(**{**base, "limit": None, "seed": 0, "out": str(tmp_path / "out"), **more})


@pytest.fixture
def mine(tmp_path: Path, media: Path) -> Path:
    """An index of three notes, and two questions."""
    with Library.open(tmp_path / "index") as library:
        library.add(media)
    file = tmp_path / "mine <1>.jsonl"
    asked = [("When does the ferry to a.txt leave?", "a.txt"), ("c.txt", "deep/c.txt")]
    lines = [json.dumps({"question": q, "relevant": [name]}) for q, name in asked]
    file.write_text("\n".join(lines) + "\n")
    return file


@pytest.mark.weights
def test_what_is_there_is_taken_what_is_not_is_measured_and_what_cannot_be_is_said(
    tmp_path: Path, mine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object) -> Report:
        raise CorpusError("the mirror is away", "Try again.")

    monkeypatch.setattr(eval_ablation, "run", fails)
    monkeypatch.setattr(eval_stability, "run", fails)
    out = tmp_path / "out"
    out.mkdir()
    (out / "stability.json").write_text(json.dumps(HELD.to_json()))
    report = eval_report.run(options(tmp_path, mine), quiet)
    sources = {section.id: section.source for section in report.page.sections}
    assert sources["stability"].startswith("taken from stability.json")
    assert sources["accuracy"].startswith("measured")
    assert any("the mirror is away" in reason for reason in report.page.left_out)
    assert any("generalisation" in reason for reason in report.page.left_out)
    assert [path.name for path in report.files] == list(eval_report.FILES)
    text = (out / "report.html").read_text(encoding="utf-8")
    assert "0.864" in text
    assert "mine &lt;1&gt;" in text
    assert "When does the ferry to a.txt leave?" in text
    assert json.loads((out / "report.json").read_text())["sections"][0]["id"] == "accuracy"
    assert report.passed


@pytest.mark.weights
def test_a_second_report_measures_nothing_again(tmp_path: Path, mine: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    for name in ("accuracy", "ablation", "stability", "photographs"):
        (out / f"{name}.json").write_text(json.dumps(HELD.to_json()))
    report = eval_report.run(options(tmp_path, mine), quiet)
    assert all(section.source.startswith("taken") for section in report.page.sections)
    assert {"accuracy", "photographs"} <= {section.id for section in report.page.sections}


def test_a_folder_must_be_named_and_what_lies_in_it_must_be_reports(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="--out"):
        eval_report.run(options(tmp_path, Path("x"), out=None), quiet)
    out = tmp_path / "out"
    out.mkdir()
    (out / "accuracy.json").write_text("[1, 2]")
    with pytest.raises(UsageError, match="no report"):
        eval_report.run(options(tmp_path, Path("x")), quiet)
    (out / "accuracy.json").write_text("{")
    with pytest.raises(UsageError, match="cannot be read"):
        eval_report.run(options(tmp_path, Path("x")), quiet)
