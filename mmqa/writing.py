"""The writer of an index, kept open while one change follows another.

Knows: when the writer lock is taken, waited for and given back. Refuses to know: what is written.

Opening and closing a writer cost time that grows with the index, because the catalogue is compared
with its seal and sealed again. So a writer stays open until nothing has been written for
:data:`IDLE_S`; and no longer than :data:`HELD_S` in all, so that other processes have their turn.
Both are longer where opening and closing take long, so these stay a small share of the time however
large the index is. Writers that wait form a queue: one that has just written goes to its end.
"""

from __future__ import annotations

import atexit
import fcntl
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import RLock, Timer
from weakref import WeakSet

from mmqa.errors import IndexLockedError
from mmqa.index.store import IndexStore

IDLE_S = 1.0
"""How long after a change the lock is given back."""

HELD_S = 10.0
"""How long one writer keeps the lock at most, changes in hand apart."""

WAIT_S = 30.0
"""How long a change waits for another writer's to end."""

SHARE = 0.05
"""Opening and closing take at most about this share of the time that the lock is held."""

_AGAIN_S = 0.05
_WRITERS: WeakSet[Writer] = WeakSet()


@atexit.register
def _release_all() -> None:
    """A program that ends without closing leaves a sealed index all the same."""
    for writer in list(_WRITERS):
        if writer._lock.acquire(timeout=1.0):  # else a thread is writing that nothing waits for
            writer.release()
            writer._lock.release()


class Writer:
    """Gives the index, open for writing, to one thread at a time.

    Args:
        opening: Opens it.
        folder: The index.
    """

    def __init__(self, opening: Callable[[], IndexStore], folder: Path) -> None:
        self._opening = opening
        self._folder = folder
        self._lock = RLock()
        self._depth = 0
        self._store: IndexStore | None = None
        self._opened_s = 0.0
        self._took_s = 0.0
        self._timer: Timer | None = None
        _WRITERS.add(self)

    @contextmanager
    def changes(self, *, wait: bool = True) -> Iterator[IndexStore]:
        """The index; a change within another one shares it.

        Args:
            wait: Whether to wait for another process that is writing.

        Raises:
            IndexLockedError: Another process is writing, and has been for :data:`WAIT_S`.
        """
        with self._lock:
            store = self._ready(WAIT_S if wait else 0.0)
            self._depth += 1
            try:
                yield store
            finally:
                self._depth -= 1
                if not self._depth:
                    self._rest()

    def release(self) -> None:
        """Give the lock back, once the changes in hand have ended."""
        with self._lock:
            if self._depth:
                return  # asked for within a change; that ends by itself
            self._stop_waiting()
            if self._store is not None:
                began_s = time.monotonic()
                store, self._store = self._store, None
                store.close()
                self._took_s = 2 * (time.monotonic() - began_s)  # opening reads as much again

    def _ready(self, wait_s: float) -> IndexStore:
        self._stop_waiting()
        if self._store is None:
            self._store = waiting(self._opening, self._folder, wait_s)
            self._opened_s = time.monotonic()
        return self._store

    def _stop_waiting(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _rest(self) -> None:
        if time.monotonic() - self._opened_s > max(HELD_S, self._took_s / SHARE):
            self.release()
            return
        timer = Timer(max(IDLE_S, self._took_s), lambda: self._idle(timer))
        timer.daemon = True
        self._timer = timer
        timer.start()

    def _idle(self, timer: Timer) -> None:
        with self._lock:
            if self._timer is timer:  # else a change came in between
                self.release()


def waiting(
    opening: Callable[[], IndexStore], folder: Path | None = None, wait_s: float = WAIT_S
) -> IndexStore:
    """Open for writing; while another process holds the lock, try again for ``wait_s``.

    Args:
        opening: Opens it.
        folder: The index, whose queue is joined; ``None`` where it is still to be made.
        wait_s: Seconds.

    Raises:
        IndexLockedError: Others held the lock all the time.
    """
    until_s = time.monotonic() + wait_s
    with _next_in(folder, until_s):
        while True:
            try:
                return opening()
            except IndexLockedError:
                if time.monotonic() > until_s:
                    raise
                time.sleep(_AGAIN_S)


@contextmanager
def _next_in(folder: Path | None, until_s: float) -> Iterator[None]:
    """Be the one writer that is next, by a lock on the folder itself; or give up at ``until_s``.

    Without a folder, or where it cannot be locked, there is no queue: all that wait are next.
    """
    if folder is None:
        yield
        return
    handle = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        while time.monotonic() <= until_s:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                time.sleep(_AGAIN_S)
            except OSError:
                break
        yield
    finally:
        os.close(handle)
