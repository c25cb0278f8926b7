"""Memory that runs out, for real where that is harmless: more than any address space holds."""

from __future__ import annotations

import weakref

import pytest
import torch

from mmqa.vlm.memory import give_back, ran_out


def test_what_torch_raises_on_a_cpu_is_recognised() -> None:
    with pytest.raises(RuntimeError) as failure:
        torch.empty(2**55)
    assert ran_out(failure.value)


def test_what_python_raises_is_recognised() -> None:
    with pytest.raises(MemoryError) as failure:
        bytearray(2**62)
    assert ran_out(failure.value)


def test_what_torch_raises_on_a_gpu_is_recognised() -> None:
    assert ran_out(torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB"))
    assert ran_out(RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling ..."))


def test_other_failures_are_not_taken_for_it() -> None:
    assert not ran_out(RuntimeError("mat1 and mat2 shapes cannot be multiplied"))
    assert not ran_out(ValueError("out of memory"))


def test_tensors_that_a_failed_computation_held_are_freed() -> None:
    held: list[weakref.ref[torch.Tensor]] = []

    def compute() -> None:
        tensor = torch.zeros(1000)
        held.append(weakref.ref(tensor))
        try:
            raise MemoryError
        except MemoryError as error:
            raise RuntimeError("not enough memory") from error

    try:
        compute()
    except RuntimeError as error:
        assert held[0]() is not None
        give_back(error)
        assert held[0]() is None
