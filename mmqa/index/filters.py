"""A filter as SQL: which rows may be found.

Knows: the columns that conditions are about. Refuses to know: who asks, and what is done with rows.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mmqa.records import Filter


def below(folder: Path) -> tuple[str, tuple[bytes, bytes, bytes]]:
    """Condition on ``items``: the file of this path, or below the folder of this path.

    Paths are compared as bytes, so the index on them is used: ``0`` is what follows ``/``.

    >>> below(Path("/trip"))[1]
    (b'/trip', b'/trip/', b'/trip0')
    """
    path = os.fsencode(folder).rstrip(b"/")
    return "(items.path = ? OR items.path >= ? AND items.path < ?)", (
        path,
        path + b"/",
        path + b"0",
    )


def rows_that(where: Filter) -> tuple[str, list[Any]]:
    """A query for the rowids of all segments that ``where`` lets through, and its values."""
    conditions, values = ["1"], []
    for condition, some in _conditions(where):
        conditions.append(condition)
        values.extend(some)
    sql = f"""SELECT segments.number FROM items JOIN segments ON segments.item = items.number
        WHERE {" AND ".join(conditions)}"""  # noqa: S608  # conditions are our own
    return sql, values


def _conditions(where: Filter) -> Iterator[tuple[str, list[Any]]]:
    if where.kinds:
        yield _one_of("segments.kind", len(where.kinds)), list(where.kinds)
    if where.folders:
        parts = [below(folder) for folder in where.folders]
        either = " OR ".join(condition for condition, _ in parts)
        yield f"({either})", [value for _, values in parts for value in values]
    if where.since_s is not None:
        yield "coalesce(items.taken_ns, items.mtime_ns) >= ?", [_ns(where.since_s)]
    if where.until_s is not None:
        yield "coalesce(items.taken_ns, items.mtime_ns) < ?", [_ns(where.until_s)]
    for tag in where.tags:
        yield "EXISTS (SELECT 1 FROM json_each(items.tags) WHERE value = ?)", [tag]
    for name, value in where.metadata:
        yield (
            "EXISTS (SELECT 1 FROM json_each(nullif(items.metadata, '')) "
            "WHERE key = ? AND value IS ? AND type NOT IN ('array', 'object'))",
            [name, value],
        )


def _one_of(column: str, count: int) -> str:
    return f"{column} IN ({', '.join('?' * count)})"


def _ns(time_s: float) -> int:
    """Nanoseconds, within what SQLite can hold."""
    return round(min(max(time_s, -9e9), 9e9) * 1e9)
