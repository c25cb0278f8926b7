"""A damaged catalogue: what can still be read and agrees with its checksums, in a new one.

Knows: how to read round damage, and how a new catalogue takes the place of the old one. Refuses to
know: FAISS files and calibration; both are derived and made anew afterwards.

Every row is fetched by its number, so that a page that cannot be read costs only what is on it. A
file of which anything is lost is left out whole: adding it again takes it in again.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import time
import tomllib
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mmqa.errors import IndexDamagedError, IndexFolderError
from mmqa.index import digests, rows, schema, seal
from mmqa.index.connection import connect
from mmqa.index.files import TEMPORARY, sync_folder
from mmqa.index.identity import FILE_NAME as IDENTITY_FILE
from mmqa.index.identity import IndexIdentity
from mmqa.index.transaction import Transaction
from mmqa.interfaces import Fuser
from mmqa.records import Features, Segment

DAMAGED = ".damaged"
"""Suffix under which the old catalogue is kept, until compaction."""

_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Repair:
    """What became of a damaged catalogue.

    Attributes:
        saved: Files that are in the new one.
        lost: Files that are not, as far as their names could be read; add them again.
        unnamed: Files that are not, and whose names could not be read.
        kept: Where the old catalogue lies.
    """

    saved: int
    lost: tuple[Path, ...]
    unnamed: int
    kept: Path


def repair(folder: Path, fuser: Fuser) -> Repair:
    """Put a new catalogue with all that can be saved in the place of the old one.

    Args:
        folder: The index; the caller holds the writer lock, and nothing else is open here.
        fuser: That of the index.

    Raises:
        IndexDamagedError: Not even the tables can be read, or what made the index is not known.
        IndexFolderError: The disk refused the new catalogue; the old one is where it was.
    """
    path = folder / schema.FILE_NAME
    fresh = path.with_name(path.name + TEMPORARY)
    fresh.unlink(missing_ok=True)
    try:
        with (
            closing(connect(folder, writable=True)) as old,
            closing(sqlite3.connect(fresh)) as new,
        ):
            schema.require_current(old, folder)
            new.isolation_level = None
            new.execute(f"PRAGMA page_size = {schema.PAGE_BYTES}")
            new.execute("PRAGMA synchronous = FULL")
            new.execute("PRAGMA foreign_keys = ON")
            schema.initialise(new, folder, _identity(old, folder).to_json())
            _go_on_from(old, new)
            saved, lost, unnamed = _Rescue(old, new, folder, fuser).run()
            with suppress(sqlite3.Error):  # what cannot be put away is kept beside it
                old.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        kept = _swap(path, fresh)  # nothing is open here now: closing a copy would drop its locks
    except sqlite3.Error as error:
        raise schema.unwritable(folder, error) from error
    except OSError as error:
        fact = f"the catalogue of {str(folder)!r} cannot be replaced: {error.strerror}"
        raise IndexFolderError(folder, fact, "Check disk and permissions.") from error
    finally:
        fresh.unlink(missing_ok=True)
    return Repair(saved, tuple(lost), unnamed, kept)


def _identity(old: sqlite3.Connection, folder: Path) -> IndexIdentity:
    """As the catalogue has it; else as ``index.toml`` tells people."""
    with suppress(sqlite3.Error, rows.DamagedRowError):
        row = old.execute("SELECT name, value, digest FROM meta WHERE name = 'identity'").fetchone()
        if row is not None:
            return IndexIdentity.from_json(rows.checked("meta", row)[1])
    try:
        told = tomllib.loads((folder / IDENTITY_FILE).read_text(encoding="utf-8"))
        return IndexIdentity(told["preset"], told["fingerprints"], told["fusion"], told["width"])
    except (OSError, ValueError, KeyError) as error:
        raise IndexDamagedError(
            folder,
            f"nothing in {str(folder)!r} tells any more what the index was made with",
            "Delete the folder and add the files again.",
        ) from error


def _go_on_from(old: sqlite3.Connection, new: sqlite3.Connection) -> None:
    """A reader that holds the old catalogue must not take the new one for the same generation."""
    with suppress(sqlite3.Error, rows.DamagedRowError):
        for name in ("generation", "epoch"):
            sql = "SELECT name, value, digest FROM meta WHERE name = ?"
            row = old.execute(sql, (name,)).fetchone()
            schema.set_meta(new, name, int(rows.checked("meta", row)[1]) + 1 if row else _now())
        return
    for name in ("generation", "epoch"):
        schema.set_meta(new, name, _now())


def _now() -> int:
    return int(time.time())


class _Rescue:
    """Copies files one by one; see the module."""

    def __init__(
        self, old: sqlite3.Connection, new: sqlite3.Connection, folder: Path, fuser: Fuser
    ) -> None:
        self._old, self._new, self._folder, self._fuser = old, new, folder, fuser

    def run(self) -> tuple[int, list[Path], int]:
        """Number of files saved, paths of those lost, number of those without a name."""
        owned = self._segments_by_item()
        saved, lost, unnamed = 0, [], 0
        numbers = range(1, self._last("items", owned) + 1)
        for start in range(0, len(numbers), _AT_ONCE):
            with self._transaction() as change:
                for number in numbers[start : start + _AT_ONCE]:
                    row = self._row("items", rows.ITEM_COLUMNS, "number", number)
                    if row is None:
                        unnamed += number in owned
                    elif self._copy(change, row, owned.get(number, [])):
                        saved += 1
                    else:
                        lost.append(rows.item_of(row).path)
        self._copy_extractions()
        return saved, lost, unnamed

    def _copy(self, change: Transaction, row: tuple[Any, ...], owned: list[int]) -> bool:
        """Whether everything of this file could be read and was copied."""
        found = [self._segment(number, row) for number in owned]
        whole = sorted((one for one in found if one is not None), key=lambda one: one[0].ordinal)
        if len(whole) != row[-2]:
            return False
        change.put(
            rows.item_of(row),
            [segment for segment, _, _ in whole],
            [features for _, features, _ in whole],
            [words for _, _, words in whole],
            phash=row[8],
        )
        return True

    def _segment(self, number: int, item: tuple[Any, ...]) -> tuple[Segment, Features, str] | None:
        """A segment with its vectors and words, if all can be read and agree."""
        row = self._row("segments", rows.SEGMENT_COLUMNS, "number", number)
        sql = f"SELECT {rows.VECTOR_COLUMNS} FROM vectors WHERE segment = ?"  # noqa: S608
        vectors = self._read(sql, number)
        body = self._read("SELECT body FROM words WHERE rowid = ?", number)
        if row is None or vectors is None or body is None:
            return None
        if not isinstance(body[0], str) or digests.of_text(body[0]) != row[-2]:
            return None
        try:
            return rows.segment_of((*row, *item)), rows.features_of(vectors), body[0]
        except rows.DamagedRowError:
            return None

    def _segments_by_item(self) -> dict[int, list[int]]:
        owned: dict[int, list[int]] = {}
        for number in range(1, self._last("segments", {}) + 1):
            row = self._row("segments", rows.SEGMENT_COLUMNS, "number", number)
            if row is not None:
                owned.setdefault(row[1], []).append(number)
        return owned

    def _last(self, table: str, owned: dict[int, list[int]]) -> int:
        """The highest number that a row can have, from whatever can still tell it."""
        told = [max(owned, default=0)]
        for sql in (
            f"SELECT seq FROM sqlite_sequence WHERE name = '{table}'",  # noqa: S608
            f"SELECT max(number) FROM {table}",  # noqa: S608
        ):
            row = self._read(sql)
            if row is not None and isinstance(row[0], int):
                told.append(row[0])
        return max(told)

    def _row(self, table: str, columns: str, key: str, number: int) -> tuple[Any, ...] | None:
        """One row, if it can be read and is as it was written."""
        sql = f"SELECT {columns} FROM {table} WHERE {key} = ?"  # noqa: S608  # our own names
        row = self._read(sql, number)
        try:
            return None if row is None or not rows.checked(table, row) else row
        except rows.DamagedRowError:
            return None

    def _read(self, sql: str, *values: object) -> tuple[Any, ...] | None:
        try:
            found = self._old.execute(sql, values).fetchone()
        except sqlite3.Error:
            return None
        return None if found is None else tuple(found)

    def _copy_extractions(self) -> None:
        """What cannot be read can be extracted again, so it is not told."""
        last = self._read("SELECT max(rowid) FROM extractions") or (0,)
        with self._transaction() as change:
            for number in range(1, int(last[0] or 0) + 1):
                columns = "sha256, fingerprint, payload, digest"
                row = self._row("extractions", columns, "rowid", number)
                if row is not None:
                    change.put_extraction(row[0], row[1], row[2])

    @contextmanager
    def _transaction(self) -> Iterator[Transaction]:
        self._new.execute("BEGIN IMMEDIATE")
        try:
            change = Transaction(self._folder, self._new, self._fuser)
            yield change
            change.seal()
            self._new.execute("COMMIT")
        except BaseException:
            if self._new.in_transaction:
                self._new.execute("ROLLBACK")
            raise


def _swap(path: Path, fresh: Path) -> Path:
    """The old catalogue is kept beside the new one, with the log that belongs to it."""
    kept = path.with_name(path.name + DAMAGED)
    for suffix in ("", "-wal"):
        source, target = Path(f"{path}{suffix}"), Path(f"{kept}{suffix}")
        target.unlink(missing_ok=True)
        if source.exists():
            _keep(source, target)
    for suffix in ("-wal", "-shm"):
        Path(f"{path}{suffix}").unlink(missing_ok=True)
    seal.take_off(path.parent)
    with fresh.open("rb") as file:
        os.fsync(file.fileno())
    fresh.replace(path)
    sync_folder(path.parent)
    return kept


def _keep(source: Path, target: Path) -> None:
    try:
        target.hardlink_to(source)
    except OSError:  # a file system without links
        shutil.copy2(source, target)


def forget_damaged(folder: Path) -> None:
    """Delete catalogues that were replaced: they hold what has been removed since."""
    for path in folder.glob(f"{schema.FILE_NAME}{DAMAGED}*"):
        path.unlink()
