import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from mmqa.errors import IndexDamagedError, IndexLockedError
from mmqa.index.store import IndexStore

PATHS = [Path(f"/photos/{n}.png") for n in range(300)]


@pytest.fixture
def folder(opened, fill, tmp_path):
    with opened() as store:
        fill(store, [str(path) for path in PATHS], n=2, words="ferry " * 40)
        with store.transaction() as change:
            change.tag(PATHS[7], add=["sea"])
            change.put_extraction("abc", "ocr", b"payload")
            change.remove(PATHS[3])
        store.compact()
    return tmp_path / "index"


def pages_of(folder, table):
    with closing(sqlite3.connect(folder / "catalogue.sqlite")) as catalogue:
        catalogue.execute("PRAGMA query_only = ON")
        sql = "SELECT pageno FROM dbstat WHERE name = ? AND pagetype = 'leaf'"
        try:
            return [page for (page,) in catalogue.execute(sql, (table,))]
        except sqlite3.OperationalError:  # built without dbstat: any page but the first will do
            size = (folder / "catalogue.sqlite").stat().st_size // 8192
            return list(range(size // 2, size))


def overwrite(folder, page):
    content = bytearray((folder / "catalogue.sqlite").read_bytes())
    content[8192 * (page - 1) : 8192 * page] = os.urandom(8192)
    (folder / "catalogue.sqlite").write_bytes(content)


def test_a_sound_index_is_left_alone(folder, fuser):
    before = (folder / "catalogue.sqlite").read_bytes()
    assert IndexStore.repair(folder, fuser) is None
    assert (folder / "catalogue.sqlite").read_bytes() == before


@pytest.mark.parametrize("table", ["vectors", "segments", "items", "words_content"])
def test_a_page_that_cannot_be_read_costs_only_the_files_on_it(folder, fuser, table):
    overwrite(folder, pages_of(folder, table)[-1])
    found = IndexStore.repair(folder, fuser)
    assert found is not None
    assert found.saved + len(found.lost) + found.unnamed == 299
    assert found.saved >= 200
    assert found.kept.is_file()
    with IndexStore.open(folder, None, fuser, writable=True) as store:
        store.rebuild()
        assert store.verify() == []
        assert store.count == 2 * found.saved
        there = {item.path for item in store.items()}
        assert there.isdisjoint(found.lost)
        for path in sorted(there)[:20]:
            (first, _) = store.item_rowids(path)
            with store.snapshot() as view:
                assert view.search(view.fused([first])[0], 1)[0] == [first]


def test_rows_that_were_changed_cost_their_file_and_nothing_else(folder, fuser):
    with IndexStore.open(folder, None, fuser, writable=True) as store:
        numbers = store.item_rowids(PATHS[9])
        with store.transaction() as change:
            sql = "UPDATE vectors SET vectors = zeroblob(32) WHERE segment = ?"
            change.execute(sql, numbers[1])
    found = IndexStore.repair(folder, fuser)
    assert found is not None
    assert (found.saved, found.lost, found.unnamed) == (298, (PATHS[9],), 0)
    with IndexStore.open(folder, None, fuser) as store:
        assert store.known(PATHS[9]) is None
        assert store.known(PATHS[7]).tags == ("sea",)
        assert store.verify() == []


def test_an_identity_that_cannot_be_read_is_taken_from_the_file_for_people(folder, fuser, identity):
    with closing(sqlite3.connect(folder / "catalogue.sqlite")) as catalogue, catalogue:
        catalogue.execute("UPDATE meta SET value = '{}' WHERE name = 'identity'")
    with pytest.raises(IndexDamagedError, match="'identity' of meta"):
        IndexStore.open(folder, None, fuser)
    found = IndexStore.repair(folder, fuser)
    assert found is not None
    assert (found.saved, found.lost) == (299, ())
    with IndexStore.open(folder, identity, fuser) as store:
        assert store.count == 598


def test_without_either_nothing_is_touched(folder, fuser):
    with closing(sqlite3.connect(folder / "catalogue.sqlite")) as catalogue, catalogue:
        catalogue.execute("DELETE FROM meta WHERE name = 'identity'")
    (folder / "index.toml").unlink()
    before = sorted((p.name, p.stat().st_size) for p in folder.glob("catalogue*"))
    with pytest.raises(IndexDamagedError, match="Delete the folder and add the files again"):
        IndexStore.repair(folder, fuser)
    after = sorted((p.name, p.stat().st_size) for p in folder.glob("catalogue*"))
    assert after == before


def test_a_file_that_is_no_database_any_more_is_told(folder, fuser):
    content = bytearray((folder / "catalogue.sqlite").read_bytes())
    content[:4] = b"oops"
    (folder / "catalogue.sqlite").write_bytes(content)
    with pytest.raises(IndexDamagedError, match="not a database"):
        IndexStore.repair(folder, fuser)


def test_an_index_that_is_being_written_is_not_repaired(opened, folder, fuser):
    opened()
    with pytest.raises(IndexLockedError):
        IndexStore.repair(folder, fuser)


def test_a_reader_of_the_damaged_catalogue_goes_on_in_the_new_one(folder, fuser):
    with IndexStore.open(folder, None, fuser) as reader:
        with reader.snapshot() as view:
            assert view.count == 598
        with closing(sqlite3.connect(folder / "catalogue.sqlite")) as catalogue, catalogue:
            catalogue.execute("UPDATE items SET sha256 = '' WHERE number = 11")
        found = IndexStore.repair(folder, fuser)
        assert found is not None
        assert (found.lost, found.unnamed) == ((), 1)  # its name is not to be believed either
        with reader.snapshot() as view:
            assert view.count == 596


def test_compaction_deletes_the_damaged_catalogue_with_all_that_was_removed_since(folder, fuser):
    with closing(sqlite3.connect(folder / "catalogue.sqlite")) as catalogue, catalogue:
        catalogue.execute("UPDATE items SET sha256 = '' WHERE number = 11")
    found = IndexStore.repair(folder, fuser)
    assert found is not None
    assert found.kept.is_file()
    with IndexStore.open(folder, None, fuser, writable=True) as store:
        store.compact()
    assert [path.name for path in folder.glob("*.damaged*")] == []
