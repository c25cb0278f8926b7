"""What is done with an index from a process of its own: without privileges, or with small files."""

from __future__ import annotations

import os
import resource
import signal
import time
from pathlib import Path
from typing import Any

import numpy as np
from crash_jobs import EVERY, FUSER, IDENTITY, count_of, file_of, path_of, word_of, write  # noqa: F401  # a job too
from zygote import say

from mmqa.errors import MmqaError
from mmqa.index.files import sha256_hex
from mmqa.index.store import IndexStore

NOBODY = 65_534


def put(store: IndexStore, *numbers: int, version: int = 1) -> None:
    """Files in one transaction."""
    with store.transaction() as change:
        for number in numbers:
            change.put(*file_of(number, version))


def found(store: IndexStore) -> list[int]:
    """Numbers of the files that a search by vector finds, whole; by word they must be the same."""
    with store.snapshot() as view:
        rows, _ = view.search(np.ones(FUSER.width, np.float32), EVERY)
        assert sorted(rows) == sorted(n for n, _ in view.lexical('"all"', EVERY))
        numbers = sorted({int(segment.path.stem) for segment in view.segments(rows)})
        assert len(rows) == sum(count_of(number, 1) for number in numbers)
        for number in numbers:
            assert len(view.lexical(f'"{word_of(number, 1, 0)}"', 9)) == 1
            assert store.known(path_of(number)) is not None
    return numbers


def listing(folder: Path) -> list[Any]:
    """Every file below a folder, with its content."""
    return [
        [str(path.relative_to(folder)), sha256_hex(path.read_bytes()), path.stat().st_mtime_ns]
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    ]


def _become_nobody() -> None:
    if os.getuid() == 0:
        os.setgroups([])
        os.setresgid(NOBODY, NOBODY, NOBODY)
        os.setresuid(NOBODY, NOBODY, NOBODY)


def look(folder: str, warm: str, drop: bool) -> dict[str, Any]:
    """Search an index and try to write to it; say what was found, what was said, what changed."""
    with IndexStore.open(Path(warm), IDENTITY, FUSER) as store:
        found(store), store.verify()  # all is imported before the rights to read it are gone
    if drop:
        _become_nobody()
    before, place = listing(Path(folder)), Path(folder)
    said = {}
    try:
        with IndexStore.open(place, IDENTITY, FUSER) as store:
            said["found"] = found(store)
            said["problems"] = [str(problem) for problem in store.verify()]
            said["counts"] = sum(store.counts().segments.values())
    except MmqaError as error:
        said["refused"] = str(error)
    for name, opening in {
        "open": lambda: IndexStore.open(place, IDENTITY, FUSER, writable=True),
        "create": lambda: IndexStore.create(place, IDENTITY, FUSER),
        "below": lambda: IndexStore.create(place / "new", IDENTITY, FUSER),
    }.items():
        try:
            with opening() as store:
                put(store, 77)
            said[name] = "done"
        except MmqaError as error:
            said[name] = f"{type(error).__name__}: {error}"
    return {**said, "same": listing(place) == before}


def watch(folder: str, warm: str, until: int) -> list[int]:
    """As nobody, with one open store: how many files are found, until there are enough."""
    with IndexStore.open(Path(warm), IDENTITY, FUSER) as store:
        found(store)
    _become_nobody()
    seen: list[int] = []
    deadline_s = time.monotonic() + 30
    with IndexStore.open(Path(folder), IDENTITY, FUSER) as store:
        say("open", files=len(found(store)))
        while not seen or (seen[-1] != until and time.monotonic() < deadline_s):
            try:
                seen.append(len(found(store)))
            except MmqaError as error:
                if "changed while it was being read" not in str(error):
                    raise
            time.sleep(0.002)
    return sorted(set(seen))


def small_files(folder: str, limit_bytes: int, work: str) -> str:
    """Do some work while no file may grow beyond a size; what was said about it."""
    place = Path(folder)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit_bytes, resource.RLIM_INFINITY))
    try:
        with IndexStore.create(place, IDENTITY, FUSER) as store:
            WORK[work](store)
    except MmqaError as error:
        return f"{type(error).__name__}: {error}"
    return ""


def leave_a_log(folder: str) -> None:
    """Commit, and die before the log is put away."""
    store = IndexStore.open(Path(folder), IDENTITY, FUSER, writable=True)
    for number in (50, 51, 52):
        put(store, number)
        say("acknowledged", number=number)
    os.kill(os.getpid(), signal.SIGKILL)


WORK = {
    "create": lambda store: None,
    "add": lambda store: put(store, *range(100, 120)),
    "remove": lambda store: _remove(store),
    "flush": lambda store: (put(store, 90), store.flush()),
    "rebuild": lambda store: store.rebuild(),
    "compact": lambda store: store.compact(),
}


def _remove(store: IndexStore) -> None:
    with store.transaction() as change:
        change.remove(path_of(1))
