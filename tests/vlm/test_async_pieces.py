"""Blocking iterators that are awaited: order, failures, and ending early."""

from __future__ import annotations

import asyncio
import contextvars
import threading
import time
from collections.abc import Iterator
from contextlib import aclosing

import pytest

from mmqa.interfaces import Cancelled
from mmqa.vlm.async_pieces import awaited


def count(left: Cancelled) -> Iterator[int]:
    yield from range(5)


async def test_pieces_come_in_order() -> None:
    assert [piece async for piece in awaited(count)] == [0, 1, 2, 3, 4]


async def test_a_failure_comes_after_the_pieces_before_it() -> None:
    def fail(left: Cancelled) -> Iterator[int]:
        yield 1
        raise ValueError("two")

    got = []
    with pytest.raises(ValueError, match="two"):
        async for piece in awaited(fail):
            got.append(piece)  # noqa: PERF401  # a comprehension would lose what came before
    assert got == [1]


async def test_the_loop_goes_on_while_a_piece_is_waited_for() -> None:
    ticked = threading.Event()

    def slow(left: Cancelled) -> Iterator[bool]:
        yield ticked.wait(20)  # for ever, if the loop waited as well

    async def tick() -> None:
        await asyncio.sleep(0.05)
        ticked.set()

    ticking = asyncio.create_task(tick())
    assert [piece async for piece in awaited(slow)] == [True]
    await ticking


@pytest.mark.parametrize("how", ["cancel", "close"])
async def test_leaving_ends_the_iterator(how: str) -> None:
    ended = threading.Event()

    def endless(left: Cancelled) -> Iterator[int]:
        try:
            while not left():
                time.sleep(0.01)
                yield 1
        finally:
            ended.set()

    async def read() -> None:
        async for _ in awaited(endless):
            pass

    if how == "cancel":
        task = asyncio.create_task(read())
        await asyncio.sleep(0.05)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    else:
        async with aclosing(awaited(endless)) as pieces:
            assert await anext(pieces) == 1
    assert await asyncio.to_thread(ended.wait, 20)


async def test_the_context_of_the_caller_holds_in_the_thread() -> None:
    variable = contextvars.ContextVar("variable", default="none")
    variable.set("mine")
    assert [piece async for piece in awaited(lambda left: iter([variable.get()]))] == ["mine"]
