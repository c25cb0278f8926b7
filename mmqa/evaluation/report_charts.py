"""Charts of a report: bars with their intervals, laid out in numbers, not in a drawing program.

Knows: how numbers are written, and where each part of a chart lies. Refuses to know: colours and
fonts (the page has them), and what the numbers mean.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Cell = str | float | int | None
"""What stands in a table."""


@dataclass(frozen=True, slots=True)
class Bar:
    """One number of a chart.

    Attributes:
        label: What it is.
        value: The number.
        low: Lower end of its interval, or ``None``.
        high: Upper end.
        target: What is to be reached, or ``None``.
        chance: What guessing gives, or ``None``.
        reached: Whether the target is met; ``None`` without one.
        faint: Drawn paler than the others.
    """

    label: str
    value: float
    low: float | None = None
    high: float | None = None
    target: float | None = None
    chance: float | None = None
    reached: bool | None = None
    faint: bool = False


@dataclass(frozen=True, slots=True)
class Chart:
    """Bars, one below the other, on one scale."""

    title: str
    bars: tuple[Bar, ...]


def plain(text: object) -> str:
    r"""Text that any file can hold and any page can show: one line, no control characters.

    >>> plain("a\nb\x00c\udcff")
    'a b\\x00c\\udcff'
    """
    line = " ".join(str(text).split())
    readable = line.encode("utf-8", "backslashreplace").decode("utf-8")
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in readable)


def number(value: Cell) -> str:
    """How a cell is written: three digits after the point, nothing for ``None``.

    Counts are whole; what would be written as zero and is none says so.

    >>> number(0.12345), number(3), number(1623.0), number(0.0001), number(None), number("a")
    ('0.123', '3', '1623', '<0.001', '', 'a')
    """
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if not isinstance(value, float):
        return plain(value)
    if 0 < value < 0.0005:
        return "<0.001"
    return f"{value:.0f}" if value.is_integer() and abs(value) >= 10 else f"{value:.3f}"


@dataclass(frozen=True, slots=True)
class Drawn:
    """A chart in the units of its drawing.

    Attributes:
        width: Of the whole, in the drawing's units.
        height: Of the whole.
        left: Where bars may start.
        zero: Where the value 0 lies.
        ticks: (place, label) of the scale.
        rows: One a bar.
        words: The chart in words, for those who do not see it.
    """

    width: int
    height: int
    left: int
    zero: float
    ticks: tuple[tuple[float, str], ...]
    rows: tuple[Mapping[str, Any], ...]
    words: str


_BARS, _NUMBERS, _ROW, _TOP = 400, 150, 26, 24
_LETTER = 7.3  # of the font, on average, in the drawing's units
_LONGEST_LABEL = 43
_STEPS = (0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0)
_MOST_TICKS = 6


def drawn(chart: Chart) -> Drawn:
    """Where everything of a chart lies."""
    low, high, step = _scale(chart.bars)
    left = _label_width(chart.bars)

    def across(value: float) -> float:
        return round(left + _BARS * (value - low) / (high - low), 1)

    rows = [_row(bar, _TOP + n * _ROW, across) for n, bar in enumerate(chart.bars)]
    steps = [low + step * n for n in range(round((high - low) / step) + 1)]
    return Drawn(
        left + _BARS + _NUMBERS,
        _TOP + _ROW * len(rows) + 8,
        left,
        across(0.0),
        tuple((across(step), f"{step:.2f}") for step in steps),
        tuple(rows),
        "; ".join(f"{plain(bar.label)} {number(bar.value)}" for bar in chart.bars),
    )


def _label_width(bars: Sequence[Bar]) -> int:
    """Room for the longest label; the same for charts of short ones."""
    longest = max((len(_short(bar.label)) for bar in bars), default=0)
    return round(max(110.0, _LETTER * longest + 20))


def _short(label: str) -> str:
    told = plain(label)
    return told if len(told) <= _LONGEST_LABEL else told[: _LONGEST_LABEL - 1] + "…"


def _scale(bars: Sequence[Bar]) -> tuple[float, float, float]:
    """Least, most and step of a scale that holds 0 and every end, with at most six ticks."""
    ends = [v for b in bars for v in (b.value, b.low, b.high, b.target) if v is not None]
    low, high = min([0.0, *ends]), max([0.1, *ends])
    high = 1.0 if 0.7 < high <= 1.0 else high
    for step in _STEPS:
        first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
        if last - first < _MOST_TICKS:
            return first * step, last * step, step
    return low, high, high - low


def _row(bar: Bar, y: int, across: Any) -> dict[str, Any]:
    start, end = sorted((across(0.0), across(bar.value)))
    places = {
        name: None if value is None else across(value)
        for name, value in (("low", bar.low), ("high", bar.high), ("target", bar.target))
    }
    interval = "" if bar.low is None else f" [{number(bar.low)}, {number(bar.high)}]"
    return {
        **places,
        "chance": None if bar.chance is None else across(bar.chance),
        "y": y,
        "x": start,
        "length": round(max(end - start, 0.5), 1),
        "label": _short(bar.label),
        "title": plain(bar.label),
        "number": number(bar.value) + interval,
        "state": {True: "met", False: "missed", None: "plain"}[bar.reached]
        + (" faint" if bar.faint else ""),
    }
