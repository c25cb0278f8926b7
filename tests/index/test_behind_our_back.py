"""Every column of every row changed by somebody else's SQL: ``verify`` names it."""

from __future__ import annotations

import shutil
import sqlite3
import sys
from contextlib import closing
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from conftest import FUSER, IDENTITY
from flip_jobs import specimen

from mmqa.errors import IndexDamagedError
from mmqa.index.seal import FILE_NAME as SEAL
from mmqa.index.store import IndexStore

TABLES = (
    *("meta", "items", "segments", "vectors", "extractions", "calibration"),
    *("faiss_segments", "tombstones"),
)


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("behind") / "sound"
    specimen(folder)
    (folder / SEAL).unlink()
    return folder


def named(sound: Path, scratch: Path, sql: str) -> str:
    """What is said of an index after one statement behind its back."""
    shutil.rmtree(scratch, ignore_errors=True)
    shutil.copytree(sound, scratch)
    with closing(sqlite3.connect(scratch / "catalogue.sqlite")) as other, other:
        assert other.execute(sql).rowcount >= 1, sql
    try:
        with IndexStore.open(scratch, IDENTITY, FUSER, notice=lambda _: None) as store:
            return " ".join(map(str, store.verify()))
    except IndexDamagedError as error:
        return str(error)


def columns(sound: Path) -> list[tuple[str, str, int, object]]:
    """Table, column, rowid and value of the middle row of every table."""
    found = []
    with closing(sqlite3.connect(sound / "catalogue.sqlite")) as catalogue:
        for table in TABLES:
            names = [row[1] for row in catalogue.execute(f"PRAGMA table_info({table})")]
            rows = catalogue.execute(f"SELECT * FROM {table}").fetchall()
            assert rows, table
            middle = rows[len(rows) // 2]
            found += [
                (table, name, middle[0], value) for name, value in zip(names, middle, strict=True)
            ]
    return found


def changed(value: object) -> list[str]:
    """Other values, as SQL: of the same type, of another one, and none."""
    if isinstance(value, bytes):
        return [f"zeroblob({len(value)})", f"x'{value.hex()}00'", "x''", "7"]
    if isinstance(value, int | float):
        return [repr(value + 1), repr(-value - 1), "'text'"]
    if isinstance(value, str):
        return ["'other'", "''", "x'ff'", "7"] if value else ["'other'", "0"]
    return ["1", "'text'"]


def test_every_changed_value_is_named(sound: Path, tmp_path: Path) -> None:
    silent = []
    for table, column, key, value in columns(sound):
        first = columns_of_key[table]
        where = f"{first} = {key!r}" if isinstance(key, int) else f"{first} = '{key}'"
        for new in changed(value):
            sql = f"UPDATE {table} SET {column} = {new} WHERE {where}"
            try:
                said = named(sound, tmp_path / "scratch", sql)
            except sqlite3.IntegrityError:
                continue  # SQLite itself would not have it
            if not said:
                silent.append(sql)
    assert silent == []


columns_of_key = {
    **dict.fromkeys(("meta", "faiss_segments"), "name"),
    **dict.fromkeys(("items", "segments"), "number"),
    **dict.fromkeys(("vectors", "tombstones"), "segment"),
    "extractions": "sha256",
    "calibration": "modality",
}


@pytest.mark.parametrize("table", ["meta", "items", "segments", "vectors", "words"])
def test_every_row_that_is_gone_is_named(sound: Path, tmp_path: Path, table: str) -> None:
    with closing(sqlite3.connect(sound / "catalogue.sqlite")) as catalogue:
        column = "name" if table == "meta" else "rowid"
        keys = [key for (key,) in catalogue.execute(f"SELECT {column} FROM {table}")]
    for key in keys if table == "meta" else keys[:: len(keys) // 3]:
        sql = f"DELETE FROM {table} WHERE {column} = {key!r}"
        assert named(sound, tmp_path / "scratch", sql) or key == "calibrated_count", sql


@pytest.mark.parametrize(
    "sql",
    [
        "INSERT INTO words (rowid, body) VALUES (7000, 'ghost')",
        "UPDATE words SET body = 'ghost' WHERE rowid = 2",
        "UPDATE words_docsize SET sz = x'7f' WHERE id = 2",
        "DELETE FROM words_idx",
        "DELETE FROM words_data WHERE id > 10",
        "UPDATE sqlite_sequence SET seq = 3 WHERE name = 'segments'",
        "INSERT INTO items SELECT 7000, id, x'00', sha256, kind, size_bytes, mtime_ns, flags,"
        " phash, taken_ns, tags, metadata, segment_count, digest FROM items WHERE number = 1",
        "INSERT INTO tombstones SELECT number, 1, 0 FROM segments WHERE number = 1",
    ],
)
def test_what_was_put_in_or_bent_is_named(sound: Path, tmp_path: Path, sql: str) -> None:
    assert named(sound, tmp_path / "scratch", sql)
