"""An index of format 1 opens.

It was made by the code of that format (commit 1bd97d1): six pictures, one of them changed and one
removed after the FAISS file was written, a recording of three spans, a note whose name is no text,
a cached extraction, calibration.
"""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from mmqa.errors import IndexDamagedError, IndexLockedError
from mmqa.fusion.concat import ConcatFuser
from mmqa.index import schema, store
from mmqa.index.lock import WriterLock
from mmqa.index.store import IndexStore
from mmqa.records import Calibration, Filter

OLD = Path(__file__).parent / "data" / "format-1"
PATHS = [
    *(Path(f"/photos/{n}.png") for n in (0, 1, 2, 5)),
    Path("/talks/a.wav"),
    Path("/photos/4.png"),
    Path("/notes/\udcff b.txt"),
]


@pytest.fixture
def folder(tmp_path):
    shutil.copytree(OLD, tmp_path / "old")
    return tmp_path / "old"


def layout(path):
    """Columns of every table, and every index, as SQLite tells them."""
    with closing(sqlite3.connect(path)) as catalogue:
        names = catalogue.execute(
            "SELECT type, name FROM sqlite_schema WHERE name NOT LIKE 'sqlite_%' ORDER BY name"
        ).fetchall()
        columns = {
            name: [row[1:4] + row[5:] for row in catalogue.execute(f"PRAGMA table_info({name})")]
            for kind, name in names
            if kind == "table"
        }
        unique = {
            (name, index[1], index[2])
            for kind, name in names
            if kind == "table"
            for index in catalogue.execute(f"PRAGMA index_list({name})")
        }
        return names, columns, {one for one in unique if "autoindex" not in one[1]}


def test_all_that_was_in_it_is_there_and_found(folder, fuser):
    notices = []
    with IndexStore.open(folder, None, fuser, notice=notices.append) as store:
        assert [item.path for item in store.items()] == PATHS
        assert store.count == 9
        assert store.verify() == []
        assert store.calibration() == {
            "text": Calibration(0.1, 0.05),
            "visual": Calibration(0.2, 0.06),
        }
        assert store.extraction("abc", "ocr-1") == b"payload"
        assert store.find_segment(store.segment(1).id) == store.segment(1)
        assert store.features([1])[0].hubness == pytest.approx({"visual": 0.1, "text": 0.2})
        with store.snapshot() as view:
            for number in store.numbers(1, 100):
                own = view.fused([number])[0]
                assert number in view.search(own, 3)[0]
            assert [n for n, _ in view.lexical('"changed"', 5)] == store.item_rowids(PATHS[5])
            assert view.lexical('"word4"', 5) == []
            assert len(view.search(own, 99, Filter(kinds=("audio",)))[0]) == 3
    assert notices == [f"the index {str(folder)!r} had format 1; it has been brought to 3"]


def test_vectors_are_bit_for_bit_those_of_format_1(folder, fuser):
    with closing(sqlite3.connect(OLD / "catalogue.sqlite")) as old:
        sql = "SELECT segment, modality, vector FROM vectors"
        before = {(n, m): np.frombuffer(v, "<f2").tolist() for n, m, v in old.execute(sql)}
    with IndexStore.open(folder, None, fuser) as store:
        after = {
            (n, m): v.astype(np.float16).tolist()
            for ns, features in store.iter_vectors()
            for n, one in zip(ns, features, strict=True)
            for m, v in one.vectors.items()
        }
    assert after == before


def test_it_ends_as_a_new_catalogue_begins(folder, fuser, opened, tmp_path):
    opened().close()
    IndexStore.open(folder, None, fuser).close()
    assert layout(folder / schema.FILE_NAME) == layout(tmp_path / "index" / schema.FILE_NAME)


def test_adding_goes_on_in_it(folder, fuser, make):
    with IndexStore.open(folder, None, fuser, writable=True) as store:
        with store.transaction() as change:
            change.put(*make("/photos/9.png", words="later"))
        store.flush()
        assert store.verify() == []
        assert store.item_rowids(Path("/photos/9.png")) == [12]  # 3 and 5 are gone for good
    with IndexStore.open(folder, None, fuser) as store:
        assert store.count == 10


def test_it_is_left_alone_while_an_older_mmqa_writes(folder, fuser, monkeypatch):
    lock = WriterLock(folder)
    before = (folder / schema.FILE_NAME).read_bytes()
    monkeypatch.setattr(store, "MIGRATING_S", 0.1)
    with pytest.raises(IndexLockedError):
        IndexStore.open(folder, None, fuser)
    lock.release()
    assert (folder / schema.FILE_NAME).read_bytes() == before


def test_a_migration_that_fails_changes_nothing(folder, fuser):
    with closing(sqlite3.connect(folder / schema.FILE_NAME)) as old, old:
        old.execute("UPDATE segments SET kind = 'odour' WHERE number = 1")
    for _ in range(2):
        with pytest.raises(IndexDamagedError, match="format 1 does not hold"):
            IndexStore.open(folder, None, fuser)
    with closing(sqlite3.connect(folder / schema.FILE_NAME)) as old:
        assert old.execute("PRAGMA user_version").fetchone() == (1,)
        assert old.execute("SELECT count(*) FROM vectors").fetchone() == (18,)


# ------------------------------------------------------------------ format 2
# Made by the code of that format (commit f3fe4e7): three documents of width 4, one more removed;
# closed, and so sealed.

DOCUMENTS_FUSER = ConcatFuser(4, ("text",))


@pytest.fixture
def documents(tmp_path):
    shutil.copytree(OLD.parent / "format-2", tmp_path / "documents")
    return tmp_path / "documents"


def test_documents_of_format_2_are_there_and_found(documents):
    notices = []
    with IndexStore.open(documents, None, DOCUMENTS_FUSER, notice=notices.append) as opened:
        assert opened.identity.width == DOCUMENTS_FUSER.width
        assert opened.verify() == []
        assert opened.faiss_segments() == []  # vectors are wider now
        assert opened.features([1])[0].picture_hubness == {"text": 0.0}
        with opened.snapshot() as view:
            assert [view.search(view.fused([n])[0], 1)[0] for n in (1, 2, 3)] == [[1], [2], [3]]
    assert notices == [f"the index {str(documents)!r} had format 2; it has been brought to 3"]


def test_brought_up_to_date_by_a_reader_it_is_no_damaged_index_to_the_next(documents):
    IndexStore.open(documents, None, DOCUMENTS_FUSER).close()
    assert IndexStore.repair(documents, DOCUMENTS_FUSER) is None
    with IndexStore.open(documents, None, DOCUMENTS_FUSER, writable=True) as opened:
        assert opened.rebuild()
        assert opened.verify() == []


def test_what_the_seal_says_is_damaged_is_not_brought_up_to_date(documents):
    path = documents / schema.FILE_NAME
    damaged = bytearray(path.read_bytes())
    place = damaged.index(b"a lighthouse")
    damaged[place : place + 12] = b"a lightmouse"
    path.write_bytes(damaged)
    with pytest.raises(IndexDamagedError):
        IndexStore.open(documents, None, DOCUMENTS_FUSER)
    assert path.read_bytes() == damaged
    saved = IndexStore.repair(documents, DOCUMENTS_FUSER)
    assert saved is not None
    assert saved.saved + len(saved.lost) + saved.unnamed == 3
    with IndexStore.open(documents, None, DOCUMENTS_FUSER) as opened:
        assert opened.verify() == []
