"""The log of a killed writer, changed or taken away: what it swallows is told."""

from __future__ import annotations

import random
import shutil
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from crash_jobs import FUSER, IDENTITY
from place_jobs import found, put
from zygote import Zygote

from mmqa.errors import MmqaError
from mmqa.index.seal import FILE_NAME as SEAL
from mmqa.index.store import IndexStore

LOG = "catalogue.sqlite-wal"


@pytest.fixture(scope="module")
def zygote() -> Iterator[Zygote]:
    one = Zygote("place_jobs")
    yield one
    one.close()


@pytest.fixture
def killed(zygote: Zygote, tmp_path: Path) -> Path:
    """Files 0 to 4 put away; 50, 51, 52 acknowledged one by one, and then a kill."""
    folder = tmp_path / "index"
    with IndexStore.create(folder, IDENTITY, FUSER) as store:
        put(store, *range(5))
        store.flush()
    job = zygote.start("place_jobs", "leave_a_log", folder=str(folder))
    assert [word for word, _ in job.rest()] == ["acknowledged"] * 3
    assert job.status == -9
    return folder


ALL = [0, 1, 2, 3, 4, 50, 51, 52]


def test_all_that_was_acknowledged_is_found_after_a_kill(killed: Path) -> None:
    with IndexStore.open(killed, IDENTITY, FUSER) as store:
        assert found(store) == ALL
        assert store.verify() == []


@pytest.mark.parametrize("writable", [False, True], ids=["reader", "writer"])
def test_a_log_that_was_taken_away_is_told(killed: Path, writable: bool) -> None:
    (killed / LOG).unlink()
    told: list[str] = []
    with IndexStore.open(killed, IDENTITY, FUSER, writable=writable, notice=told.append) as store:
        assert found(store) == [0, 1, 2, 3, 4]
        assert [p.subject for p in store.verify()] == ([] if writable else [LOG])
    assert len(told) == 1
    assert "the last 3 changes are gone" in told[0]
    assert str(killed) in told[0]
    with IndexStore.open(killed, IDENTITY, FUSER, writable=True, notice=told.append) as store:
        put(store, 50, 51, 52)  # as adding again does
        assert found(store) == ALL
    with IndexStore.open(killed, IDENTITY, FUSER, notice=told.append) as store:
        assert (found(store), store.verify()) == (ALL, [])
    assert len(told) == 2 - writable


def test_a_changed_byte_of_the_log_is_told_or_of_no_consequence(
    killed: Path, tmp_path: Path
) -> None:
    content = (killed / LOG).read_bytes()
    rng = random.Random(0)
    places = [rng.randrange(32), *rng.sample(range(len(content)), 40), len(content) - 1]
    outcomes = set()
    for place in places:
        scratch = tmp_path / "scratch"
        shutil.rmtree(scratch, ignore_errors=True)
        shutil.copytree(killed, scratch)
        changed = bytearray(content)
        changed[place] ^= 0x10
        (scratch / LOG).write_bytes(changed)
        told: list[str] = []
        with IndexStore.open(scratch, IDENTITY, FUSER, notice=told.append) as store:
            seen = found(store)
            problems = store.verify()
        assert seen == ALL[: len(seen)], "changes vanish from the end only"
        assert bool(told) == bool(problems) == (seen != ALL), place
        outcomes.add(len(seen))
    assert outcomes >= {5, 6, 7}


def test_what_readers_agree_by_may_be_garbage(killed: Path) -> None:
    shared = killed / "catalogue.sqlite-shm"
    shared.write_bytes(random.Random(0).randbytes(shared.stat().st_size))
    with IndexStore.open(killed, IDENTITY, FUSER) as store:
        assert (found(store), store.verify()) == (ALL, [])


def test_a_lost_change_never_makes_a_generation_mean_two_things(killed: Path) -> None:
    with IndexStore.open(killed, IDENTITY, FUSER) as store:
        before = int(store.meta("generation"))
    with IndexStore.open(killed, IDENTITY, FUSER, writable=True) as store:
        assert int(store.meta("generation")) == before  # nothing is lost: nothing is changed
    with IndexStore.open(killed, IDENTITY, FUSER) as store:
        assert store.verify() == []


def test_a_log_beside_a_catalogue_that_cannot_take_it_is_told(killed: Path) -> None:
    (killed / "catalogue.sqlite").write_bytes(b"")
    with pytest.raises(MmqaError, match="index"), IndexStore.open(killed, IDENTITY, FUSER) as store:
        found(store)


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE words_docsize SET sz = x'7f' WHERE id = 2",
        "UPDATE words_content SET c0 = 'ghost' WHERE id = 2",
        "UPDATE segments SET ordinal = 7 WHERE number = 2",
        "UPDATE sqlite_sequence SET seq = 1000 WHERE name = 'items'",
    ],
)
def test_what_a_kill_left_unsealed_is_looked_at_before_it_is_sealed(killed: Path, sql: str) -> None:
    with closing(sqlite3.connect(killed / "catalogue.sqlite")) as other, other:
        other.execute(sql)
    harmless = "items" in sql
    told: list[str] = []
    with IndexStore.open(killed, IDENTITY, FUSER, writable=True, notice=told.append) as store:
        put(store, 60)
    assert (killed / SEAL).exists() is harmless
    assert [("damaged and not sealed" in one) for one in told] == [True] * (not harmless)
    with IndexStore.open(killed, IDENTITY, FUSER) as store:
        assert bool(store.verify()) is not harmless


def test_what_a_kill_left_sound_is_sealed_by_the_next_writer(killed: Path) -> None:
    with IndexStore.open(killed, IDENTITY, FUSER, writable=True) as store:
        put(store, 60)
    assert (killed / SEAL).exists()
    with IndexStore.open(killed, IDENTITY, FUSER) as store:
        assert found(store) == [*ALL, 60]
        assert store.verify() == []
