"""A million made-up segments in a real index: what is found, how fast, in how much memory.

Knows: what is measured and what is to be reached. Refuses to know: how the index is made and
filled.

The index is an :class:`~mmqa.index.store.IndexStore` with fused vectors of 400 dimensions. Two
fresh processes answer by turns: one opens the index as any reader does and searches it (candidates,
then exact scores from the catalogue), the other holds all fused vectors in a flat FAISS index. The
memory of the first is measured before the second begins.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from mmqa.config import Config
from mmqa.evaluation import made_up_index
from mmqa.evaluation.bench_index_process import HITS, QUESTIONS_A_TURN, Task, started
from mmqa.evaluation.made_up_vectors import MadeUpCorpus
from mmqa.evaluation.report import BenchReport, Figure
from mmqa.index.catalogue import FaissSegment
from mmqa.index.index_types import LEAST_CANDIDATES
from mmqa.index.plan import IndexPlan
from mmqa.index.store import IndexStore
from mmqa.interfaces import Progress
from mmqa.records import Chunk, Filter

SIZES = (10_000, 100_000, 1_000_000)
QUESTIONS = 300
TURNS = 10
ASKED = QUESTIONS_A_TURN * TURNS
FILTERED = "pictures (1/2)"
"""The filter of the figures with a target for speed; under a narrower one flat FAISS does less."""
RECALL, FILTERED_MS, TIMES_FASTER, MEMORY_SHARE, BUILD_MINUTES = 0.95, 25.0, 15.0, 0.4, 15.0

_MIB = 2**20


@dataclass(frozen=True, slots=True)
class Built:
    """An index that was filled and built.

    Attributes:
        segments: Rows.
        filled_s: Seconds that filling the catalogue took.
        built_s: Seconds that building FAISS files from it took.
        files: The FAISS files.
        file_bytes: Their size.
        catalogue_bytes: Size of the catalogue.
    """

    segments: int
    filled_s: float
    built_s: float
    files: tuple[FaissSegment, ...]
    file_bytes: int
    catalogue_bytes: int

    @property
    def vector_bytes(self) -> int:
        """Size of the fused vectors as float32."""
        return self.segments * made_up_index.fuser().width * 4

    def line(self) -> str:
        """For people."""
        files = "; ".join(map(_file, self.files))
        return (
            f"{files}; filled in {self.filled_s:.1f} s, built in {self.built_s:.1f} s; vectors "
            f"{self.vector_bytes // _MIB} MiB, FAISS files {self.file_bytes // _MIB}, catalogue "
            f"{self.catalogue_bytes // _MIB}"
        )


def _file(one: FaissSegment) -> str:
    if not one.nlist:
        return one.index_type
    recall = "" if one.recall is None else f" (recall {one.recall:.3f} when it was tuned)"
    return f"{one.index_type}, {one.nprobe} of {one.nlist} lists{recall}"


@dataclass(frozen=True, slots=True)
class Asked:
    """What two processes answered.

    Attributes:
        opened_s: Seconds from opening the index to the first answer.
        memory: Of the searching process, in bytes.
        recall: Filter → recall@10 against flat FAISS.
        search_ms: Filter → median of one search.
        flat_ms: Filter → the same with flat FAISS.
    """

    opened_s: float
    memory: Mapping[str, int]
    recall: Mapping[str, float]
    search_ms: Mapping[str, float]
    flat_ms: Mapping[str, float]

    def line(self) -> str:
        """For people."""
        times = "; ".join(
            f"{name} {ms:.2f} ms (flat {self.flat_ms[name]:.2f} ms, recall {self.recall[name]:.3f})"
            for name, ms in self.search_ms.items()
        )
        memory = ", ".join(f"{name} {size // _MIB} MiB" for name, size in self.memory.items())
        return f"{times}; memory {memory}; first answer after {self.opened_s:.2f} s"


def run(
    config: Config | None = None, progress: Progress | None = None, segments: int = SIZES[-1]
) -> BenchReport:
    """Fill, build, ask and compare at growing sizes.

    Args:
        config: Only ``recall_target``, ``index_type`` and ``index_device`` count.
        progress: Told as each size is filled, built and asked.
        segments: The largest size, from 1,000; figures are of this one.
    """
    settings = config or Config()
    sizes = [*(size for size in SIZES if size < segments), segments]
    found = [_measure(size, settings, progress) for size in sizes]
    built, asked = found[-1]
    return BenchReport(suite="bench: index", figures=_figures(built, asked), how=_how(found))


def _figures(built: Built, asked: Asked) -> tuple[Figure, ...]:
    return (
        *(
            Figure(f"recall@{HITS}, {name}", value, QUESTIONS, target=RECALL)
            for name, value in asked.recall.items()
        ),
        _at_most(f"one search among {FILTERED}, p50 ms", asked.search_ms[FILTERED], FILTERED_MS),
        Figure(
            f"times faster than flat FAISS among {FILTERED}",
            asked.flat_ms[FILTERED] / asked.search_ms[FILTERED],
            ASKED,
            target=TIMES_FASTER,
        ),
        _at_most(
            "memory of a searching process / float32 vectors",
            asked.memory["resident"] / built.vector_bytes,
            MEMORY_SHARE,
            n=1,
        ),
        _at_most("building from the catalogue, minutes", built.built_s / 60, BUILD_MINUTES, n=1),
    )


def _at_most(name: str, value: float, target: float, n: int = ASKED) -> Figure:
    return Figure(name, value, n, target=target, lower_is_better=True)


def _how(found: Sequence[tuple[Built, Asked]]) -> dict[str, str | int | float]:
    how: dict[str, str | int | float] = {
        "segments": found[-1][0].segments,
        "width": made_up_index.fuser().width,
        "vectors": "made up; see mmqa.evaluation.made_up_vectors",
        "questions": f"{QUESTIONS}, of files that are not in the index, asked of both modalities",
        "a search": f"{LEAST_CANDIDATES} candidates or more, then exact scores by the catalogue",
        "times": f"medians of {ASKED} questions, both processes by turns, warm",
        "memory": "resident counts mapped pages in full",
    }
    for built, asked in found:
        how[f"{built.segments:,}, built"] = built.line()
        how[f"{built.segments:,}, asked"] = asked.line()
    return how


def _measure(segments: int, config: Config, progress: Progress | None) -> tuple[Built, Asked]:
    corpus, fuser = MadeUpCorpus(made_up_index.WIDTH), made_up_index.fuser()
    plan = IndexPlan(config.index_type, config.recall_target, config.index_device)
    with tempfile.TemporaryDirectory(prefix="mmqa-bench-") as root:
        folder, asked = Path(root) / "index", Path(root) / "questions.npy"
        identity = made_up_index.identity(fuser)
        with IndexStore.create(folder, identity, fuser, plan=plan) as store:
            began_s = time.perf_counter()
            topics = made_up_index.fill(store, corpus, segments, progress)
            filled_s = time.perf_counter() - began_s
            began_s = time.perf_counter()
            store.rebuild(progress=progress)
            built_s = time.perf_counter() - began_s
            files = tuple(store.faiss_segments())
            np.save(asked, made_up_index.questions(corpus, fuser, store.calibration(), QUESTIONS))
        built = Built(
            segments,
            filled_s,
            built_s,
            files,
            file_bytes=sum(path.stat().st_size for path in (folder / "segments").iterdir()),
            catalogue_bytes=(folder / "catalogue.sqlite").stat().st_size,
        )
        task = Task(folder, asked, made_up_index.filters(topics), config.index_device)
        return built, _ask(task, progress)


def _ask(task: Task, progress: Progress | None) -> Asked:
    with started("index", task) as index:
        found = {name: index({"all": name})["found"] for name in task.filters}
        held = index({"memory": True})
        with started("flat", task) as flat:
            true = {name: flat({"all": name})["found"] for name in task.filters}
            times = _by_turns({"index": index, "flat": flat}, task.filters, progress)
    return Asked(
        opened_s=held["opened_s"],
        memory=held["memory"],
        recall={name: _recall(found[name], true[name]) for name in task.filters},
        search_ms={name: median(times["index", name]) for name in task.filters},
        flat_ms={name: median(times["flat", name]) for name in task.filters},
    )


def _by_turns(
    ways: Mapping[str, Any], filters: Mapping[str, Filter], progress: Progress | None
) -> dict[tuple[str, str], list[float]]:
    """Milliseconds of every question by way and filter; the ways take turns."""
    times: dict[tuple[str, str], list[float]] = {(w, f): [] for w in ways for f in filters}
    for turn in range(TURNS):
        for name in filters:
            for way, ask in ways.items():
                times[way, name] += ask({"timed": name, "turn": turn})["ms"]
        if progress is not None:
            progress(Chunk("asking by turns", turn + 1, TURNS, "steps"))
    return times


def _recall(found: Sequence[Sequence[int]], true: Sequence[Sequence[int]]) -> float:
    hits = sum(len(set(some) & set(best)) for some, best in zip(found, true, strict=True))
    return hits / max(sum(map(len, true)), 1)
