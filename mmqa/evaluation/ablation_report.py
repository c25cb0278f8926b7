"""What an ablation found: a row a system, tables for people, plain values for programs.

Knows: how rows are written down. Refuses to know: how they were measured.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from mmqa.evaluation.metrics import Interval
from mmqa.evaluation.report import Figure
from mmqa.evaluation.significance import Comparison
from mmqa.records import Modality

MEASURES = ("nDCG@10", "MRR", "R@10")
FIRST = MEASURES[0]
"""What rows are compared by."""


@dataclass(frozen=True, slots=True)
class Row:
    """One system.

    Attributes:
        name: The system's.
        group: What it is compared for: ``single``, ``late fusion``, ``fuser``, ``router`` …
        measures: Name → mean over questions with its interval.
        by_sort: Sort of question → mean nDCG@10.
        withheld: Modality taken from what answers → mean nDCG@10.
        against: Compared with the reference by nDCG@10; ``None`` for itself.
        p: The comparison's p, corrected for the number of rows.
    """

    name: str
    group: str
    measures: Mapping[str, Interval]
    by_sort: Mapping[str, float]
    withheld: Mapping[Modality, float] = field(default_factory=dict)
    against: Comparison | None = None
    p: float | None = None


@dataclass(frozen=True, slots=True)
class AblationReport:
    """The table.

    Attributes:
        suite: What was measured.
        n: Number of questions.
        sorts: Sort of question → how many.
        rows: One a system, in groups.
        figures: What was promised; without targets where nothing was.
        how: How it was measured, and what could not be.
    """

    suite: str
    n: int
    sorts: Mapping[str, int]
    rows: tuple[Row, ...]
    figures: tuple[Figure, ...]
    how: Mapping[str, str | int | float]

    @property
    def passed(self) -> bool:
        """Whether every promise was kept."""
        return all(figure.reached is not False for figure in self.figures)

    def row(self, name: str) -> Row:
        """The row of that name.

        Raises:
            KeyError: There is none.
        """
        for one in self.rows:
            if one.name == name:
                return one
        raise KeyError(name)

    def lines(self) -> list[str]:
        """Tables for people, in Markdown."""
        return [
            f"{self.suite}: {self.n} questions",
            "",
            *self._means(),
            "",
            *self._sorts(),
            "",
            *self._withheld(),
            "",
            *(figure.line() for figure in self.figures),
            *(f"{name}: {value}" for name, value in self.how.items()),
        ]

    def _means(self) -> list[str]:
        head = f"| system | {' | '.join(MEASURES)} | difference | p |"
        return [head, "|---" * (len(MEASURES) + 3) + "|", *map(_mean_line, self.rows)]

    def _sorts(self) -> list[str]:
        names = [f"{name} ({count})" for name, count in self.sorts.items()]
        head = f"| nDCG@10, questions that need | {' | '.join(names)} |"
        lines = [
            f"| {row.name} | {' | '.join(f'{row.by_sort[s]:.3f}' for s in self.sorts)} |"
            for row in self.rows
        ]
        return [head, "|---" * (len(names) + 1) + "|", *lines]

    def _withheld(self) -> list[str]:
        rows = [row for row in self.rows if row.withheld]
        names = list(rows[0].withheld) if rows else []
        lines = [
            f"| {row.name} | {row.measures[FIRST].mean:.3f} | "
            f"{' | '.join(f'{value:.3f}' for value in row.withheld.values())} |"
            for row in rows
        ]
        head = f"| nDCG@10, without its | nothing | {' | '.join(names)} |"
        return [head, "|---" * (len(names) + 2) + "|", *lines] if rows else []

    def to_json(self) -> dict[str, Any]:
        """The report for programs."""
        return {
            "suite": self.suite,
            "passed": self.passed,
            "n": self.n,
            "sorts": dict(self.sorts),
            "rows": [asdict(row) for row in self.rows],
            "figures": [figure.to_json() for figure in self.figures],
            "how": dict(self.how),
        }


def _mean_line(row: Row) -> str:
    cells = [
        f"{found.mean:.3f} [{found.low:.3f}, {found.high:.3f}]" for found in row.measures.values()
    ]
    difference = f"{row.against.difference.mean:+.3f}" if row.against else "reference"
    p = "" if row.p is None else f"{row.p:.4f}"
    return f"| {row.name} | {' | '.join(cells)} | {difference} | {p} |"
