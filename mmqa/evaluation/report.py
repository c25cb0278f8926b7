"""Reports: figures with what makes them mean something: n, an interval, chance, the target.

Knows: how figures are written down for people and for programs. Refuses to know: how any is
measured.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured number.

    Attributes:
        name: What it is, e.g. ``R@1``.
        value: The number itself.
        n: How many cases it rests on.
        low: Lower end of its 95 % interval; ``None`` where there is none.
        high: Upper end.
        chance: What guessing would give; ``None`` where that means nothing.
        target: What is to be reached; ``None`` where nothing was promised.
        lower_is_better: Whether ``target`` is an upper limit.
    """

    name: str
    value: float
    n: int
    low: float | None = None
    high: float | None = None
    chance: float | None = None
    target: float | None = None
    lower_is_better: bool = False

    @property
    def reached(self) -> bool | None:
        """Whether the target is met; ``None`` without one."""
        if self.target is None:
            return None
        return self.value <= self.target if self.lower_is_better else self.value >= self.target

    def line(self) -> str:
        """The figure as a line.

        >>> Figure("R@1", 0.9, 200, 0.85, 0.94, chance=0.005, target=0.88).line()
        'R@1 0.900 (95 % interval 0.850 to 0.940; n = 200; chance 0.005; target >= 0.880: reached)'
        """
        notes = []
        if self.low is not None and self.high is not None:
            notes.append(f"95 % interval {self.low:.3f} to {self.high:.3f}")
        notes.append(f"n = {self.n}")
        if self.chance is not None:
            notes.append(f"chance {self.chance:.3f}")
        if self.target is not None:
            sign = "<=" if self.lower_is_better else ">="
            word = "reached" if self.reached else "missed"
            notes.append(f"target {sign} {self.target:.3f}: {word}")
        return f"{self.name} {self.value:.3f} ({'; '.join(notes)})"

    def to_json(self) -> dict[str, Any]:
        """The figure as plain values."""
        names = ("name", "value", "n", "low", "high", "chance", "target", "reached")
        return {name: getattr(self, name) for name in names}


@dataclass(frozen=True, slots=True)
class Report:
    """What one suite measured.

    Attributes:
        suite: Its name.
        figures: The numbers.
        how: How they were measured: rule, normaliser, sizes; name → words or number.
        misses: Cases that went wrong, a sentence each.
    """

    suite: str
    figures: tuple[Figure, ...]
    how: Mapping[str, str | int | float] = field(default_factory=dict)
    misses: tuple[str, ...] = ()

    @property
    def passed(self) -> bool:
        """Whether every figure with a target reached it."""
        return all(figure.reached is not False for figure in self.figures)

    def lines(self) -> list[str]:
        """The report for people."""
        return [
            self.suite,
            *(f"  {figure.line()}" for figure in self.figures),
            *(f"  {name}: {value}" for name, value in self.how.items()),
            *(f"  miss: {miss}" for miss in self.misses),
        ]

    def to_json(self) -> dict[str, Any]:
        """The report for programs."""
        return {
            "suite": self.suite,
            "passed": self.passed,
            "figures": [figure.to_json() for figure in self.figures],
            "how": dict(self.how),
            "misses": list(self.misses),
        }


@dataclass(frozen=True, slots=True)
class BenchReport(Report):
    """A :class:`Report` whose figures are ratios against a yardstick measured in the same run."""


def wilson(successes: int, n: int, z: float = 1.959964) -> tuple[float, float]:
    """95 % interval of a share; honest for few cases and near 0 or 1 (Wilson 1927, eq. for p).

    Args:
        successes: 0 to n.
        n: Number of cases, from 1.
        z: Quantile of the normal distribution.

    >>> [round(x, 3) for x in wilson(18, 20)]
    [0.699, 0.972]
    """
    share, spread = successes / n, z * z / n
    middle = (share + spread / 2) / (1 + spread)
    half = z / (1 + spread) * (share * (1 - share) / n + spread / (4 * n)) ** 0.5
    return max(0.0, middle - half), min(1.0, middle + half)
