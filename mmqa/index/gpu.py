"""Search on a GPU, where FAISS has one.

Knows: which indexes a GPU takes, and how filters are kept there. Refuses to know: files, and what
is searched.

GPU indexes know no selectors: more is fetched than asked for, what the filter forbids is dropped,
and a question that is left with too little is asked again on the CPU, where the filter runs inside.
Every file stays in memory or mapped beside its copy on the GPU.
"""

from __future__ import annotations

import logging
from typing import Any

import faiss
import numpy as np
from numpy.typing import NDArray

from mmqa.errors import ConfigError
from mmqa.index import index_types
from mmqa.index.faiss_segments import FaissRows
from mmqa.records import Floats

TYPES = ("flat", "ivf_sq8")
"""Those that FAISS has GPU indexes for."""
MOST_FETCHED = 2_048
"""Most neighbours that FAISS finds on a GPU."""
SPARE = 2
"""How many times more is fetched than a filter would need if it fell on all rows alike."""

_log = logging.getLogger("mmqa.index")


def count() -> int:
    """GPUs that FAISS sees; 0 for faiss-cpu."""
    return int(getattr(faiss, "get_num_gpus", lambda: 0)())


def wanted(device: str) -> bool:
    """Whether to search on a GPU.

    Args:
        device: ``auto``, ``cpu`` or ``gpu``.

    Raises:
        ConfigError: A GPU was asked for and there is none.
    """
    if device == "gpu" and not count():
        raise ConfigError(
            "index_device is 'gpu', and FAISS sees no GPU",
            "Install mmqa with faiss-gpu where there is one, or set index_device to auto or cpu.",
        )
    return device != "cpu" and count() > 0


def to_gpu(rows: FaissRows) -> GpuRows | None:
    """A copy of the rows on the first GPU; ``None`` where there can be none, and a log line why.

    FAISS "copies" other types than :data:`TYPES` to the GPU by copying them on the CPU.
    """
    gpu: Any = faiss
    if rows.kind.name not in TYPES:
        _log.info("%s has no GPU index in FAISS; it is searched on the CPU", rows.kind.name)
        return None
    try:
        resources = gpu.StandardGpuResources()
        clone = gpu.index_cpu_to_gpu(resources, 0, rows.index)
    except RuntimeError as error:
        _log.warning("%d rows stay on the CPU, the GPU refused them: %s", len(rows), error)
        return None
    return GpuRows(rows, clone, resources)


class GpuRows:
    """Rows searched by a copy that knows no selectors.

    Args:
        rows: On the CPU.
        clone: The same on the GPU.
        held: Must live as long as ``clone``.
    """

    def __init__(self, rows: FaissRows, clone: Any, held: Any = None) -> None:
        self.rows = rows
        self.kind, self.first, self.last = rows.kind, rows.first, rows.last
        self._clone, self._held = clone, held

    def __len__(self) -> int:
        return len(self.rows)

    def search(
        self, questions: Floats, k: int, allowed: NDArray[np.uint8] | None
    ) -> tuple[NDArray[np.int64], Floats]:
        """As :meth:`mmqa.index.faiss_segments.FaissRows.search`."""
        available = len(self) if allowed is None else self.rows.allowed_count(allowed)
        k = min(k, available)
        fetched = k
        if allowed is not None and k:
            fetched = min(len(self), k * SPARE * len(self) // available)
        if not k or fetched > MOST_FETCHED:
            return self.rows.search(questions, k, allowed)
        asked = index_types.padded(questions, self.rows.index.d)
        told = index_types.parameters(self.rows.index, self.rows.probes(available), None)
        scores, numbers = self._clone.search(asked, fetched, params=told)
        if allowed is None:
            return numbers, scores
        kept, kept_scores, few = dropped(numbers, scores, k, allowed)
        if few.any():
            kept[few], kept_scores[few] = self.rows.search(questions[few], k, allowed)
        return kept, kept_scores


def dropped(
    numbers: NDArray[np.int64], scores: Floats, k: int, allowed: NDArray[np.uint8]
) -> tuple[NDArray[np.int64], Floats, NDArray[np.bool_]]:
    """The k best that a filter allows.

    Args:
        numbers: int64 (b, n), rowids best first; −1 where none is.
        scores: float32 (b, n).
        k: How many, at most n.
        allowed: Bits by rowid.

    Returns:
        Rowids and scores (b, k), and which questions (b,) are left with fewer than k.
    """
    inside = (numbers >= 0) & (numbers < 8 * len(allowed))
    places = np.where(inside, numbers, 0)
    inside &= (allowed[places // 8] >> (places % 8).astype(np.uint8)) & 1 > 0
    order = np.argsort(~inside, axis=1, kind="stable")[:, :k]  # allowed ones first, best first
    few = inside.sum(axis=1) < k
    return np.take_along_axis(numbers, order, 1), np.take_along_axis(scores, order, 1), few
