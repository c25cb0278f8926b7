"""One loaded copy a process, with real threads."""

from __future__ import annotations

import gc
import threading
import time
import weakref

import pytest

from mmqa.vlm.loaded import shared, users


class Model:
    """Counts how often it was released."""

    def __init__(self) -> None:
        self.released = 0

    def release(self) -> None:
        self.released += 1


def test_two_users_share_one_model_and_the_last_frees_it() -> None:
    one, two = shared("a", Model), shared("a", Model)
    assert one.model is two.model
    model = one.model
    one.close()
    one.close()
    assert (model.released, users("a")) == (0, 1)
    two.close()
    assert (model.released, users("a")) == (1, 0)


def test_other_keys_are_other_models() -> None:
    with shared("a", Model) as one, shared("b", Model) as two:
        assert one.model is not two.model


def test_a_closed_handle_gives_no_model() -> None:
    handle = shared("a", Model)
    handle.close()
    with pytest.raises(ValueError, match="closed"):
        _ = handle.model


def test_after_the_last_a_new_one_is_loaded() -> None:
    with shared("a", Model) as first:
        model = first.model
    with shared("a", Model) as second:
        assert second.model is not model
        assert second.model.released == 0


def test_threads_that_ask_at_once_wait_for_one_load() -> None:
    loads, models = list[Model](), list[Model]()

    def make() -> Model:
        time.sleep(0.05)
        loads.append(Model())
        return loads[-1]

    def use() -> None:
        with shared("a", make) as handle:
            models.append(handle.model)
            together.wait(10)

    together = threading.Barrier(8)
    threads = [threading.Thread(target=use) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(loads) == 1
    assert set(map(id, models)) == {id(loads[0])}
    assert (loads[0].released, users("a")) == (1, 0)


def test_loading_one_does_not_hold_up_another() -> None:
    begun, go_on = threading.Event(), threading.Event()

    def slow() -> Model:
        begun.set()
        go_on.wait(10)
        return Model()

    thread = threading.Thread(target=lambda: shared("slow", slow).close())
    thread.start()
    begun.wait(10)
    shared("quick", Model).close()
    go_on.set()
    thread.join()


def test_a_failed_load_leaves_nothing_and_whoever_waits_tries_again() -> None:
    begun, tries, got = threading.Event(), list[int](), list[Model]()

    def make() -> Model:
        tries.append(1)
        if len(tries) == 1:
            begun.set()
            time.sleep(0.05)
            raise OSError("damaged")
        return Model()

    def wait() -> None:
        begun.wait(10)
        with shared("a", make) as handle:
            got.append(handle.model)

    waiter = threading.Thread(target=wait)
    waiter.start()
    with pytest.raises(OSError, match="damaged"):
        shared("a", make)
    waiter.join()
    assert (len(tries), len(got), users("a")) == (2, 1, 0)


def test_a_dropped_handle_counts_as_closed_and_its_model_goes() -> None:
    handle = shared("a", Model)
    model = weakref.ref(handle.model)
    del handle
    gc.collect()
    assert users("a") == 0
    assert model() is None
