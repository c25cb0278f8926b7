"""Turns at a model, with real threads."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import pytest

from mmqa.errors import GenerationError
from mmqa.vlm.queue import Queue, Turn


def until(true: Callable[[], bool]) -> None:
    end = time.monotonic() + 10
    while not true():
        assert time.monotonic() < end, "it never came true"
        time.sleep(0.001)


def taken(queue: Queue) -> Turn:
    turn = queue.enter()
    assert turn is not None
    return turn


def test_requests_are_served_in_the_order_in_which_they_came() -> None:
    queue, served = Queue(10), list[int]()
    first = taken(queue)

    def ask(number: int) -> None:
        with taken(queue):
            served.append(number)

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(12)]
    for number, thread in enumerate(threads):
        thread.start()
        until(lambda expected=number + 2: len(queue) == expected)  # type: ignore[misc]
    first.leave()
    for thread in threads:
        thread.join()
    assert served == list(range(12))
    assert len(queue) == 0


def test_only_one_is_served_at_a_time() -> None:
    queue, inside, most = Queue(10), list[int](), list[int]()

    def ask(number: int) -> None:
        for _ in range(20):
            with taken(queue):
                inside.append(number)
                most.append(len(inside))
                time.sleep(0.0005)
                inside.remove(number)

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert max(most) == 1
    assert len(most) == 80


def test_a_wait_in_vain_is_bounded_and_says_how_many_were_ahead() -> None:
    queue = Queue(0.1)
    held = taken(queue)
    patient = threading.Thread(target=lambda: queue.enter(patient=True))
    patient.start()
    until(lambda: len(queue) == 2)
    began = time.monotonic()
    with pytest.raises(GenerationError, match=r"0\.1 s: 2 requests were ahead.*queue_wait_s"):
        queue.enter()
    assert 0.1 <= time.monotonic() - began < 2
    assert len(queue) == 2  # it does not stand there any more
    held.leave()
    patient.join()


def test_without_waiting_a_busy_model_is_refused_at_once() -> None:
    queue = Queue(0)
    with taken(queue), pytest.raises(GenerationError, match="1 request was ahead"):
        queue.enter()
    taken(queue).leave()


def test_a_cancelled_waiter_leaves_at_once_and_the_next_moves_up() -> None:
    queue, cancelled, given = Queue(10), threading.Event(), list[object]()
    held = taken(queue)
    quitter = threading.Thread(target=lambda: given.append(queue.enter(cancelled.is_set)))
    quitter.start()
    until(lambda: len(queue) == 2)
    cancelled.set()
    quitter.join(1)
    assert given == [None]
    assert len(queue) == 1
    held.leave()
    taken(queue).leave()


def test_who_is_cancelled_before_the_turn_comes_gets_none() -> None:
    queue = Queue(10)
    assert queue.enter(lambda: True) is None
    assert len(queue) == 0


def test_a_turn_may_be_given_back_by_another_thread_and_twice() -> None:
    queue = Queue(1)
    turn = taken(queue)
    thread = threading.Thread(target=turn.leave)
    thread.start()
    thread.join()
    other = taken(queue)
    turn.leave()
    assert len(queue) == 1
    other.leave()


def test_a_failure_while_waiting_leaves_nobody_standing() -> None:
    queue = Queue(10)

    def fail() -> bool:
        raise RuntimeError("asked too often")

    with pytest.raises(RuntimeError, match="too often"):
        queue.enter(fail)
    assert len(queue) == 0
