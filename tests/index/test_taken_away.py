"""Files taken away or replaced while an index is open, and several processes on one index."""

from __future__ import annotations

import json
import os
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))
from crash_jobs import FUSER, IDENTITY, file_of, path_of
from place_jobs import found, put
from zygote import Job, Zygote

from mmqa.errors import IndexFolderError, IndexLockedError, IndexMismatchError, IndexMissingError
from mmqa.index.identity import IndexIdentity
from mmqa.index.lock import FILE_NAME as LOCK
from mmqa.index.store import IndexStore
from mmqa.records import Features

UNIT = np.eye(1, 8, dtype=np.float32)[0]
UNFIT = [
    ({"text": np.full(8, np.nan, np.float32)}, "text vector of segment 0 is not finite"),
    (
        {"visual": UNIT, "text": np.full(8, np.inf, np.float32)},
        "text vector of segment 0 is not finite",
    ),
    ({"text": UNIT[:3]}, r"shape \(3,\), not \(8,\)"),
    ({"text": UNIT, "acoustic": UNIT[:3]}, "differ in length"),
    ({"text": UNIT * 3}, "has length 3, not 1"),
    ({"text": UNIT * 0}, "has length 0, not 1"),
]


@pytest.fixture
def index(tmp_path: Path) -> Path:
    """Files 0 to 9, the first five in a FAISS file."""
    folder = tmp_path / "index"
    with IndexStore.create(folder, IDENTITY, FUSER) as store:
        put(store, *range(5))
        store.flush()
        put(store, *range(5, 10))
    return folder


@pytest.fixture
def reader(index: Path) -> Iterator[IndexStore]:
    """Open, and has searched."""
    with IndexStore.open(index, IDENTITY, FUSER) as store:
        assert found(store) == list(range(10))
        yield store


# ------------------------------------------------------------------ under a reader


def test_a_reader_of_a_folder_that_was_deleted_is_told(index: Path, reader: IndexStore) -> None:
    shutil.rmtree(index)
    for _ in range(2):
        with pytest.raises(IndexMissingError, match="there is no index"):
            found(reader)
        with pytest.raises(IndexMissingError, match=str(index)):
            reader.items()


def test_a_reader_follows_a_catalogue_that_was_put_in_the_place_of_its_own(
    index: Path, reader: IndexStore, tmp_path: Path
) -> None:
    with IndexStore.create(tmp_path / "other", IDENTITY, FUSER) as other:
        put(other, 3, 70, 71)
        other.flush()
    shutil.rmtree(index)
    shutil.copytree(tmp_path / "other", index)
    assert found(reader) == [3, 70, 71]
    assert reader.known(path_of(1)) is None
    assert reader.verify() == []


def test_a_reader_refuses_a_catalogue_of_another_make_for_as_long_as_it_is_there(
    index: Path, reader: IndexStore, tmp_path: Path
) -> None:
    identity = IndexIdentity("large", {"text_encoder": "t2"}, "concat", FUSER.width)
    with IndexStore.create(tmp_path / "other", identity, FUSER) as other:
        put(other, 3)
    kept = shutil.copytree(index, tmp_path / "kept")
    shutil.rmtree(index)
    shutil.copytree(tmp_path / "other", index)
    for _ in range(2):
        with pytest.raises(IndexMismatchError, match="'large', not 'embedded'"):
            found(reader)
    shutil.rmtree(index)
    shutil.copytree(kept, index)
    assert found(reader) == list(range(10))


def test_faiss_files_that_vanish_under_a_reader_are_not_missed(
    index: Path, reader: IndexStore
) -> None:
    shutil.rmtree(index / "segments")
    assert found(reader) == list(range(10))
    told: list[str] = []
    with IndexStore.open(index, IDENTITY, FUSER, notice=told.append) as another:
        assert found(another) == list(range(10))
    assert len(told) == 1
    with IndexStore.open(index, IDENTITY, FUSER, writable=True, notice=told.append) as writer:
        assert found(writer) == list(range(10))
        assert writer.verify() == []
    assert len(told) == 2


# ------------------------------------------------------------------ under a writer


def test_a_writer_never_acknowledges_into_a_folder_that_was_deleted(index: Path) -> None:
    with IndexStore.open(index, IDENTITY, FUSER, writable=True) as writer:
        put(writer, 20)
        shutil.rmtree(index)
        with pytest.raises(IndexFolderError, match=r"taken away or replaced.*Nothing was written"):
            put(writer, 21)
    assert not index.exists()


def test_a_writer_stops_when_its_lock_is_taken_away(index: Path) -> None:
    with IndexStore.open(index, IDENTITY, FUSER, writable=True) as first:
        put(first, 20)
        (index / LOCK).unlink()
        with IndexStore.open(index, IDENTITY, FUSER, writable=True) as second:
            put(second, 21)
            with pytest.raises(IndexFolderError, match="taken away while it was held"):
                put(first, 22)
            assert second.verify() == []
    with IndexStore.open(index, IDENTITY, FUSER) as store:
        assert found(store) == [*range(10), 20, 21]
        assert store.verify() == []


@pytest.mark.parametrize(
    "content", [b"\xff\xfe", b"{}", b"[1]", b"{" * 4000, b'{"generation": "x"}', b"[" * 4096]
)
def test_a_lock_file_with_garbage_in_it_still_locks(index: Path, content: bytes) -> None:
    (index / LOCK).write_bytes(content)
    with IndexStore.open(index, IDENTITY, FUSER, writable=True):
        (index / LOCK).write_bytes(content)
        with pytest.raises(IndexLockedError, match="another process is writing"):
            IndexStore.open(index, IDENTITY, FUSER, writable=True)
        with IndexStore.open(index, IDENTITY, FUSER) as reader:
            assert found(reader) == list(range(10))
            assert reader.verify() == []


def test_a_reader_needs_no_lock_file(index: Path) -> None:
    (index / LOCK).unlink()
    (index / LOCK).mkdir()
    with IndexStore.open(index, IDENTITY, FUSER) as reader:
        assert found(reader) == list(range(10))
    with pytest.raises(IndexFolderError, match="cannot be written: Is a directory"):
        IndexStore.open(index, IDENTITY, FUSER, writable=True)


def test_the_second_writer_is_told_process_and_host_of_another_process(index: Path) -> None:
    zygote = Zygote("crash_jobs")
    try:
        job = zygote.start("crash_jobs", "write", folder=str(index), plan=[])
        job.until("done")
        with pytest.raises(IndexLockedError, match=rf"process {job.pid} on {os.uname().nodename}"):
            IndexStore.open(index, IDENTITY, FUSER, writable=True)
        job.kill()
        job.rest()
        IndexStore.open(index, IDENTITY, FUSER, writable=True).close()
    finally:
        zygote.close()


# ------------------------------------------------------------------ what is not there


def test_taking_out_what_is_not_there_changes_nothing(index: Path) -> None:
    with IndexStore.open(index, IDENTITY, FUSER, writable=True) as store:
        before = store.meta("generation")
        with store.transaction() as change:
            assert change.remove(Path("/media/nowhere.png")) == 0
            assert not change.tag(Path("/media/nowhere.png"), add=["x"])
        assert store.meta("generation") == before
        assert store.find_item("0123456789ab") is None
        assert store.find_segment("0123456789ab.7") is None
        assert store.known(Path("/media/nowhere.png")) is None
        assert store.item_segments(Path("/media/nowhere.png")) == []
        for asked in ([10_000], [0], [-1]):
            with pytest.raises(KeyError):
                store.segments(asked)
        assert store.verify() == []


def test_a_refused_file_leaves_the_others_of_its_transaction_out_too(index: Path) -> None:
    item, segments, features, words = file_of(30, 1)
    with IndexStore.open(index, IDENTITY, FUSER, writable=True) as store:
        with pytest.raises(IndexFolderError, match="same id"), store.transaction() as change:
            change.put(*file_of(31, 1))
            change.put(item, [segments[0], segments[0]], [features[0]] * 2, [words[0]] * 2)
        assert found(store) == list(range(10))
        assert store.verify() == []


def test_a_refused_file_is_left_out_whole_where_the_others_go_on(index: Path) -> None:
    item, segments, features, words = file_of(31, 1)  # three segments, the last one with a taken id
    taken = file_of(1, 1)[1][0]
    wrong = [*segments[:-1], replace(segments[-1], id=taken.id)]
    with IndexStore.open(index, IDENTITY, FUSER, writable=True) as store:
        with store.transaction() as change:
            change.put(*file_of(30, 1))
            with pytest.raises(IndexFolderError, match="belongs to another one"):
                change.put(item, wrong, features, words)
            for vectors, fact in UNFIT:
                with pytest.raises(IndexFolderError, match=rf"31\.png' cannot be .*{fact}"):
                    change.put(item, segments, [Features(vectors)] * 3, words)
            with pytest.raises(IndexFolderError, match="64 bits"):
                change.put(replace(item, size_bytes=2**63), segments, features, words)
        assert found(store) == [*range(10), 30]
        assert store.verify() == []
        put(store, 31)
        assert found(store) == [*range(10), 30, 31]


# ------------------------------------------------------------------ several processes


def test_readers_in_other_processes_see_whole_generations_in_order(
    index: Path, tmp_path: Path
) -> None:
    ledger = tmp_path / "ledger.json"
    ledger.write_text(json.dumps({"there": [(n, 1) for n in range(5, 10)], "gone": []}))
    zygotes = [Zygote("crash_jobs") for _ in range(2)]
    try:
        readers = [
            one.start("crash_jobs", "read", folder=str(index), ledger=str(ledger))
            for one in zygotes
        ]
        keep_writing(index, 40)
        for reader in readers:
            assert_undisturbed(reader)
    finally:
        for one in zygotes:
            one.close()


def test_verifying_and_counting_beside_a_writer_finds_nothing_amiss(index: Path) -> None:
    zygote = Zygote("crash_jobs")
    try:
        checker = zygote.start("crash_jobs", "check", folder=str(index))
        checker.until("checked")
        keep_writing(index, 40, lambda: _all_is_well(index))
        assert_undisturbed(checker)
    finally:
        zygote.close()


def _all_is_well(index: Path) -> None:
    """As a thread of the same process sees it, in the middle of writing a FAISS file."""
    half = index / "segments" / "half.faiss.part"
    half.write_bytes(b"half")
    with IndexStore.open(index, IDENTITY, FUSER) as store:
        assert store.verify() == []
    half.unlink()


def keep_writing(index: Path, rounds: int, between: Callable[[], None] = lambda: None) -> None:
    """Adds, changes, removes, flushes and compacts."""
    with IndexStore.open(index, IDENTITY, FUSER, writable=True) as store:
        for number in range(100, 100 + rounds):
            put(store, number, number + 100)
            with store.transaction() as change:
                change.remove(path_of(number))
                if number < 105:
                    change.remove(path_of(number - 100))
            if number % 3 == 0:
                store.flush()
            if number % 10 == 0:
                store.compact()
                between()
            time.sleep(0.01)


def assert_undisturbed(job: Job) -> None:
    """It was at work until it was killed, and all was right."""
    job.kill()
    said = job.rest()
    assert [facts for word, facts in said if word == "raised"] == []
    assert said[-1][1]["rounds"] >= 10
