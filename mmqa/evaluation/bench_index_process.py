"""A fresh process that answers questions of the bench: by a real index, or by flat FAISS.

Knows: how one search is done either way, and how much memory this process takes. Refuses to know:
what is compared.

One JSON object a line, each way. ``{"all": FILTER}`` answers every question; ``{"timed": FILTER,
"turn": N}`` times some of them; ``{"memory": true}`` tells what the process holds.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from mmqa.evaluation import line_process, made_up_index
from mmqa.evaluation.line_process import Answering
from mmqa.fusion.concat import ConcatFuser
from mmqa.index.building import LAST, fused_pieces, live_numbers
from mmqa.index.index_types import LEAST_CANDIDATES
from mmqa.index.plan import IndexPlan
from mmqa.index.store import IndexStore
from mmqa.records import Filter, Floats

HITS = 10
QUESTIONS_A_TURN = 20

Search: TypeAlias = Callable[[Floats, Filter], list[int]]


@dataclass(frozen=True, slots=True)
class Task:
    """What both processes are told.

    Attributes:
        folder: The index.
        questions: A file of float32 (n, width), as NumPy writes it.
        filters: Name → what may be found.
        device: Where to search.
    """

    folder: Path
    questions: Path
    filters: Mapping[str, Filter]
    device: str = "auto"

    def to_json(self) -> str:
        """As one line."""
        filters = {n: [f.kinds, [str(p) for p in f.folders]] for n, f in self.filters.items()}
        return json.dumps([str(self.folder), str(self.questions), filters, self.device])

    @staticmethod
    def from_json(written: str) -> Task:
        """Back from :meth:`to_json`."""
        folder, questions, filters, device = json.loads(written)
        return Task(
            Path(folder),
            Path(questions),
            {n: Filter(tuple(k), tuple(map(Path, p))) for n, (k, p) in filters.items()},
            device,
        )


def started(role: str, task: Task) -> AbstractContextManager[Answering]:
    """A process, as long as the block runs.

    Args:
        role: ``index`` or ``flat``.
        task: What it is told.
    """
    return line_process.started(
        __name__,
        [role, task.to_json()],
        ended=lambda status: RuntimeError(f"the {role} process of the bench ended ({status})"),
        failed=lambda fact, _remedy: RuntimeError(fact),
    )


def main(role: str, task: Task) -> None:
    """Answer until there is no more to answer."""
    began_s = time.perf_counter()
    fuser = made_up_index.fuser()
    questions = np.load(task.questions)
    with IndexStore.open(task.folder, None, fuser, plan=IndexPlan(device=task.device)) as store:
        search = _index(store) if role == "index" else _flat(store, fuser, task.filters)
        search(questions[0], next(iter(task.filters.values())))
        opened_s = time.perf_counter() - began_s
        for line in sys.stdin:
            asked = json.loads(line)
            answer: dict[str, Any] = {}
            if name := asked.get("all"):
                answer["found"] = [search(one, task.filters[name]) for one in questions]
            if name := asked.get("timed"):
                answer["ms"] = _timed(search, questions, task.filters[name], asked["turn"])
            if "memory" in asked:
                answer = {"memory": memory(), "opened_s": opened_s}
            line_process.write(sys.stdout, answer)


def _timed(search: Search, questions: Floats, where: Filter, turn: int) -> list[float]:
    """Milliseconds of each of the questions whose turn it is."""
    times = []
    for i in range(QUESTIONS_A_TURN):
        question = questions[(turn * QUESTIONS_A_TURN + i) % len(questions)]
        began_s = time.perf_counter()
        search(question, where)
        times.append(1000 * (time.perf_counter() - began_s))
    return times


def _index(store: IndexStore) -> Search:
    """As retrieval does: candidates, then exact scores."""

    def search(question: Floats, where: Filter) -> list[int]:
        with store.snapshot() as snapshot:
            wanted = max(LEAST_CANDIDATES, HITS) * snapshot.oversampling
            numbers, _ = snapshot.search(question, wanted, where)
            scores = snapshot.fused(numbers) @ question
        return [numbers[place] for place in np.argsort(-scores, kind="stable")[:HITS]]

    return search


def _flat(store: IndexStore, fuser: ConcatFuser, filters: Mapping[str, Filter]) -> Search:
    """The yardstick: flat FAISS with the same filters as selectors."""
    import faiss

    api: Any = faiss  # its stub lacks keyword arguments
    index = api.IndexFlatIP(fuser.width)
    for _, fused in fused_pieces(store, fuser, 1):
        index.add(fused)
    rowids = live_numbers(store, 1, LAST)
    told = {Filter(): None}
    for where in filters.values():
        if where != Filter():
            allowed = store.allowed(where, int(rowids[-1]) + 1)[rowids]
            bits = np.packbits(allowed, bitorder="little")
            told[where] = api.SearchParameters(sel=api.IDSelectorBitmap(bits))

    def search(question: Floats, where: Filter) -> list[int]:
        _, found = index.search(question[None], HITS, params=told[where])
        places = found[0][found[0] >= 0]
        return [int(number) for number in rowids[places]]

    return search


def memory() -> dict[str, int]:
    """Bytes of this process: resident, its share of what is shared, and what is its own alone.

    Where the system does not tell the last two, they are as the first.
    """
    import psutil

    resident = int(psutil.Process().memory_info().rss)
    found = {"resident": resident, "proportional": resident, "anonymous": resident}
    source = Path("/proc/self/smaps_rollup")
    if source.exists():
        named = {"Rss": "resident", "Pss": "proportional", "Anonymous": "anonymous"}
        for line in source.read_text(encoding="utf-8").splitlines()[1:]:
            name, _, value = line.partition(":")
            if name in named:
                found[named[name]] = int(value.split()[0]) * 1024
    return found


if __name__ == "__main__":
    main(sys.argv[1], Task.from_json(sys.argv[2]))
