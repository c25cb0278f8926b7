"""A thread with an event loop: work that waits for a network and can be given up at any time.

Knows: how to start such work from a thread that must not wait for ever, and how to end it. Refuses
to know: what the work is.

Reading from a socket in a plain thread cannot be interrupted before the next byte comes; a task of
an event loop can, and closes its connection at once, which is what frees a server.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from concurrent.futures import Future
from threading import Lock, Thread
from typing import Any, TypeVar

T = TypeVar("T")


class Worker:
    """Runs coroutines in a thread of its own, which starts with the first of them."""

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._lock = Lock()
        self._closed = False

    @property
    def closed(self) -> bool:
        """Whether it was closed; it starts nothing any more."""
        return self._closed

    def start(self, work: Coroutine[Any, Any, T]) -> Future[T]:
        """Start ``work``; cancelling the future cancels it.

        Raises:
            RuntimeError: The worker was closed.
        """
        with self._lock:
            if self._closed:
                work.close()
                raise RuntimeError("the worker was closed")
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                Thread(
                    target=self._run, args=(self._loop,), name="mmqa-served", daemon=True
                ).start()
            return asyncio.run_coroutine_threadsafe(work, self._loop)

    def close(self) -> None:
        """Cancel all work and end the thread."""
        with self._lock:
            self._closed = True
            loop, self._loop = self._loop, None
        if loop is not None:
            loop.call_soon_threadsafe(loop.stop)

    @staticmethod
    def _run(loop: asyncio.AbstractEventLoop) -> None:
        """Until stopped; then what is under way is cancelled and its connections are closed."""
        asyncio.set_event_loop(loop)
        loop.run_forever()
        left = asyncio.all_tasks(loop)
        for task in left:
            task.cancel()
        loop.run_until_complete(asyncio.gather(*left, return_exceptions=True))
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.close()
