"""Work in an event loop of its own: cancelled at once, and never left behind."""

from __future__ import annotations

import asyncio
import threading
import time
from concurrent.futures import CancelledError

import pytest

from mmqa.vlm.served_worker import Worker


async def double(number: int) -> int:
    await asyncio.sleep(0)
    return 2 * number


def test_work_gives_its_result() -> None:
    worker = Worker()
    assert [worker.start(double(n)).result() for n in range(3)] == [0, 2, 4]
    worker.close()


def test_waiting_work_is_cancelled_at_once_and_tidies_up() -> None:
    worker, tidied = Worker(), threading.Event()

    async def wait() -> None:
        try:
            await asyncio.sleep(60)
        finally:
            tidied.set()

    future = worker.start(wait())
    time.sleep(0.05)
    future.cancel()
    assert tidied.wait(1)
    worker.close()


def test_closing_cancels_what_is_under_way_and_ends_the_thread() -> None:
    worker = Worker()
    future = worker.start(asyncio.sleep(60))
    worker.close()
    with pytest.raises(CancelledError):
        future.result(2)
    for thread in [t for t in threading.enumerate() if t.name == "mmqa-served"]:
        thread.join(2)
    assert not [t for t in threading.enumerate() if t.name == "mmqa-served"]


def test_a_closed_worker_starts_nothing() -> None:
    worker = Worker()
    worker.close()
    assert worker.closed
    with pytest.raises(RuntimeError, match="closed"):
        worker.start(double(1))


def test_no_thread_starts_before_there_is_work() -> None:
    before = threading.active_count()
    Worker()
    assert threading.active_count() == before
