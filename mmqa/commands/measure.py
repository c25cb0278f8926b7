"""``eval``, ``bench``, ``train``: run, print the report; exit code 1 when a target is missed.

Knows: the names of suites and benches, and how reports are printed. Refuses to know: how anything
is measured or fitted.
"""

from __future__ import annotations

from argparse import Namespace
from importlib import import_module
from typing import Any, Protocol

from mmqa.commands.models import Bars
from mmqa.commands.output import progress, settings, write_json, write_line
from mmqa.errors import UsageError

SIZED = ("adding", "index", "search")
"""Benches that make an index as large as they are told."""
LEAST_SEGMENTS = 1_000


class Report(Protocol):
    """What every suite and bench gives back."""

    @property
    def passed(self) -> bool:
        """Whether every target was reached."""
        ...

    def lines(self) -> list[str]:
        """For people."""
        ...

    def to_json(self) -> dict[str, Any]:
        """For programs."""
        ...


def evaluate(options: Namespace) -> int:
    """Measure quality: ``mmqa.commands.eval_<what>``."""
    return _run("eval", options)


def train(options: Namespace) -> int:
    """Train something: ``mmqa.commands.train_<what>``."""
    return _run("train", options)


def _run(verb: str, options: Namespace) -> int:
    module = import_module(f"mmqa.commands.{verb}_{options.what}")
    with progress(unit="steps") as bar:
        report: Report = module.run(options, Bars(bar))
    return _print(report, options)


def bench(options: Namespace) -> int:
    """Measure speed with one bench."""
    module = import_module(f"mmqa.evaluation.bench_{options.what}")
    sizes = _sizes(options)
    report: Report
    with progress(unit="steps") as bar:
        if options.what == "startup":
            report = module.run(progress=Bars(bar))
        else:
            report = module.run(settings(options), Bars(bar), **sizes)
    return _print(report, options)


def _sizes(options: Namespace) -> dict[str, int]:
    segments = options.segments
    if segments is None:
        return {}
    if options.what not in SIZED or segments < LEAST_SEGMENTS:
        raise UsageError(
            f"bench {options.what} of {segments} segments is not measured",
            f"--segments takes {LEAST_SEGMENTS} or more, and goes with {', '.join(SIZED)}.",
        )
    return {"segments": segments}


def _print(report: Report, options: Namespace) -> int:
    if options.json:
        write_json(report.to_json())
    else:
        for line in report.lines():
            write_line(line)
    return 0 if report.passed else 1
