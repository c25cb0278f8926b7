"""When files are merged: few files to search, each row rewritten seldom.

Knows: sizes. Refuses to know: how files are made.
"""

from __future__ import annotations

from collections.abc import Sequence

LEVEL_ROWS = 8_192
"""Rows that are worth a file while adding goes on."""
MERGED_ROWS = 8 * LEVEL_ROWS
"""Small files are merged to about this size while adding goes on, and no further."""


def while_adding(sizes: Sequence[int], pending: int) -> int | None:
    """How many of the last files to merge with the rows that no file covers.

    A row is written twice at most, whatever the size of the index, so adding never slows down.

    Args:
        sizes: Rows of each file, in order.
        pending: Rows that no file covers.

    Returns:
        The number of files, or ``None`` where there are too few rows to write any.

    >>> while_adding([], 100), while_adding([65_536, 8_192], 8_192)
    (None, 0)
    >>> while_adding([65_536] + 7 * [8_192], 8_192)
    7
    """
    if pending < LEVEL_ROWS:
        return None
    small = 0
    while small < len(sizes) and sizes[-1 - small] < MERGED_ROWS // 2:
        small += 1
    return small if pending + sum(sizes[len(sizes) - small :]) >= MERGED_ROWS else 0


def at_the_end(sizes: Sequence[int], pending: int) -> int | None:
    """How many of the last files to merge with the rows that no file covers, once adding is done.

    Afterwards every file holds more than twice the rows of all files after it, so there are at most
    log₃(n) + 1; and a row is written again only into a file half as large again as its old one: a
    handful of new rows never moves a million.

    Returns:
        The number of files, or ``None`` where there is nothing to do.

    >>> at_the_end([1_000_000, 3], 5), at_the_end([110, 30, 20], 1), at_the_end([10], 0)
    (1, 2, None)
    """
    rest = sum(sizes) + pending
    for place, size in enumerate(sizes):
        rest -= size
        if rest and size <= 2 * rest:
            return len(sizes) - place
    return 0 if pending else None
