"""Charts of a report: bars with their intervals, laid out in numbers, not in a drawing program.

Knows: how numbers are written, and where each part of a chart lies. Refuses to know: colours and
fonts (the page has them), and what the numbers mean.
"""

from __future__ import annotations

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
    """

    label: str
    value: float
    low: float | None = None
    high: float | None = None
    target: float | None = None
    chance: float | None = None
    reached: bool | None = None


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

    >>> number(0.12345), number(3), number(None), number("a")
    ('0.123', '3', '', 'a')
    """
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:.3f}" if isinstance(value, float) else plain(value)


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


_LABELS, _BARS, _NUMBERS, _ROW, _TOP = 330, 400, 150, 26, 24
_LONGEST_LABEL = 52


def drawn(chart: Chart) -> Drawn:
    """Where everything of a chart lies."""
    low, high = _scale(chart.bars)

    def across(value: float) -> float:
        return round(_LABELS + _BARS * (value - low) / (high - low), 1)

    rows = [_row(bar, _TOP + n * _ROW, across) for n, bar in enumerate(chart.bars)]
    steps = [low + (high - low) * n / 4 for n in range(5)]
    return Drawn(
        _LABELS + _BARS + _NUMBERS,
        _TOP + _ROW * len(rows) + 8,
        _LABELS,
        across(0.0),
        tuple((across(step), f"{step:.2f}") for step in steps),
        tuple(rows),
        "; ".join(f"{plain(bar.label)} {number(bar.value)}" for bar in chart.bars),
    )


def _scale(bars: Sequence[Bar]) -> tuple[float, float]:
    """From 0, or the least there is, to the most there is, in tenths; 0–1 where that is near."""
    ends = [v for b in bars for v in (b.value, b.low, b.high, b.target) if v is not None]
    low, high = min([0.0, *ends]), max([0.1, *ends])
    high = 1.0 if 0.7 < high <= 1.0 else high
    return (-(-(-low * 10) // 1) / 10 if low < 0 else 0.0), -(-high * 10 // 1) / 10


def _row(bar: Bar, y: int, across: Any) -> dict[str, Any]:
    label = plain(bar.label)
    short = label if len(label) <= _LONGEST_LABEL else label[: _LONGEST_LABEL - 1] + "…"
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
        "label": short,
        "title": label,
        "number": number(bar.value) + interval,
        "state": {True: "met", False: "missed", None: "plain"}[bar.reached],
    }
