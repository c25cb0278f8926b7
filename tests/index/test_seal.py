"""The seal: on while nobody writes, off before the first change, believed only while it is on."""

import os
import sqlite3
import subprocess
import sys
from contextlib import closing

import pytest

from mmqa.errors import IndexDamagedError
from mmqa.index import seal
from mmqa.index.store import IndexStore


@pytest.fixture
def folder(opened, fill, tmp_path):
    with opened() as store:
        fill(store, [f"/a/{n}.png" for n in range(60)], words="ferry harbour")
        store.flush()
    return tmp_path / "index"


def change_byte(path, place):
    content = bytearray(path.read_bytes())
    content[place] ^= 0x40
    path.write_bytes(content)


def test_a_writer_that_ends_in_order_seals_and_leaves_no_log(folder):
    assert seal.is_on(folder)
    assert seal.damage(folder) == ""
    assert not (folder / "catalogue.sqlite-wal").exists()


def test_the_seal_is_off_from_the_first_change_until_the_writer_ends(folder, fuser, fill):
    with IndexStore.open(folder, None, fuser, writable=True) as store:
        assert seal.is_on(folder)
        fill(store, ["/a/new.png"])
        assert not seal.is_on(folder)
        with IndexStore.open(folder, None, fuser) as reader, reader.snapshot() as view:
            assert view.count == 61
    assert seal.is_on(folder)
    assert seal.damage(folder) == ""


def test_opening_and_reading_leave_the_seal_and_the_file_alone(folder, fuser):
    before = {path.name: path.read_bytes() for path in folder.glob("catalogue.*")}
    IndexStore.open(folder, None, fuser, writable=True).close()
    with IndexStore.open(folder, None, fuser) as reader, reader.snapshot() as view:
        view.lexical('"ferry"', 3)
    assert {path.name: path.read_bytes() for path in folder.glob("catalogue.*")} == before


@pytest.mark.parametrize("share", [0.0, 0.01, 0.3, 0.5, 0.7, 0.99])
def test_a_changed_byte_is_told_before_anything_is_answered(folder, fuser, share):
    path = folder / "catalogue.sqlite"
    place = 4000 + int(share * (path.stat().st_size - 4001))  # past what SQLite itself looks at
    change_byte(path, place)
    start = place // seal.PIECE_BYTES * seal.PIECE_BYTES
    assert seal.damage(folder).startswith(f"bytes were changed between {start} and ")
    with (
        pytest.raises(IndexDamagedError, match="mmqa rebuild"),
        IndexStore.open(folder, None, fuser) as reader,
        reader.snapshot(),
    ):
        pass
    with pytest.raises(IndexDamagedError):
        IndexStore.open(folder, None, fuser, writable=True)


def test_changed_bytes_are_repaired_and_sealed_again(folder, fuser):
    path = folder / "catalogue.sqlite"
    with closing(sqlite3.connect(path)) as catalogue:
        (page,) = catalogue.execute(
            "SELECT pageno FROM dbstat WHERE name = 'words_data' ORDER BY pageno DESC"
        ).fetchone()
    change_byte(path, 8192 * page - 40)
    assert IndexStore.repair(folder, fuser).saved == 60
    with IndexStore.open(folder, None, fuser, writable=True) as store:
        store.rebuild()
    with IndexStore.open(folder, None, fuser) as store:
        assert store.verify() == []
        with store.snapshot() as view:
            assert len(view.lexical('"ferry"', 99)) == 60
    assert seal.is_on(folder)


def test_a_file_that_was_cut_is_told_by_its_size(folder):
    path = folder / "catalogue.sqlite"
    size = path.stat().st_size
    os.truncate(path, size - 8192)
    assert seal.damage(folder) == f"it has {size - 8192} bytes, not {size}"


def test_a_seal_that_is_damaged_itself_is_told_by_verify_and_replaced(folder, fuser, fill):
    change_byte(folder / seal.FILE_NAME, 30)
    with IndexStore.open(folder, None, fuser) as store:
        assert [problem.kind for problem in store.verify()] == ["seal"]
        with store.snapshot() as view:
            assert view.count == 60
    with IndexStore.open(folder, None, fuser, writable=True) as store:
        store.rebuild()
    with IndexStore.open(folder, None, fuser) as store:
        assert store.verify() == []


def test_a_seal_from_before_a_change_is_not_believed_while_it_happens(folder, fuser, monkeypatch):
    """A reader compares; a writer takes the seal off and changes the file in the meantime."""
    real = seal._checksums

    def slow(path, piece_bytes):
        found = real(path, piece_bytes)
        seal.take_off(folder)
        return [found[0] + 1, *found[1:]]

    monkeypatch.setattr(seal, "_checksums", slow)
    assert seal.damage(folder) == ""


def test_looking_at_the_file_drops_no_lock_of_sqlite(opened, fill):
    store = opened()
    fill(store, ["/a.png"])
    assert store.count == 1  # this process reads and writes: SQLite holds a lock on the file
    program = (
        "import fcntl, sys\n"
        "with open(sys.argv[1], 'r+b') as file:\n"
        "    try:\n"
        "        fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB, 510, 0x40000002)\n"
        "    except OSError:\n"
        "        print('locked')\n"
    )

    def locked() -> bool:
        command = [sys.executable, "-c", program, str(store.folder / "catalogue.sqlite")]
        return subprocess.run(command, capture_output=True, check=True).stdout == b"locked\n"

    assert locked()
    seal.put_on(store.folder)
    assert seal.damage(store.folder) == ""
    assert locked()
