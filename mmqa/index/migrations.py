"""Catalogues of earlier formats, brought up to date in one transaction.

Knows: how each format differs from the one after it. Refuses to know: who holds the lock (the
caller must), and FAISS: files are derived, so a new format makes them anew.

Format 1 → 2: a checksum in every row; times, tags and metadata of files; all vectors of a segment
in one row. Format 2 → 3: a hubness among pictures too, so fused vectors are wider: FAISS files are
made anew. What was said is a modality of its own in format 3: an index of files has another width
than its fuser now, and says so when it is opened, with the remedy (``mmqa rebuild``).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from mmqa.index import digests, rows, schema
from mmqa.index.identity import DOCUMENTS, IndexIdentity
from mmqa.records import Features, Modality

_ITEM_COLUMNS = (
    "taken_ns INTEGER",
    "tags TEXT NOT NULL DEFAULT '[]'",
    "metadata TEXT NOT NULL DEFAULT ''",
    "segment_count INTEGER NOT NULL DEFAULT 0",
    "digest INTEGER NOT NULL DEFAULT 0",
)
_SEGMENT_COLUMNS = (
    "words_digest INTEGER NOT NULL DEFAULT 0",
    "digest INTEGER NOT NULL DEFAULT 0",
)
_SMALL_TABLES = ("meta", "extractions", "calibration", "tombstones")
_AT_ONCE = 1000


def migrate(connection: sqlite3.Connection, folder: Path) -> int | None:
    """Bring the catalogue to the format of this mmqa.

    Args:
        connection: A writer's, without a transaction.
        folder: The index, for messages.

    Returns:
        The format it had, or ``None`` if there was nothing to do.

    Raises:
        IndexDamagedError: It cannot be read; nothing was changed.
        IndexMismatchError: A newer mmqa made it.
        IndexFolderError: The disk refused the change; nothing was changed.
    """
    version = found = schema.stored_version(connection, folder)
    if version in {0, schema.FORMAT_VERSION}:
        return None
    try:
        connection.execute("BEGIN IMMEDIATE")
        while version < schema.FORMAT_VERSION:
            _STEPS[version](connection)
            version += 1
        connection.execute(f"PRAGMA user_version = {version}")
        connection.execute("COMMIT")
    except sqlite3.Error as error:
        raise schema.unwritable(folder, error) from error
    except (ValueError, KeyError, TypeError) as error:
        raise schema.damaged(folder, f"format {found} does not hold what it should") from error
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
    return found


def _from_1(connection: sqlite3.Connection) -> None:
    for table, columns in (("items", _ITEM_COLUMNS), ("segments", _SEGMENT_COLUMNS)):
        for column in columns:
            connection.execute(f"ALTER TABLE {table} ADD COLUMN {column}")
    connection.execute("DROP INDEX segments_by_id")
    connection.execute("DROP INDEX tombstones_by_generation")
    for table in (*_SMALL_TABLES, "vectors"):
        connection.execute(f"ALTER TABLE {table} RENAME TO {table}_1")
    connection.execute("DROP TABLE faiss_segments")
    _make(connection, *_SMALL_TABLES, "vectors", "faiss_segments")
    _copy_small_tables(connection)
    _copy_vectors(connection)
    for table in (*_SMALL_TABLES, "vectors"):
        connection.execute(f"DROP TABLE {table}_1")
    _seal_segments(connection)
    _seal_items(connection)


def _from_2(connection: sqlite3.Connection) -> None:
    connection.execute("DELETE FROM faiss_segments")
    (text,) = connection.execute("SELECT value FROM meta WHERE name = 'identity'").fetchone()
    identity = IndexIdentity.from_json(text)
    blocks = 1 if identity.preset == DOCUMENTS else 2
    wider = replace(identity, width=identity.width + blocks)
    schema.set_meta(connection, "identity", wider.to_json())


def _make(connection: sqlite3.Connection, *tables: str) -> None:
    """Make tables of the present format, and the indexes that changed with them."""
    wanted = [f"CREATE TABLE {table} (" for table in tables]
    wanted += ["CREATE UNIQUE INDEX segments_by_id", "CREATE INDEX tombstones_by_generation"]
    for statement in schema.statements():
        if any(statement.startswith(beginning) for beginning in wanted):
            connection.execute(statement)


def _copy_small_tables(connection: sqlite3.Connection) -> None:
    for table in _SMALL_TABLES:
        for row in connection.execute(f"SELECT * FROM {table}_1").fetchall():  # noqa: S608
            _insert(connection, table, (*row, digests.of_values(*row)))


def _insert(connection: sqlite3.Connection, table: str, row: tuple[Any, ...]) -> None:
    marks = ", ".join("?" * len(row))
    connection.execute(f"INSERT INTO {table} VALUES ({marks})", row)  # noqa: S608  # our own names


def _copy_vectors(connection: sqlite3.Connection) -> None:
    for number in _numbers(connection, "segments"):
        vectors, hubness = {}, {}
        for name, blob, h in connection.execute(
            "SELECT modality, vector, hubness FROM vectors_1 WHERE segment = ?", (number,)
        ):
            modality: Modality = name
            vectors[modality] = np.frombuffer(blob, "<f2").astype(np.float32)
            hubness[modality] = float(h)
        _insert(connection, "vectors", rows.vector_row(number, Features(vectors, hubness)))


def _seal_segments(connection: sqlite3.Connection) -> None:
    total = 0
    for number in _numbers(connection, "segments"):
        (body,) = connection.execute(
            "SELECT body FROM words WHERE rowid = ?", (number,)
        ).fetchone() or ("",)
        connection.execute(
            "UPDATE segments SET words_digest = ? WHERE number = ?",
            (digests.of_text(body), number),
        )
        row = _seal(connection, "segments", rows.SEGMENT_COLUMNS, number)
        total += digests.of_row(number, rows.KIND_CODES[row[4]])
    schema.set_meta(connection, "rows", total % 2**64)


def _seal_items(connection: sqlite3.Connection) -> None:
    connection.execute(
        """UPDATE items SET segment_count =
            (SELECT count(*) FROM segments WHERE segments.item = items.number)"""
    )
    for number in _numbers(connection, "items"):
        _seal(connection, "items", rows.ITEM_COLUMNS, number)


def _seal(connection: sqlite3.Connection, table: str, columns: str, number: int) -> Any:
    sql = f"SELECT {columns} FROM {table} WHERE number = ?"  # noqa: S608  # our own names
    row = connection.execute(sql, (number,)).fetchone()
    connection.execute(
        f"UPDATE {table} SET digest = ? WHERE number = ?",  # noqa: S608
        (digests.of_values(*row[:-1]), number),
    )
    return row


def _numbers(connection: sqlite3.Connection, table: str) -> Iterator[int]:
    """All rowids, read in pieces, so that rows may be changed in between."""
    sql = f"SELECT number FROM {table} WHERE number > ? ORDER BY number LIMIT ?"  # noqa: S608
    last = 0
    while some := connection.execute(sql, (last, _AT_ONCE)).fetchall():
        yield from (number for (number,) in some)
        last = some[-1][0]


_STEPS: dict[int, Callable[[sqlite3.Connection], None]] = {1: _from_1, 2: _from_2}
