"""The power goes at any moment: whatever of the unsynced writes reached the disk, nothing is lost.

A kill leaves all that was written in the system's memory; a power cut does not. The calls of a
writer are recorded once, and disks that it may have left behind are built from them.
"""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from crash_jobs import FUSER, IDENTITY
from disk_replay import TRACED, Disk
from place_jobs import found

from mmqa.errors import IndexMissingError
from mmqa.index.store import IndexStore

CUTS = int(os.environ.get("MMQA_POWER_CUTS", "60"))
SEED = int(os.environ.get("MMQA_CRASH_SEED", "0"))

WRITER = """
import os, sys
sys.path.insert(0, sys.argv[2])
from pathlib import Path
from crash_jobs import FUSER, IDENTITY, SMALL, path_of
from place_jobs import put
from mmqa.index.store import IndexStore
def remove(number):
    with store.transaction() as change:
        change.remove(path_of(number))
def told(what, number=""):
    os.write(2, f"<<{what} {number}>>".encode())
for part in range(2):
    store = IndexStore.create(Path(sys.argv[1]), IDENTITY, FUSER, plan=SMALL)
    for number in range(part * 10, part * 10 + 10):
        put(store, number)
        told("add", number)
        if number % 4 == 3:
            store.flush()
    told("removing", part * 10 + 1)
    remove(part * 10 + 1)
    told("remove", part * 10 + 1)
    store.compact() if part else store.rebuild()
    store.close()
told("end")
"""


@pytest.fixture(scope="module")
def calls(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[str]]:
    """The folder that was written to, and the calls."""
    if shutil.which("strace") is None:
        pytest.skip("strace is not installed")
    place = tmp_path_factory.mktemp("power")
    script = [sys.executable, "-c", WRITER, str(place / "index"), str(Path(__file__).parent)]
    watch = ["strace", "-f", "-y", "-xx", "-s", "10000000", "-e", f"trace={TRACED}"]
    done = subprocess.run(
        [*watch, "-o", str(place / "trace"), *script],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    if "ptrace" in done.stderr:
        pytest.skip("tracing is not allowed here")
    assert done.returncode == 0, done.stderr
    lines = (place / "trace").read_text().splitlines()
    assert not [line for line in lines if "unfinished" in line and "index" in line]
    return place / "index", lines


def test_the_replay_ends_with_the_files_that_are_there(
    calls: tuple[Path, list[str]], tmp_path: Path
) -> None:
    folder, lines = calls
    disk = Disk(folder)
    for line in lines:
        disk.replay(line)
    disk.build(tmp_path / "copy", None, whole=True)
    files = {path.relative_to(folder) for path in folder.rglob("*") if path.is_file()}
    assert files == {
        path.relative_to(tmp_path / "copy")
        for path in (tmp_path / "copy").rglob("*")
        if path.is_file()
    }
    for path in files:
        assert (tmp_path / "copy" / path).read_bytes() == (folder / path).read_bytes(), path


def test_what_was_acknowledged_survives_a_power_cut(
    calls: tuple[Path, list[str]], tmp_path: Path
) -> None:
    folder, lines = calls
    rng = random.Random(SEED)
    disk, there, leaving = Disk(folder), set[int](), set[int]()
    ours = [
        n for n, line in enumerate(lines) if "\\x69\\x6e\\x64\\x65\\x78" in line or "/index" in line
    ]
    cuts = set(rng.sample(ours, min(CUTS, len(ours))))
    for place, line in enumerate(lines):
        word, _, number = disk.replay(line).strip("<>").partition(" ")
        if word == "add":
            there.add(int(number))
        elif word == "removing":
            leaving.add(int(number))
        elif word == "remove":
            there.discard(int(number))
            leaving.discard(int(number))
        if place in cuts:
            for chance in (None, rng):
                shutil.rmtree(tmp_path / "disk", ignore_errors=True)
                (tmp_path / "disk").mkdir()
                disk.build(tmp_path / "disk", chance)
                assert_nothing_was_lost(tmp_path / "disk", there, leaving, f"call {place}")


def assert_nothing_was_lost(disk: Path, there: set[int], leaving: set[int], where: str) -> None:
    try:
        with IndexStore.open(disk, IDENTITY, FUSER, notice=lambda _: None) as store:
            seen = set(found(store))
    except IndexMissingError:
        assert not there, where
        return
    assert seen >= there - leaving, f"{where}: {there - leaving - seen} were acknowledged"
    assert len(seen - there) <= 1, f"{where}: {seen - there} were not"
    with IndexStore.open(disk, IDENTITY, FUSER, writable=True, notice=lambda _: None) as store:
        assert set(found(store)) == seen
        assert store.verify() == [], where
