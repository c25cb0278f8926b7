"""When memory runs out.

Knows: how torch and Python say so, and how to give memory back.
Refuses to know: what needed the memory, and the remedy.
"""

from __future__ import annotations

import gc

import torch

MARKS = (
    "out of memory",
    "can't allocate memory",
    "not enough memory",
    "could not create a memory",
    "alloc_failed",
)
"""Parts of the messages of torch, oneDNN, CUDA and cuBLAS, in lower case."""


def ran_out(error: BaseException) -> bool:
    """Whether ``error`` says that there is no more memory.

    >>> ran_out(RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 9"))
    True
    """
    if isinstance(error, MemoryError | torch.OutOfMemoryError):
        return True
    return isinstance(error, RuntimeError) and any(mark in str(error).lower() for mark in MARKS)


def give_back(error: BaseException) -> None:
    """Give back what the computation that failed with ``error`` held.

    The frames of its traceback hold the tensors; so it loses that, and those of its causes.
    """
    link: BaseException | None = error
    while link is not None:
        link.__traceback__ = None
        link = link.__cause__ or link.__context__
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
