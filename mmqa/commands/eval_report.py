"""``eval report``: all that was measured of a collection, on one page.

Knows: which runs make a report, and that the JSON of a run that lies in the folder is taken as it
is. Refuses to know: how anything is measured, and how a page is drawn.
"""

from __future__ import annotations

import json
from argparse import Namespace
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from mmqa.commands.eval_stability import SIDES, collected
from mmqa.commands.measure import Report
from mmqa.commands.output import settings
from mmqa.errors import MmqaError, UsageError
from mmqa.evaluation import report_page
from mmqa.evaluation.report_page import Example, Page, Section
from mmqa.evaluation.report_sections import missing, section
from mmqa.interfaces import Progress
from mmqa.library import Library
from mmqa.weights_file import write_whole

RUNS = ("accuracy", "ablation", "stability", "generalisation")
"""Measured now where their JSON is not in the folder."""

ALSO = ("photographs", "openmoji", "openclipart", "router", "words", "prompts")
"""Taken in where ``NAME.json`` lies in the folder: ``mmqa eval … --json > DIR/NAME.json``."""

FILES = ("report.md", "report.json", "report.html")
_ANSWERS = 6
"""Examples of what was found, and as many of what was missed."""


@dataclass(frozen=True, slots=True)
class WrittenReport:
    """Where a report was written, and what it says.

    Attributes:
        page: All of it.
        files: What was written.
    """

    page: Page
    files: tuple[Path, ...]

    @property
    def passed(self) -> bool:
        """Whether every target of every section is met."""
        return all(one.passed is not False for one in self.page.sections)

    def lines(self) -> list[str]:
        """A line a section, and the files."""
        told = {True: "all targets met", False: "a target is missed", None: "no target"}
        return [
            *(f"{one.title}: {told[one.passed]} ({one.source})" for one in self.page.sections),
            *(f"Not measured: {reason}" for reason in self.page.left_out),
            *(f"Wrote {path}" for path in self.files),
        ]

    def to_json(self) -> dict[str, Any]:
        """The page as plain values."""
        return {**self.page.to_json(), "files": [str(path) for path in self.files]}


def run(options: Namespace, tell: Progress) -> WrittenReport:
    """Measure what is not there yet, and write the report.

    Raises:
        UsageError: No folder is named.
    """
    if not options.out:
        raise UsageError("the report needs a folder", "Name one with --out DIR.")
    folder = Path(options.out)
    folder.mkdir(parents=True, exist_ok=True)
    sections: list[Section] = []
    left_out: list[str] = []
    for name in (*RUNS, *ALSO):
        found = _taken(folder, name) or _measured(folder, name, options, tell, left_out)
        if found is not None:
            sections += _sections(name, *found)
    examples = _examples(options, tell, left_out)
    page = Page(_title(options), _about(options), tuple(sections), examples, tuple(left_out))
    return WrittenReport(page, tuple(write(page, folder)))


def write(page: Page, folder: Path) -> list[Path]:
    """``report.md``, ``report.json`` and ``report.html``, each whole or not at all."""
    made = (
        report_page.markdown(page),
        json.dumps(page.to_json(), ensure_ascii=False, indent=1) + "\n",
        report_page.html(page),
    )
    paths = [folder / name for name in FILES]
    for path, text in zip(paths, made, strict=True):
        write_whole(path, text.encode("utf-8"))
    return paths


def _sections(name: str, report: Mapping[str, Any], source: str) -> list[Section]:
    found = [section(name, report, source)]
    withheld = missing(report) if name == "ablation" else {}
    return [*found, section("missing", withheld, source)] if withheld else found


def _taken(folder: Path, name: str) -> tuple[Mapping[str, Any], str] | None:
    """A run whose JSON is there, and when it was written.

    Raises:
        UsageError: It is no JSON object.
    """
    path = folder / f"{name}.json"
    if not path.exists():
        return None
    try:
        report = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UsageError(f"{str(path)!r} cannot be read: {error}", "Remove it.") from error
    if not isinstance(report, dict):
        raise UsageError(f"{str(path)!r} is no report", "Remove it.")
    written = datetime.fromtimestamp(path.stat().st_mtime, UTC)
    return report, f"taken from {path.name}, written {written:%Y-%m-%d %H:%M} UTC"


def _measured(
    folder: Path, name: str, options: Namespace, tell: Progress, left_out: list[str]
) -> tuple[Mapping[str, Any], str] | None:
    """A run made now; what cannot be run is left out with the reason."""
    runs: Mapping[str, Callable[[Namespace, Progress], Report]] = {
        "accuracy": _accuracy,
        "ablation": _ablation,
        "stability": _stability,
        "generalisation": _generalisation,
    }
    if name not in runs:
        return None
    if name == "generalisation" and options.suite not in SIDES:
        left_out.append("generalisation is of the public collections: mmqa eval generalisation")
        return None
    try:
        report = runs[name](options, tell).to_json()
    except MmqaError as error:
        left_out.append(f"{name}: {error}")
        return None
    text = json.dumps(report, ensure_ascii=False, indent=1, default=str) + "\n"
    write_whole(folder / f"{name}.json", text.encode("utf-8"))
    return json.loads(text), f"measured {datetime.now(UTC):%Y-%m-%d %H:%M} UTC"


def _accuracy(options: Namespace, tell: Progress) -> Report:
    from mmqa.evaluation import accuracy

    config, found = collected(options, tell)
    with Library.open(found.index, create=False, config=config) as library:
        return accuracy.run(library, found.questions[: options.limit], suite=found.name)


def _ablation(options: Namespace, tell: Progress) -> Report:
    from mmqa.commands import eval_ablation

    return eval_ablation.run(Namespace(**{**vars(options), "out": None}), tell)


def _stability(options: Namespace, tell: Progress) -> Report:
    from mmqa.commands import eval_stability

    return eval_stability.run(options, tell)


def _generalisation(options: Namespace, tell: Progress) -> Report:
    from mmqa.commands.eval_generalisation import run as measure

    return measure(options, tell)


def _examples(options: Namespace, tell: Progress, left_out: list[str]) -> tuple[Example, ...]:
    from mmqa.evaluation import report_examples
    from mmqa.evaluation.stability import Asked

    try:
        config, found = collected(options, tell)
        asked = [Asked(q.question, right) for q, right in found.questions if q.image is None]
        with Library.open(found.index, create=False, config=config) as library:
            return report_examples.examples(library, asked, _ANSWERS, options.seed)
    except MmqaError as error:
        left_out.append(f"examples: {error}")
        return ()


def _title(options: Namespace) -> str:
    return f"What mmqa finds: {options.suite or 'mixed'}"


def _about(options: Namespace) -> tuple[tuple[str, str], ...]:
    from mmqa import __version__

    config = settings(options)
    return (
        ("mmqa", __version__),
        ("written", f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC"),
        ("questions", options.suite or "mixed, the test side"),
        ("preset", config.preset),
        ("router", config.router),
        ("query prompts", config.query_prompts or "none"),
    )
