"""``eval``, ``bench``, ``train``: run, print the report; exit code 1 when a target is missed.

Knows: the names of suites and benches, and how reports are printed. Refuses to know: how anything
is measured or fitted.
"""

from __future__ import annotations

from argparse import Namespace
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol

from mmqa.commands.models import Bars
from mmqa.commands.output import progress, settings, write_json, write_line
from mmqa.errors import UsageError
from mmqa.interfaces import Progress
from mmqa.library import Library
from mmqa.parts import Parts

SIZED = ("adding", "index", "search")
"""Benches that make an index as large as they are told."""
LEAST_SEGMENTS = 1_000
SAMPLES = Path(__file__).parents[2] / "indexes/samples"


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
    """Measure quality with one suite."""
    with progress(unit="steps") as bar:
        report = _suite(options, Bars(bar))
    return _print(report, options)


def _suite(options: Namespace, tell: Progress) -> Report:
    if options.what == "answers":
        return _answers(options, tell)
    if options.suite == "openmoji":
        return _openmoji(options, tell)
    if options.suite == "asterisk":
        return _asterisk(options, tell)
    raise UsageError(
        f"there is no retrieval suite called {options.suite!r}", "Known: openmoji, asterisk."
    )


def _answers(options: Namespace, tell: Progress) -> Report:
    from mmqa.evaluation import answers

    shipped = {
        "samples": "questions.toml",
        "samples-blind": "questions-2.toml",
        "samples-development": "development.toml",
        "samples-development-zh": "development-zh.toml",
    }
    file = SAMPLES / shipped[options.suite] if options.suite in shipped else Path(options.suite)
    with Library.open(config=settings(options), create=False) as library:
        return answers.run(library, file, tell, options.limit)


def _asterisk(options: Namespace, tell: Progress) -> Report:
    from mmqa.corpora import asterisk
    from mmqa.evaluation import retrieval_asterisk

    config = settings(options)
    prompts = asterisk.load(progress=tell)
    return retrieval_asterisk.run(
        lambda path: Library.open(path, config=config), prompts, tell, options.limit
    )


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


def _openmoji(options: Namespace, tell: Progress) -> Report:
    from mmqa.evaluation import retrieval_openmoji

    parts = Parts(settings(options))
    return retrieval_openmoji.run(
        parts.image_encoder, parts.text_encoder, parts.mapping, progress=tell
    )


def train(options: Namespace) -> int:
    """Fit the closed-form mapping from the public corpora and write its weights."""
    from mmqa.training.mapping import fit_closed_form

    parts = Parts(settings(options))
    out = Path(options.out) if options.out else None
    with progress(unit="steps") as bar:
        report = fit_closed_form(
            parts.image_encoder, parts.text_encoder, out=out, progress=Bars(bar)
        )
    if options.json:
        write_json(report.to_json())
    else:
        for line in report.lines():
            write_line(line)
    return 0
