"""What stayed under which changes, as figures, tables and lines.

Knows: trials, and how they are averaged: over changes and seeds within a question, then over
questions. Refuses to know: what was changed, and how.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from mmqa.evaluation.metrics import bootstrap_interval
from mmqa.evaluation.report import Figure
from mmqa.evaluation.stability import METRICS, TOP, Trial, Values

TARGET = 0.8
"""Mean overlap of the first 10 under mild changes, for everything that changes."""


@dataclass(frozen=True, slots=True)
class StabilityReport:
    """What stayed, by what changed and how strongly.

    Attributes:
        suite: What was searched.
        trials: All of them.
        how: How it was measured.
        kept: Figures beside the rankings: words kept of transcripts.
    """

    suite: str
    trials: tuple[Trial, ...]
    how: Mapping[str, str | int | float]
    kept: tuple[Figure, ...] = ()

    @property
    def figures(self) -> tuple[Figure, ...]:
        """Overlap, rank-biased overlap and metrics of everything that changed, by strength."""
        groups = _grouped(self.trials).items()
        return (*(f for key, group in groups for f in _figures(key, group)), *self.kept)

    @property
    def passed(self) -> bool:
        """Whether every mild change left the overlap at the target or above."""
        return all(figure.reached is not False for figure in self.figures)

    def table(self) -> list[dict[str, Any]]:
        """One row a change and strength: overlap, RBO, and the metrics before and after."""
        return [_row(group) for group in _grouped(self.trials, by_change=True).values()]

    def lines(self) -> list[str]:
        """The report for people."""
        return [
            f"stability: {self.suite}",
            *(f"  {figure.line()}" for figure in self.figures),
            "  by change (mean overlap of the first 10, rank-biased overlap, nDCG@10):",
            *(f"    {_told(row)}" for row in self.table()),
            *(f"  {name}: {value}" for name, value in self.how.items()),
        ]

    def to_json(self) -> dict[str, Any]:
        """The report for programs."""
        return {
            "suite": f"stability: {self.suite}",
            "passed": self.passed,
            "figures": [figure.to_json() for figure in self.figures],
            "changes": self.table(),
            "how": dict(self.how),
        }


def _grouped(
    trials: Iterable[Trial], *, by_change: bool = False
) -> dict[tuple[str, ...], list[Trial]]:
    groups: dict[tuple[str, ...], list[Trial]] = defaultdict(list)
    for one in trials:
        groups[(one.what, one.strength, one.change if by_change else "")].append(one)
    return groups


def _figures(key: tuple[str, ...], trials: Sequence[Trial]) -> list[Figure]:
    what, strength, _ = key
    name = f"{what}, {strength}" if strength else what
    target = TARGET if strength == "mild" else None
    found = [
        _mean(f"{name}: overlap of the first {TOP}", trials, lambda t: t.overlap, target),
        _mean(f"{name}: rank-biased overlap", trials, lambda t: t.biased),
    ]
    for metric in METRICS if all(t.after for t in trials) else ():
        found.append(_mean(f"{name}: {metric} before", trials, partial(_metric, metric, "before")))
        found.append(_mean(f"{name}: {metric} after", trials, partial(_metric, metric, "after")))
        found += _spread(f"{name}: {metric}", metric, trials)
    return found


def _spread(name: str, metric: str, trials: Sequence[Trial]) -> list[Figure]:
    """The least and the most that any single trial left."""
    if len(trials) < 2:
        return []
    means = [float(one.after[metric].mean()) for one in trials]
    n = len(trials[0].questions)
    return [
        Figure(f"{name}, least of {len(trials)} trials", min(means), n),
        Figure(f"{name}, most of {len(trials)} trials", max(means), n),
    ]


def _mean(
    name: str,
    trials: Sequence[Trial],
    values: Callable[[Trial], Values],
    target: float | None = None,
) -> Figure:
    """Mean over trials and questions; the interval is over questions, which trials share."""
    by_question: dict[str, list[float]] = defaultdict(list)
    for one in trials:
        for question, value in zip(one.questions, values(one), strict=True):
            by_question[question].append(float(value))
    means = np.array([np.mean(v) for v in by_question.values()], np.float32)
    found = bootstrap_interval(means)
    return Figure(name, found.mean, len(means), found.low, found.high, target=target)


def _metric(name: str, when: str, one: Trial) -> Values:
    return (one.before if when == "before" else one.after)[name]


def _row(trials: Sequence[Trial]) -> dict[str, Any]:
    one = trials[0]
    row: dict[str, Any] = {
        "what": one.what,
        "strength": one.strength,
        "change": one.change,
        "n": len(one.questions),
        "seeds": len(trials),
        "overlap": float(np.mean([t.overlap.mean() for t in trials])),
        "rank_biased_overlap": float(np.mean([t.biased.mean() for t in trials])),
    }
    for metric in METRICS if one.after else ():
        after = [float(t.after[metric].mean()) for t in trials]
        row[metric] = {
            "before": float(one.before[metric].mean()),
            "after": float(np.mean(after)),
            "deviation_over_seeds": float(np.std(after)),
        }
    return row


def _told(row: Mapping[str, Any]) -> str:
    name = ", ".join(filter(None, (row["what"], row["strength"], row["change"])))
    found = row.get("nDCG@10")
    metric = f" nDCG@10 {found['before']:.3f} -> {found['after']:.3f}" if found else ""
    return f"{name}: {row['overlap']:.3f} {row['rank_biased_overlap']:.3f}{metric} (n {row['n']})"
