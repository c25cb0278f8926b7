"""What a training says, on figures made up for the purpose."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest

from mmqa.evaluation.metrics import Interval
from mmqa.records import ImageFeatures
from mmqa.training.checkpoint import Epoch
from mmqa.training.contrastive_mapping import MappingSettings, TrainedMapping
from mmqa.training.loop import Outcome
from mmqa.training.mapping_report import MappingReport
from mmqa.training.pair_figures import Compared
from mmqa.training.pair_table import Links, PairData
from mmqa.training.pairs import Refused

FIGURE = Compared(
    "text to picture R@10",
    Interval(0.5, 0.4, 0.6),
    Interval(0.75, 0.65, 0.85),
    Interval(0.25, 0.1, 0.4),
    n=40,
    chance=0.25,
)
OUTCOME = Outcome(
    (Epoch(0, None, 0.4), Epoch(1, 1.0, 0.6), Epoch(2, 0.9, 0.5)), "early", "cpu", resumed_after=1
)


@pytest.fixture
def report() -> MappingReport:
    links = Links(np.arange(3), np.arange(3), np.ones(3, np.float32), ("fit", "validation", "test"))
    data = PairData(
        pictures=ImageFeatures(np.zeros((3, 1), np.float32)),
        origin=np.arange(3),
        texts=("a", "b", "c"),
        vectors=np.eye(3, dtype=np.float32),
        seen=links,
        heard=replace(links.on("fit")),
        refused=tuple(Refused(f"pairs.csv, line {n}", "no caption") for n in range(2, 16)),
        digest="",
    )
    mapping = cast("Any", SimpleNamespace(fingerprint="linear-0123"))
    trained = TrainedMapping(
        mapping, (FIGURE,), Interval(0.1, 0.02, 0.2), 0.4, 0.6, OUTCOME, "temperature 0.070"
    )
    return MappingReport(trained, data, Path("/m/mapping.safetensors"), "trip", MappingSettings())


def test_people_are_told_sizes_refusals_figures_and_what_comes_next(report: MappingReport) -> None:
    said = "\n".join(report.lines())
    assert "3 pairs of 3 pictures (1 fit, 1 validation, 1 test), 1 of recordings" in said
    assert "14 rows refused" in said
    assert "refused pairs.csv, line 2: no caption" in said
    assert "refused 4 more: no caption" in said
    assert "2 epochs on cpu (stopped early), the best one 1, resumed after epoch 1." in said
    assert (
        "text to picture R@10 0.500 (0.400 to 0.600) -> 0.750 (0.650 to 0.850); gain +0.250 "
        "(+0.100 to +0.400; n = 40; chance 0.250)"
    ) in said
    assert (
        "Better than the shipped mapping (probability of right answers on the validation side "
        "0.400 -> 0.600; gain in 1 / rank on the test side +0.100, 95 % interval +0.020 to +0.200)."
    ) in said
    assert "mmqa rebuild --index trip --set mapping=/m" in said


def test_a_training_that_brought_nothing_says_so_plainly(report: MappingReport) -> None:
    worse = replace(report, trained=replace(report.trained, end=0.4))
    assert any(line.startswith("WARNING: not better") for line in worse.lines())
    assert worse.passed
    assert worse.to_json()["better"] is False


def test_a_gain_that_the_test_side_does_not_confirm_is_called_a_perhaps(
    report: MappingReport,
) -> None:
    unsure = Interval(0.05, -0.01, 0.1)
    found = replace(report, trained=replace(report.trained, gain=unsure))
    assert any(line.startswith("Perhaps better") for line in found.lines())
    assert (found.to_json()["better"], found.to_json()["confirmed"]) == (True, False)
    assert report.to_json()["confirmed"] is True


def test_the_closed_form_has_no_epochs(report: MappingReport) -> None:
    fitted = replace(report.trained, outcome=None, chosen="ridge 1, gamma 2, strength 1")
    said = "\n".join(replace(report, trained=fitted).lines())
    assert "ridge 1, gamma 2, strength 1; chosen on the validation side." in said


def test_programs_get_every_refusal_and_every_figure(report: MappingReport) -> None:
    values = report.to_json()
    assert len(values["refused"]) == 14
    assert values["figures"][0]["after"] == {"mean": 0.75, "low": 0.65, "high": 0.85}
    assert (values["epochs"], values["best_epoch"], values["ended"]) == (2, 1, "early")
