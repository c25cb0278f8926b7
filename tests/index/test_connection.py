import os
import sqlite3
from contextlib import closing

import pytest

from mmqa.errors import IndexDamagedError, IndexMissingError
from mmqa.index.connection import Place, connect
from mmqa.index.schema import FILE_NAME


@pytest.fixture(params=["plain", "a ?mode=memory#%41 é", os.fsdecode(b"\xff\xfe")])
def folder(tmp_path, request):
    place = tmp_path / request.param
    place.mkdir()
    with closing(connect(place, writable=True)) as writer:
        writer.execute("CREATE TABLE t (a)")
        writer.execute("INSERT INTO t VALUES (7)")
    return place


def test_a_reader_reads_under_whatever_name_and_cannot_write(folder):
    with closing(connect(folder, writable=False)) as reader:
        assert reader.execute("SELECT a FROM t").fetchall() == [(7,)]
        with pytest.raises(sqlite3.OperationalError, match="readonly"):
            reader.execute("INSERT INTO t VALUES (8)")
    assert [path.name for path in folder.iterdir()] == [FILE_NAME]


def test_commits_are_synced_in_full_and_logged(folder):
    with closing(connect(folder, writable=True)) as writer:
        assert writer.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        assert writer.execute("PRAGMA synchronous").fetchone() == (2,)
        assert writer.execute("PRAGMA foreign_keys").fetchone() == (1,)


def test_a_reader_makes_no_catalogue(tmp_path):
    with pytest.raises(IndexMissingError, match="there is no index"):
        connect(tmp_path, writable=False)
    assert list(tmp_path.iterdir()) == []


def test_a_place_knows_whether_another_file_is_there(folder, tmp_path):
    place = Place.of(folder)
    assert not place.changed()
    with closing(connect(folder, writable=True)) as writer:
        writer.execute("INSERT INTO t VALUES (8)")
        assert not place.changed()
    kept = (folder / FILE_NAME).rename(tmp_path / "kept")
    assert place.changed()
    (folder / FILE_NAME).write_bytes(kept.read_bytes())
    assert place.changed()
    kept.replace(folder / FILE_NAME)
    assert not place.changed()


def test_damage_that_sqlite_quotes_need_not_be_text(tmp_path):
    with closing(connect(tmp_path, writable=True)) as writer:
        writer.execute("CREATE TABLE named (a)")
        writer.execute("CREATE INDEX other ON named (a)")
    path = tmp_path / FILE_NAME
    content = path.read_bytes().replace(b"INDEX other", b"INDEX oth\xff\xfe")
    path.write_bytes(content.replace(b"CREATE TABLE named (a)", b"CREATE TABLE named \xff\xfea)"))
    with pytest.raises(IndexDamagedError, match="cannot be read"):
        connect(tmp_path, writable=False)
