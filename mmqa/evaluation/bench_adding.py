"""50,000 documents with vectors added through the public path: does one more cost ever more?

Knows: how texts and vectors are made up, and which windows are compared. Refuses to know: how
documents are kept.

As a program would: a thousand at a time, each call durable when it returns. What a call costs
includes checking, committing and folding rows into FAISS where that falls due; nothing is left out
but the last fold, when the index is closed, which is told apart. The first thousand warm up.
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
WINDOW_CALLS = 5
"""Calls at either end that are compared, after the one that warms up."""
WIDTH = 384


@dataclass(frozen=True, slots=True)
class Run:
    """What one new index took: seconds of each call in order, and of the last fold."""

    calls_s: tuple[float, ...]
    final_s: float

    @property
    def windows_ms(self) -> list[float]:
        """Mean milliseconds a document, in windows of 5,000 after the warm-up; the last is whole.

        Windows are counted from the end, so the first may overlap its neighbour.
        """
        calls = self.calls_s[1:]
        starts = [0, *range(len(calls) % WINDOW_CALLS, len(calls), WINDOW_CALLS)]
        windows = [calls[start : start + WINDOW_CALLS] for start in dict.fromkeys(starts)]
        return [1000 * sum(one) / (len(one) * CALL) for one in windows]

    @property
    def growth(self) -> float:
        """Time a document in the last window by that in the first."""
        return self.windows_ms[-1] / self.windows_ms[0]


def run(
    config: Config | None = None,
    progress: Progress | None = None,
    segments: int = 50_000,
    rounds: int = 3,
) -> BenchReport:
    """Fill new indexes and compare what a document costs at the end with what it did at the start.

    Args:
        config: Not read; every bench takes it.
        progress: Told as the indexes fill.
        segments: Documents of one index; a multiple of 1,000, from 11,000.
        rounds: Indexes; the median growth counts.
    """
    texts, vectors = made_up_texts(segments), made_up_vectors(segments)
    found = []
    for turn in range(rounds):
        with tempfile.TemporaryDirectory(prefix="mmqa-bench-") as folder:
            found.append(_fill(Path(folder) / "index", texts, vectors))
        if progress is not None:
            progress(Chunk("filling", turn + 1, rounds, "steps"))
    middle = sorted(found, key=lambda one: one.growth)[len(found) // 2]
    growth = median(one.growth for one in found)
    return BenchReport(
        suite="bench: adding",
        figures=(
            Figure(
                "time a document, last 5,000 / first 5,000 after a warm-up of 1,000",
                growth,
                segments,
                target=TARGET,
                lower_is_better=True,
            ),
        ),
        how={
            "documents": segments,
            "width": WIDTH,
            "measured": f"median of {rounds} new indexes, {CALL:,} documents a call, each durable",
            "growth of each index": ", ".join(f"{one.growth:.2f}" for one in found),
            "ms a document, windows of 5,000": ", ".join(f"{w:.2f}" for w in middle.windows_ms),
            "all calls, s": round(sum(middle.calls_s), 1),
            "slowest call, s": round(max(middle.calls_s), 2),
            "last fold into FAISS, s": round(middle.final_s, 2),
        },
    )


def _fill(folder: Path, texts: Sequence[str], vectors: Floats) -> Run:
    from mmqa.documents import Documents

    with Documents.open(folder, width=WIDTH, encoder="made up") as documents:
        calls = [_call(documents, texts, vectors, first) for first in range(0, len(texts), CALL)]
        began_s = time.perf_counter()
        documents.flush()
        final_s = time.perf_counter() - began_s
        if documents.count != len(texts):
            raise RuntimeError(f"{documents.count} of {len(texts)} documents are there")
    return Run(tuple(calls), final_s)


def _call(documents: Documents, texts: Sequence[str], vectors: Floats, first: int) -> float:
    last = first + CALL
    numbers = range(first, min(last, len(texts)))
    metadatas = [{"source": f"note-{n // 40}", "line": n % 40} for n in numbers]
    began_s = time.perf_counter()
    documents.add(texts[first:last], vectors[first:last], metadatas=metadatas)
    return time.perf_counter() - began_s


def made_up_vectors(n: int, seed: int = 0) -> Floats:
    """Vectors float32 (n, 384) in clusters of about 100, as embeddings of texts lie."""
    rng = np.random.default_rng(seed)
    centres = rng.standard_normal((max(n // 100, 1), WIDTH), np.float32)
    chosen = rng.integers(0, len(centres), n)
    return centres[chosen] + 0.7 * rng.standard_normal((n, WIDTH), np.float32)
