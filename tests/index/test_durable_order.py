"""What reaches the disk before what: seen from outside, in the calls to the kernel."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

WRITER = """
import os, sys
sys.path.insert(0, sys.argv[2])
from pathlib import Path
from crash_jobs import FUSER, IDENTITY
from place_jobs import put
from mmqa.index.store import IndexStore
folder = Path(sys.argv[1])
store = IndexStore.create(folder, IDENTITY, FUSER)
for step, change in {
    "added": lambda: put(store, 1, 2),
    "flushed": store.flush,
    "removed": lambda: store._writer and put(store, 2, version=3),
    "rebuilt": store.rebuild,
    "closed": store.close,
    "again": lambda: put(IndexStore.open(folder, IDENTITY, FUSER, writable=True), 5),
}.items():
    change()
    os.write(2, f"<<{step}>>".encode())
"""
CALLS = "trace=fsync,fdatasync,rename,renameat,renameat2,pwrite64,write,unlink,unlinkat"


@pytest.fixture(scope="module")
def calls(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Calls of a writer that adds, flushes, changes, rebuilds and closes; paths are resolved."""
    if shutil.which("strace") is None:
        pytest.skip("strace is not installed")
    place = tmp_path_factory.mktemp("order")
    command = ["strace", "-f", "-y", "-e", CALLS, "-s", "80", "-o", str(place / "trace")]
    script = [sys.executable, "-c", WRITER, str(place / "index"), str(Path(__file__).parent)]
    done = subprocess.run([*command, *script], capture_output=True, text=True, check=False)
    if "ptrace" in done.stderr:
        pytest.skip("tracing is not allowed here")
    assert done.returncode == 0, done.stderr
    return (place / "trace").read_text().splitlines()


def step(calls: list[str], name: str) -> list[str]:
    """The calls that led up to one acknowledgement, since the one before."""
    ends = [n for n, line in enumerate(calls) if "<<" in line]
    end = next(n for n in ends if f"<<{name}>>" in calls[n])
    start = max((n for n in ends if n < end), default=-1)
    return calls[start + 1 : end]


def first(lines: list[str], pattern: str) -> int:
    return next(n for n, line in enumerate(lines) if re.search(pattern, line))


def last(lines: list[str], pattern: str) -> int:
    return max(n for n, line in enumerate(lines) if re.search(pattern, line))


LOG_WRITTEN = r"pwrite64\(\d+<[^>]*catalogue\.sqlite-wal>"
LOG_SYNCED = r"fdatasync\(\d+<[^>]*catalogue\.sqlite-wal>|fsync\(\d+<[^>]*catalogue\.sqlite-wal>"


@pytest.mark.parametrize("name", ["added", "flushed", "removed", "rebuilt"])
def test_the_log_is_on_disk_before_a_change_is_acknowledged(calls: list[str], name: str) -> None:
    lines = step(calls, name)
    assert last(lines, LOG_WRITTEN) < last(lines, LOG_SYNCED)


@pytest.mark.parametrize("name", ["flushed", "rebuilt"])
def test_a_faiss_file_is_on_disk_under_its_name_before_the_catalogue_names_it(
    calls: list[str], name: str
) -> None:
    lines = step(calls, name)
    written = last(lines, r"write\(\d+<[^>]*\.faiss\.part>")
    synced = first(lines, r"fsync\(\d+<[^>]*\.faiss\.part>")
    renamed = first(lines, r'rename\w*\(.*\.faiss\.part".*\.faiss"')
    folder = first(lines, r"fsync\(\d+<[^>]*/segments>")
    named = last(lines, LOG_SYNCED)
    assert written < synced < renamed < folder < named
    begun = first(lines, r"write\(\d+<[^>]*\.faiss\.part>")
    assert not [line for line in lines[begun:folder] if re.search(LOG_SYNCED, line)]


def test_old_faiss_files_go_only_after_the_catalogue_forgot_them(calls: list[str]) -> None:
    lines = step(calls, "rebuilt")
    assert last(lines, LOG_SYNCED) < first(lines, r"unlink\w*\(.*\.faiss\"")


def test_the_seal_comes_off_before_the_first_change(calls: list[str]) -> None:
    lines = step(calls, "again")
    off = first(lines, r"unlink\w*\(.*catalogue\.seal\"")
    durable = off + first(lines[off:], r"fsync\(\d+<[^>]*/index>")
    assert off < durable < first(lines, LOG_WRITTEN)


def test_the_seal_comes_on_after_the_last_change_is_put_away(calls: list[str]) -> None:
    lines = step(calls, "closed")
    put_away = last(
        lines, r"fdatasync\(\d+<[^>]*catalogue\.sqlite>|fsync\(\d+<[^>]*catalogue\.sqlite>"
    )
    assert put_away < first(lines, r"fsync\(\d+<[^>]*catalogue\.seal\.part>")
    assert first(lines, r"fsync\(\d+<[^>]*catalogue\.seal\.part>") < first(
        lines, r'rename\w*\(.*catalogue\.seal\.part"'
    )
