"""50,000 documents with vectors added through the public path: does one more cost ever more?

Knows: how texts and vectors are made up, and which windows are compared. Refuses to know: how
documents are kept.

As a program would: a thousand at a time, each call durable when it returns. What a call costs
includes checking, committing and folding rows into FAISS, which falls due at every ninth call;
nothing is left out but the last fold, when the index is closed, which is told apart. The last ten
calls of an index are measured by turns with the first ten of a new one, after a thousand documents
to warm up, so whatever else the machine does strikes both. Once with ids that mmqa makes up, which
ascend, and once with random ones of the program's own, whose places in the index on ids are random.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

import numpy as np

from mmqa.config import Config
from mmqa.evaluation.bench_search import made_up_texts
from mmqa.evaluation.report import BenchReport, Figure
from mmqa.interfaces import Progress
from mmqa.records import Chunk, Floats

if TYPE_CHECKING:
    from mmqa.documents import Documents

TARGET = 1.2
CALL = 1_000
"""Documents of one call."""
WINDOW_CALLS = 10
"""Calls that are compared at either end: one fold into FAISS falls into each ten."""
WIDTH = 384


@dataclass(frozen=True, slots=True)
class Run:
    """What one index took, in seconds.

    Attributes:
        filling_s: Calls before the last ten.
        end_s: The last ten calls.
        start_s: Ten calls of a new index, by turns with those.
        final_s: Folding and sealing in the end.
    """

    filling_s: tuple[float, ...]
    end_s: tuple[float, ...]
    start_s: tuple[float, ...]
    final_s: float

    @property
    def growth(self) -> float:
        """Time a document at the end by that at the start."""
        return sum(self.end_s) / sum(self.start_s)


def run(
    config: Config | None = None,
    progress: Progress | None = None,
    segments: int = 50_000,
    rounds: int = 5,
) -> BenchReport:
    """Fill indexes and compare what a document costs at the end with what it does at the start.

    Args:
        config: Not read; every bench takes it.
        progress: Told as the indexes fill.
        segments: Documents of one index; a multiple of 1,000, from 11,000.
        rounds: Indexes of either kind, by turns; the median growth counts.
    """
    texts, vectors = made_up_texts(segments), made_up_vectors(segments)
    rng = np.random.default_rng(1)
    made_up: list[Run] = []
    own: list[Run] = []
    for turn in range(rounds):
        made_up.append(_measured(texts, vectors, None))
        own.append(_measured(texts, vectors, [rng.bytes(16).hex() for _ in texts]))
        if progress is not None:
            progress(Chunk("filling", turn + 1, rounds, "steps"))
    return BenchReport(
        suite="bench: adding",
        figures=(_figure("ids made up", made_up, segments), _figure("random ids", own, segments)),
        how={
            "documents": segments,
            "width": WIDTH,
            "measured": f"medians of {rounds} indexes, {CALL:,} documents a call, each durable",
            **_details("ids made up", made_up),
            **_details("random ids", own),
        },
    )


def _figure(name: str, runs: Sequence[Run], segments: int) -> Figure:
    return Figure(
        f"time a document, last 10,000 / first 10,000 after 1,000, {name}",
        median(one.growth for one in runs),
        segments,
        target=TARGET,
        lower_is_better=True,
    )


def _details(name: str, runs: Sequence[Run]) -> dict[str, str | int | float]:
    def milliseconds(calls: Sequence[Sequence[float]]) -> float:
        return round(median(1000 * sum(one) / (len(one) * CALL) for one in calls), 3)

    return {
        f"{name}: growth of each index": ", ".join(f"{one.growth:.2f}" for one in runs),
        f"{name}: ms a document at the start": milliseconds([one.start_s for one in runs]),
        f"{name}: ms a document at the end": milliseconds([one.end_s for one in runs]),
        f"{name}: all calls, s": round(median(sum(r.filling_s) + sum(r.end_s) for r in runs), 1),
        f"{name}: last fold and sealing, s": round(median(one.final_s for one in runs), 2),
    }


def _measured(texts: Sequence[str], vectors: Floats, ids: Sequence[str] | None) -> Run:
    with (
        tempfile.TemporaryDirectory(prefix="mmqa-bench-") as folder,
        _opened(Path(folder) / "full") as full,
        _opened(Path(folder) / "new") as new,
    ):
        last = len(texts) - WINDOW_CALLS * CALL
        filling = [_call(full, texts, vectors, ids, at) for at in range(0, last, CALL)]
        _call(new, texts, vectors, ids, 0)  # warms up
        end, start = [], []
        for turn in range(WINDOW_CALLS):
            end.append(_call(full, texts, vectors, ids, last + turn * CALL))
            start.append(_call(new, texts, vectors, ids, (turn + 1) * CALL))
        final_s = _final(full)
        if full.count != len(texts):
            raise RuntimeError(f"{full.count} of {len(texts)} documents are there")
    return Run(tuple(filling), tuple(end), tuple(start), final_s)


def _opened(folder: Path) -> Documents:
    from mmqa.documents import Documents

    return Documents.open(folder, width=WIDTH, encoder="made up")


def _final(documents: Documents) -> float:
    began_s = time.perf_counter()
    documents.flush()
    return time.perf_counter() - began_s


def _call(
    documents: Documents,
    texts: Sequence[str],
    vectors: Floats,
    ids: Sequence[str] | None,
    first: int,
) -> float:
    last = min(first + CALL, len(texts))
    metadatas = [{"source": f"note-{n // 40}", "line": n % 40} for n in range(first, last)]
    own = None if ids is None else ids[first:last]
    began_s = time.perf_counter()
    documents.add(texts[first:last], vectors[first:last], own, metadatas)
    return time.perf_counter() - began_s


def made_up_vectors(n: int, seed: int = 0) -> Floats:
    """Vectors float32 (n, 384) in clusters of about 100, as embeddings of texts lie."""
    rng = np.random.default_rng(seed)
    centres = rng.standard_normal((max(n // 100, 1), WIDTH), np.float32)
    chosen = rng.integers(0, len(centres), n)
    return centres[chosen] + 0.7 * rng.standard_normal((n, WIDTH), np.float32)
