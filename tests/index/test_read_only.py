"""Where nobody may write: searching works, writing is refused in plain words, nothing changes."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from crash_jobs import FUSER, IDENTITY
from place_jobs import found, put
from zygote import Zygote

from mmqa.index.store import IndexStore

ROOT = os.getuid() == 0


@pytest.fixture(scope="module")
def zygote() -> Iterator[Zygote]:
    one = Zygote("place_jobs")
    yield one
    one.close()


@pytest.fixture
def public() -> Iterator[Path]:
    """A folder that every user may enter; pytest's own are private."""
    with tempfile.TemporaryDirectory(prefix="mmqa-read-only-") as name:
        Path(name).chmod(0o755)
        yield Path(name)
        for path in Path(name).rglob("*"):
            path.chmod(0o755)


@pytest.fixture
def index(public: Path) -> Path:
    """Ten files, half of them in a FAISS file."""
    folder = public / "a ?#%é" / "index"
    with IndexStore.create(folder, IDENTITY, FUSER) as store:
        put(store, *range(5))
        store.flush()
        put(store, *range(5, 10))
    shutil.copytree(folder, public / "warm")
    return folder


def forbid(folder: Path) -> None:
    for path in sorted(folder.rglob("*"), reverse=True):
        path.chmod(0o555 if path.is_dir() else 0o444)
    folder.chmod(0o555)


def look(zygote: Zygote, public: Path, folder: Path, *, drop: bool = True) -> dict[str, Any]:
    return zygote.run(
        "place_jobs", "look", folder=str(folder), warm=str(public / "warm"), drop=drop
    )


def assert_only_readable(said: dict[str, Any], expected: list[int]) -> None:
    assert said["found"] == expected
    assert said["problems"] == []
    for name in ("open", "create", "below"):
        assert said[name].startswith("IndexFolderError: "), said[name]
        assert "cannot be" in said[name]
        assert "index" in said[name]
    assert said["same"]


def test_an_index_that_may_only_be_read_is_searched(
    zygote: Zygote, public: Path, index: Path
) -> None:
    forbid(index)
    assert_only_readable(look(zygote, public, index), list(range(10)))


@pytest.mark.skipif(not ROOT, reason="mounting takes root")
def test_an_index_on_a_read_only_disk_is_searched(
    zygote: Zygote, public: Path, index: Path
) -> None:
    for command in (["--bind"], ["-o", "remount,bind,ro"]):
        if subprocess.run(["mount", *command, index, index], check=False).returncode:
            pytest.skip("mounting is not allowed here")
    try:
        assert_only_readable(look(zygote, public, index, drop=False), list(range(10)))
    finally:
        subprocess.run(["umount", "--lazy", index], check=True)


def test_what_a_killed_writer_committed_is_found_where_nobody_may_write(
    zygote: Zygote, public: Path, index: Path
) -> None:
    zygote.start("place_jobs", "leave_a_log", folder=str(index)).rest()
    assert (index / "catalogue.sqlite-wal").stat().st_size > 0
    forbid(index)
    assert_only_readable(look(zygote, public, index), [*range(10), 50, 51, 52])


def test_a_log_that_cannot_be_read_without_writing_is_told(
    zygote: Zygote, public: Path, index: Path
) -> None:
    zygote.start("place_jobs", "leave_a_log", folder=str(index)).rest()
    (index / "catalogue.sqlite-shm").unlink()
    forbid(index)
    said = look(zygote, public, index)
    assert "did not put away" in said["refused"]
    assert "where it may be written" in said["refused"]
    assert said["same"]


@pytest.mark.skipif(not ROOT, reason="two users take root")
def test_who_may_only_read_sees_what_another_user_adds(
    zygote: Zygote, public: Path, index: Path
) -> None:
    index.parent.chmod(0o755)
    job = zygote.start(
        "place_jobs", "watch", folder=str(index), warm=str(public / "warm"), until=40
    )
    assert job.next() == ("open", {"files": 10})
    for number in range(10, 40):
        with IndexStore.open(index, IDENTITY, FUSER, writable=True) as store:
            put(store, number)
            if number % 4 == 0:
                store.flush()
    ((word, facts),) = job.rest()
    assert word == "returned", facts
    assert facts["value"][0] >= 10
    assert facts["value"][-1] == 40
    with IndexStore.open(index, IDENTITY, FUSER) as store:
        assert store.verify() == []
        assert found(store) == list(range(40))


def test_an_earlier_format_that_may_only_be_read_says_where_it_can_be_brought_up(
    zygote: Zygote, public: Path, index: Path
) -> None:
    shutil.rmtree(index)
    shutil.copytree(Path(__file__).parent / "data" / "format-1", index)
    forbid(index)
    said = look(zygote, public, index)
    assert "has an earlier format, and you may not write there" in said["refused"]
    assert said["same"]
