"""50,000 documents with vectors added through the public path: does one more cost ever more?

Knows: how texts and vectors are made up, and which windows are compared. Refuses to know: how
documents are kept.

As a program would: a thousand at a time, each call durable when it returns. What a call costs
includes checking, committing and folding rows into FAISS, which falls due at every ninth call;
nothing is left out but the last fold, when the index is closed, which is told apart. The first
thousand warm up; then windows of ten calls are compared. Once with ids that mmqa makes up, which
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
"""Calls of a window: one fold into FAISS falls into each."""
WIDTH = 384


@dataclass(frozen=True, slots=True)
class Run:
    """What one new index took: seconds of each call in order, and of the last fold."""

    calls_s: tuple[float, ...]
    final_s: float

    @property
    def windows_ms(self) -> list[float]:
        """Mean milliseconds a document in each window after the warm-up; the last ends at the end.

        Where the calls do not divide into windows, the last overlaps its neighbour.
        """
        calls = self.calls_s[1:]
        starts = [*range(0, len(calls) - WINDOW_CALLS + 1, WINDOW_CALLS), len(calls) - WINDOW_CALLS]
        windows = [calls[start : start + WINDOW_CALLS] for start in dict.fromkeys(starts)]
        return [1000 * sum(one) / (WINDOW_CALLS * CALL) for one in windows]

    @property
    def growth(self) -> float:
        """Time a document in the last window by that in the first."""
        return self.windows_ms[-1] / self.windows_ms[0]


def run(
    config: Config | None = None,
    progress: Progress | None = None,
    segments: int = 50_000,
    rounds: int = 5,
) -> BenchReport:
    """Fill new indexes and compare what a document costs at the end with what it did at the start.

    Args:
        config: Not read; every bench takes it.
        progress: Told as the indexes fill.
        segments: Documents of one index; a multiple of 1,000, from 21,000.
        rounds: Indexes of either kind, by turns; the median growth counts.
    """
    texts, vectors = made_up_texts(segments), made_up_vectors(segments)
    rng = np.random.default_rng(1)
    made_up: list[Run] = []
    own: list[Run] = []
    for turn in range(rounds):
        made_up.append(_fill(texts, vectors, None))
        own.append(_fill(texts, vectors, [rng.bytes(16).hex() for _ in texts]))
        if progress is not None:
            progress(Chunk("filling", turn + 1, rounds, "steps"))
    return BenchReport(
        suite="bench: adding",
        figures=(_figure("ids made up", made_up, segments), _figure("random ids", own, segments)),
        how={
            "documents": segments,
            "width": WIDTH,
            "measured": f"medians of {rounds} new indexes, {CALL:,} documents a call, each durable",
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
    windows = np.median([one.windows_ms for one in runs], axis=0)
    return {
        f"{name}: growth of each index": ", ".join(f"{one.growth:.2f}" for one in runs),
        f"{name}: ms a document, by windows": ", ".join(f"{w:.3f}" for w in windows),
        f"{name}: all calls, s": round(median(sum(one.calls_s) for one in runs), 1),
        f"{name}: slowest call, s": round(median(max(one.calls_s) for one in runs), 2),
        f"{name}: last fold and sealing, s": round(median(one.final_s for one in runs), 2),
    }


def _fill(texts: Sequence[str], vectors: Floats, ids: Sequence[str] | None) -> Run:
    from mmqa.documents import Documents

    with (
        tempfile.TemporaryDirectory(prefix="mmqa-bench-") as folder,
        Documents.open(Path(folder) / "index", width=WIDTH, encoder="made up") as documents,
    ):
        calls = [
            _call(documents, texts, vectors, ids, first) for first in range(0, len(texts), CALL)
        ]
        began_s = time.perf_counter()
        documents.flush()
        final_s = time.perf_counter() - began_s
        if documents.count != len(texts):
            raise RuntimeError(f"{documents.count} of {len(texts)} documents are there")
    return Run(tuple(calls), final_s)


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
