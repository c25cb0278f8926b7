"""A disk with ever less room, at every stage: told by name, nothing lost, and on it goes later."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from crash_jobs import FUSER, IDENTITY, word_of
from place_jobs import WORK, found, put
from zygote import Zygote

from mmqa.errors import IndexFolderError
from mmqa.index.store import IndexStore

ROOM_PAGES = [0, 1, 3, 5, 8, 13, 21, 34, 55, 89, 144]  # of 4096 bytes


@pytest.fixture(scope="module")
def zygote() -> Iterator[Zygote]:
    one = Zygote("place_jobs")
    yield one
    one.close()


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("disk") / "sound"
    with IndexStore.create(folder, IDENTITY, FUSER) as store:
        put(store, *range(12))
        store.flush()
        put(store, *range(12, 20))
        with store.transaction() as change:
            change.remove(Path("/media/0.png"))
    return folder


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 2 MiB."""
    place = tmp_path / "disk"
    place.mkdir()
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", place], check=False, capture_output=True
    )
    if made.returncode:
        pytest.skip("mounting takes root")
    try:
        yield place
    finally:
        subprocess.run(["umount", "--lazy", place], check=True)


def leave_room(disk: Path, room_bytes: int) -> Path:
    """Fill a disk but for so much."""
    state = os.statvfs(disk)
    ballast = disk / "ballast"
    ballast.write_bytes(bytes(max(0, state.f_bavail * state.f_frsize - room_bytes)))
    return ballast


def assert_nothing_was_lost(folder: Path, work: str) -> None:
    """With room again: what was there is there, no half file is left, and work goes on."""
    with IndexStore.create(folder, IDENTITY, FUSER, notice=surprised) as store:
        assert store.verify() == []
        there = set(found(store))
        old = set(range(1, 20)) if work != "create" else set()
        assert there >= old - {1}
        assert there >= old or work == "remove"
        assert there - old in ({90}, set(range(100, 120)), set())
        WORK[work](store)
        put(store, 200)
        store.flush()
        store.compact()
        assert store.verify() == []
        assert 200 in found(store)
    assert list(folder.rglob("*.part")) == []


def surprised(notice: str) -> None:
    raise AssertionError(notice)


@pytest.mark.parametrize("work", WORK)
def test_a_full_disk_is_told_and_nothing_is_lost(disk: Path, sound: Path, work: str) -> None:
    folder = disk / "index"
    refused = 0
    for pages in ROOM_PAGES:
        shutil.rmtree(folder, ignore_errors=True)
        if work != "create":
            shutil.copytree(sound, folder)
        ballast = leave_room(disk, pages * 4096)
        try:
            with IndexStore.create(folder, IDENTITY, FUSER, notice=lambda _: None) as store:
                WORK[work](store)
        except IndexFolderError as error:
            refused += 1
            assert str(folder) in str(error)
            assert error.path == folder
            assert "full" in str(error) or "No space left" in str(error), error
        ballast.unlink()
        assert_nothing_was_lost(folder, work)
    assert refused, "the disk was never full"


@pytest.mark.parametrize("work", WORK)
def test_a_file_that_may_not_grow_is_told_and_nothing_is_lost(
    zygote: Zygote, sound: Path, tmp_path: Path, work: str
) -> None:
    folder = tmp_path / "index"
    refused = 0
    for pages in ROOM_PAGES[::2]:
        shutil.rmtree(folder, ignore_errors=True)
        if work != "create":
            shutil.copytree(sound, folder)
        said = zygote.run(
            "place_jobs", "small_files", folder=str(folder), limit_bytes=pages * 4096, work=work
        )
        if said:
            refused += 1
            assert said.startswith("IndexFolderError: "), said
            assert str(folder) in said
        assert_nothing_was_lost(folder, work)
    assert refused, "no file was ever too large"


def test_a_repair_that_finds_no_room_leaves_all_as_it_was(disk: Path, sound: Path) -> None:
    folder, refused = disk / "index", 0
    for pages in ROOM_PAGES:
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(sound, folder)
        catalogue = folder / "catalogue.sqlite"
        content = bytearray(catalogue.read_bytes())
        content[content.find(word_of(5, 1, 0).encode())] ^= 0x01
        catalogue.write_bytes(content)
        ballast = leave_room(disk, pages * 4096)
        try:
            done = IndexStore.repair(folder, FUSER)
        except IndexFolderError as error:
            refused += 1
            assert error.path == folder
            assert "full" in str(error) or "No space left" in str(error), error
            assert catalogue.read_bytes() == content
            ballast.unlink()
            done = IndexStore.repair(folder, FUSER)
        ballast.unlink(missing_ok=True)
        assert done is not None
        assert [path.stem for path in done.lost] == ["5"]
        with IndexStore.open(folder, IDENTITY, FUSER, writable=True) as store:
            store.rebuild()
            assert found(store) == [n for n in range(1, 20) if n != 5]
            assert store.verify() == []
        assert list(folder.rglob("*.part*")) == []
    assert refused, "the disk was never full"
