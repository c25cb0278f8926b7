"""Who holds the writer lock, and how long."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from mmqa import writing
from mmqa.errors import IndexLockedError
from mmqa.fusion.concat import ConcatFuser
from mmqa.index.identity import IndexIdentity
from mmqa.index.lock import WriterLock
from mmqa.index.store import IndexStore
from mmqa.writing import Writer

FUSER = ConcatFuser(2)
IDENTITY = IndexIdentity("documents", {}, "concat", FUSER.width)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    IndexStore.create(tmp_path / "index", IDENTITY, FUSER).close()
    return tmp_path / "index"


@pytest.fixture
def opened() -> list[IndexStore]:
    return []


@pytest.fixture
def writer(folder: Path, opened: list[IndexStore]) -> Iterator[Writer]:
    def opening() -> IndexStore:
        opened.append(IndexStore.open(folder, IDENTITY, FUSER, writable=True))
        return opened[-1]

    made = Writer(opening, folder)
    yield made
    made.release()


def is_locked(folder: Path) -> bool:
    try:
        WriterLock(folder).release()
    except IndexLockedError:
        return True
    return False


def eventually(condition: Callable[[], bool]) -> bool:
    until_s = time.monotonic() + 20
    while not condition() and time.monotonic() < until_s:
        time.sleep(0.01)
    return condition()


def test_changes_that_follow_each_other_share_one_writer(writer, opened, folder):
    for _ in range(3):
        with writer.changes() as store:
            assert store is opened[0]
    assert is_locked(folder)


def test_the_lock_is_given_back_when_nothing_was_written_for_a_while(
    writer, opened, folder, monkeypatch
):
    monkeypatch.setattr(writing, "IDLE_S", 0.05)
    with writer.changes():
        assert is_locked(folder)
    assert eventually(lambda: not is_locked(folder))
    with writer.changes() as store:
        assert store is opened[1]


def test_other_processes_have_their_turn_between_two_changes(writer, folder, monkeypatch):
    monkeypatch.setattr(writing, "HELD_S", 0.0)
    with writer.changes():
        pass
    assert not is_locked(folder)


def test_a_change_within_another_shares_its_writer_to_the_end(writer, folder, monkeypatch):
    monkeypatch.setattr(writing, "HELD_S", 0.0)
    with writer.changes() as outer:
        with writer.changes() as inner:
            assert inner is outer
        assert is_locked(folder)
    assert not is_locked(folder)


def test_the_lock_is_given_back_on_demand_and_after_an_exception(writer, folder):
    with pytest.raises(ZeroDivisionError), writer.changes():
        1 / 0  # noqa: B018
    writer.release()
    writer.release()
    assert not is_locked(folder)


def test_within_a_change_the_lock_is_not_given_back(writer, folder):
    with writer.changes() as store:
        writer.release()
        assert store.writable
        assert is_locked(folder)


def test_where_closing_takes_long_the_lock_is_held_longer(writer, folder, opened, monkeypatch):
    monkeypatch.setattr(writing, "HELD_S", 0.0)
    with writer.changes() as store:
        close = store.close
        monkeypatch.setattr(store, "close", lambda: (time.sleep(0.1), close()))
    assert not is_locked(folder)
    with writer.changes():
        pass  # 0.2 s for opening and closing: held for 4 s at least
    assert is_locked(folder)
    with writer.changes() as store:
        assert store is opened[1]


def test_a_change_waits_for_another_writer(writer, folder):
    lock = WriterLock(folder)
    threading.Timer(0.2, lock.release).start()
    with writer.changes() as store:
        assert store.writable


def test_a_change_gives_up_waiting_in_time(writer, folder, monkeypatch):
    monkeypatch.setattr(writing, "WAIT_S", 0.1)
    lock = WriterLock(folder)
    with pytest.raises(IndexLockedError), writer.changes():
        pass
    lock.release()
    with writer.changes():
        pass


def test_one_that_waits_comes_before_one_that_has_just_written(folder, monkeypatch):
    monkeypatch.setattr(writing, "HELD_S", 0.0)
    turns: list[str] = []
    began = threading.Barrier(2)

    def work(name: str) -> None:
        mine = Writer(lambda: IndexStore.open(folder, IDENTITY, FUSER, writable=True), folder)
        began.wait()
        for _ in range(5):
            with mine.changes():
                turns.append(name)
                time.sleep(0.06)  # longer than between two looks at the lock

    threads = [threading.Thread(target=work, args=(name,)) for name in "ab"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert "".join(turns) in ("ababababab", "bababababa")


def test_one_thread_writes_at_a_time(writer):
    inside = 0
    most = 0

    def work() -> None:
        nonlocal inside, most
        for _ in range(20):
            with writer.changes():
                inside += 1
                most = max(most, inside)
                time.sleep(0.001)
                inside -= 1

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == 1
