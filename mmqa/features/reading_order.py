"""Lines of text found anywhere in a picture → one text, in the order a person reads.

Knows: boxes. Refuses to know: how they were found.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

PROSE_CHARACTERS = 15
"""Lines at least this long on both sides of a gutter make two columns; shorter ones a table."""
PROSE_LINES = 3
"""Fewest lines of a column."""


@dataclass(frozen=True, slots=True)
class Line:
    """A piece of text and the upright box around it, in pixels."""

    text: str
    left: float
    top: float
    right: float
    bottom: float

    @property
    def height(self) -> float:
        """Height of the box, in pixels."""
        return self.bottom - self.top


def read(lines: Sequence[Line]) -> str:
    r"""Columns of prose one after the other, rows from top to bottom, a row from left to right.

    What stands side by side in a row, a name and its price, stays in one line.

    >>> read([Line("4.20", 90, 11, 120, 20), Line("Tea", 0, 10, 30, 20), Line("Menu", 0, 0, 40, 9)])
    'Menu\nTea 4.20'
    """
    gutter = _gutter(lines)
    if gutter is not None:
        sides = ([x for x in lines if x.right <= gutter], [x for x in lines if x.right > gutter])
        return "\n".join(read(side) for side in sides)
    rows = (sorted(row, key=lambda line: line.left) for row in _rows(lines))
    return "\n".join(" ".join(line.text for line in row) for row in rows)


def _gutter(lines: Sequence[Line]) -> float | None:
    """Where a white strip from top to bottom parts two columns of prose, if one does."""
    ordered = sorted(lines, key=lambda line: line.left)
    reach = float("-inf")
    for at, line in enumerate(ordered):
        if line.left > reach and _is_prose(ordered[:at]) and _is_prose(ordered[at:]):
            return (reach + line.left) / 2
        reach = max(reach, line.right)
    return None


def _is_prose(lines: Sequence[Line]) -> bool:
    if len(lines) < PROSE_LINES:
        return False
    return median(_characters(line.text) for line in lines) >= PROSE_CHARACTERS


def _characters(text: str) -> int:
    """Length of ``text``; a character of Chinese, Japanese or Korean counts as two."""
    return sum(2 if ord(character) >= 0x2E80 else 1 for character in text)


def _rows(lines: Sequence[Line]) -> list[list[Line]]:
    rows: list[list[Line]] = []
    for line in sorted(lines, key=lambda line: line.top + line.bottom):
        if rows and _same_row(rows[-1][-1], line):
            rows[-1].append(line)
        else:
            rows.append([line])
    return rows


def _same_row(a: Line, b: Line) -> bool:
    shared = min(a.bottom, b.bottom) - max(a.top, b.top)
    return shared > min(a.height, b.height) / 2
