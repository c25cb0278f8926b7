"""``mmqa eval sentiment``: what it refuses, and how several reports are told as one."""

from __future__ import annotations

from argparse import Namespace

import pytest

from mmqa.commands.eval_sentiment import Reports, run
from mmqa.errors import UsageError
from mmqa.evaluation.report import Figure, Report


def test_an_unknown_suite_is_refused_before_anything_is_loaded() -> None:
    with pytest.raises(UsageError, match="no suite 'tweets' of sentiment"):
        run(Namespace(suite="tweets"), lambda _chunk: None)


def test_one_missed_target_is_a_miss_of_all() -> None:
    good = Report("a", (Figure("lead", 0.1, 9, target=0.0),))
    bad = Report("b", (Figure("lead", -0.1, 9, target=0.0),))
    assert Reports((good,)).passed and not Reports((good, bad)).passed
    assert Reports((good, bad)).lines()[0] == "a"
    assert [one["suite"] for one in Reports((good, bad)).to_json()["suites"]] == ["a", "b"]
