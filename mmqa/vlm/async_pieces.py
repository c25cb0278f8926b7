"""An iterator that blocks → one that can be awaited.

Knows: how to wait in a thread and not in the event loop, and how to end the waiting. Refuses to
know: what the pieces are.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterator
from contextvars import copy_context
from threading import Event, Thread
from typing import TypeVar

from mmqa.interfaces import Cancelled

T = TypeVar("T")
_END = object()


async def awaited(start: Callable[[Cancelled], Iterator[T]]) -> AsyncGenerator[T, None]:
    """Yield what an iterator gives, which runs in a thread of its own.

    Args:
        start: Makes the iterator. What it is handed turns true when nobody waits any more: the task
            was cancelled or the generator closed; the iterator should end then, at its next piece.

    Raises:
        Exception: What the iterator raises.
    """
    loop, box, left = asyncio.get_running_loop(), asyncio.Queue[object](), Event()

    def hand(item: object) -> None:
        if not left.is_set():  # afterwards the loop may be closed
            loop.call_soon_threadsafe(box.put_nowait, item)

    def work() -> None:
        try:
            for piece in start(left.is_set):
                hand(piece)
                if left.is_set():
                    return
        except BaseException as error:  # noqa: BLE001  # raised again by whoever waits, below
            hand(_Failure(error))
        else:
            hand(_END)

    Thread(target=copy_context().run, args=(work,), name="mmqa-chat", daemon=True).start()
    try:
        while (item := await box.get()) is not _END:
            if isinstance(item, _Failure):
                raise item.error
            yield item  # type: ignore[misc]
    finally:
        left.set()


class _Failure:
    """What the iterator raised, on its way to whoever waits."""

    def __init__(self, error: BaseException) -> None:
        self.error = error
