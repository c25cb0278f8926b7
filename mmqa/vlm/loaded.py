"""One loaded copy of a model a process, however many libraries use it.

Knows: who uses which model, and that the last one to close it frees it.
Refuses to know: what a model is, and how it is loaded.
"""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable, Hashable
from typing import Generic, Protocol, TypeVar, cast


class Releasable(Protocol):
    """What holds memory that can be freed before Python would."""

    def release(self) -> None:
        """Free what it holds."""
        ...


Model = TypeVar("Model", bound=Releasable)


class _Entry:
    """One model, or the place where one is being loaded."""

    def __init__(self) -> None:
        self.loading = threading.Lock()
        self.users = 0
        self.model: Releasable | None = None


_entries: dict[Hashable, _Entry] = {}
_lock = threading.RLock()  # a dropped handle may be collected while the lock is held


class Handle(Generic[Model]):
    """The right to use a model until it is closed; usable as a context.

    A handle that is dropped without closing counts as closed; its model is then left to Python to
    free, as that may happen in any thread, also in one that is generating with it.
    """

    def __init__(self, key: Hashable, entry: _Entry) -> None:
        self._model = cast(Model, entry.model)
        self._dropped = weakref.finalize(self, _leave, key, entry)
        self._dropped.atexit = False

    @property
    def model(self) -> Model:
        """The model.

        Raises:
            ValueError: The handle was closed.
        """
        if not self._dropped.alive:
            raise ValueError("the handle of the model was closed")
        return self._model

    def close(self) -> None:
        """Give up the model; the last one to do so frees it. Doing so again changes nothing."""
        last = self._dropped()
        if last is not None:
            last.release()

    def __enter__(self) -> Handle[Model]:
        return self

    def __exit__(self, *failure: object) -> None:
        self.close()


def shared(key: Hashable, make: Callable[[], Model]) -> Handle[Model]:
    """The model that ``key`` stands for, loaded when nobody uses it yet.

    While one thread loads it, others that ask for the same wait for that; other models are not held
    up. A failed load leaves nothing behind: whoever waited tries it again.

    Args:
        key: Equal for equal models: loader, folder, options.
        make: Loads it.

    Raises:
        Exception: As ``make`` raises.
    """
    with _lock:
        entry = _entries.setdefault(key, _Entry())
        entry.users += 1
    try:
        with entry.loading:
            if entry.model is None:
                entry.model = make()
        return Handle(key, entry)
    except BaseException:
        _leave(key, entry)
        raise


def users(key: Hashable) -> int:
    """How many handles of a model are open."""
    with _lock:
        return _entries[key].users if key in _entries else 0


def _leave(key: Hashable, entry: _Entry) -> Releasable | None:
    """Count one user less; gives the model if that was the last."""
    with _lock:
        entry.users -= 1
        if entry.users:
            return None
        del _entries[key]
        return entry.model
