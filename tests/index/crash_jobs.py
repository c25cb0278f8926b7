"""What the processes of the crash test do: one writes until it is killed, one reads meanwhile.

Every fact about a file follows from its number and version, so that whoever looks needs no copy of
what was stored: how many segments, the word and the vectors of each.
"""

from __future__ import annotations

import json
import signal
import time
from pathlib import Path
from typing import Any

import numpy as np
from conftest import FUSER, IDENTITY
from zygote import say

from mmqa.index.files import sha256_hex
from mmqa.index.plan import IndexPlan
from mmqa.index.store import IndexStore, item_id
from mmqa.records import Features, Filter, MediaItem, Segment, SegmentText

SMALL = IndexPlan(flat_rows=15, sq8_rows=40, ivf_sq8_rows=80)
"""So small that FAISS files of every type occur."""

EVERY = 100_000
"""More hits than there are segments."""


def path_of(number: int) -> Path:
    return Path(f"/media/{number}.png")


def count_of(number: int, version: int) -> int:
    """How many segments a file has in a version."""
    return (number + version) % 3 + 1


def word_of(number: int, version: int, ordinal: int) -> str:
    """A word of one segment that no other has."""
    return f"w{number}v{version}s{ordinal}"


def features_of(number: int, version: int, ordinal: int) -> Features:
    rng = np.random.default_rng([number, version, ordinal])
    raw = rng.standard_normal((2, 8)).astype(np.float32)
    raw /= np.linalg.norm(raw, axis=1, keepdims=True)
    return Features({"visual": raw[0], "text": raw[1]}, {"visual": 0.1, "text": 0.1})


def file_of(number: int, version: int) -> Any:
    """Arguments of ``put``."""
    path, sha256 = path_of(number), sha256_hex(f"{number} {version}".encode())
    name, count = item_id(path, sha256), count_of(number, version)
    words = [f"all {word_of(number, version, n)}" for n in range(count)]
    long = "so much was said " * (
        300 if number % 7 == 0 else 1
    )  # some rows need pages of their own
    segments = [
        Segment(f"{name}.{n}", path, sha256, "image", n, text=SegmentText(caption=words[n] + long))
        for n in range(count)
    ]
    item = MediaItem(path, sha256, "image", 10, version)
    return item, segments, [features_of(number, version, n) for n in range(count)], words


def asked(features: Features) -> np.ndarray:
    return FUSER.fuse_question(features, {"visual": 0.5, "text": 0.5}, {})


# ------------------------------------------------------------------ writing


def write(folder: str, plan: list[dict[str, Any]]) -> None:
    """Say when each change begins and when it is acknowledged; then wait for the end."""
    say("begin", step=-1)
    started_s = time.perf_counter()
    store = IndexStore.create(Path(folder), IDENTITY, FUSER, plan=SMALL)
    say("done", step=-1, seconds=time.perf_counter() - started_s)
    for step, change in enumerate(plan):
        say("begin", step=step)
        started_s = time.perf_counter()
        CHANGES[change["kind"]](store, change)
        say("done", step=step, seconds=time.perf_counter() - started_s)
    signal.pause()


def _put(store: IndexStore, change: dict[str, Any]) -> None:
    with store.transaction() as transaction:
        for number in change.get("gone", ()):
            transaction.remove(path_of(number))
        for number, version in change.get("puts", ()):
            item, *rest = file_of(number, version)
            transaction.put(item, *rest)
            transaction.put_extraction(item.sha256, "ocr", b"x" * 3000)


def _sync(store: IndexStore, change: dict[str, Any]) -> None:
    _put(store, change)
    store.flush()


def _tag(store: IndexStore, change: dict[str, Any]) -> None:
    with store.transaction() as transaction:
        for number in change["tags"]:
            transaction.tag(path_of(number), add=["seen"])


CHANGES = {
    "add": _put,
    "change": _put,
    "remove": _put,
    "sync": _sync,
    "tag": _tag,
    "flush": lambda store, _: store.flush(),
    "rebuild": lambda store, _: store.rebuild(),
    "compact": lambda store, _: store.compact(),
    "close": lambda store, _: store.close(),
}


# ------------------------------------------------------------------ reading


def read(folder: str, ledger: str) -> None:
    """Search until killed; say what was wrong, and now and then how often all was right."""
    rng = np.random.default_rng(0)
    notices: list[str] = []
    reader = None
    generation, rounds = -1, 0
    while True:
        if reader is None or rounds % 20 == 0:  # an old friend, and now and then a newcomer
            if reader is not None:
                reader.close()
            reader = IndexStore.open(Path(folder), IDENTITY, FUSER, notice=notices.append)
        before = json.loads(Path(ledger).read_text())
        with reader.snapshot() as view:
            now = int(reader.meta("generation"))
            seen = _seen(view)
            chosen = rng.choice(len(before["there"])) if before["there"] else None
            if chosen is not None:
                _finds_itself(view, *before["there"][chosen], seen)
        after = json.loads(Path(ledger).read_text())
        there = [one for one in before["there"] if one in after["there"]]
        gone = set(before["gone"]) & set(after["gone"])
        assert now >= generation, f"generation went back from {generation} to {now}"
        assert not (lost := [(n, v) for n, v in there if seen.get(n) != v]), f"lost: {lost}"
        assert not (back := gone & set(seen)), f"removed, but found: {sorted(back)}"
        assert not notices, notices
        generation, rounds = now, rounds + 1
        if rounds % 10 == 0:
            say("searched", rounds=rounds)
        time.sleep(0.005)


def check(folder: str) -> None:
    """Verify and count until killed; there is nothing to find, whatever is written meanwhile."""
    rounds = 0
    with IndexStore.open(Path(folder), IDENTITY, FUSER) as store:
        while True:
            assert (problems := store.verify()) == [], [str(problem) for problem in problems]
            assert sum(store.counts().segments.values()) >= 0
            rounds += 1
            say("checked", rounds=rounds)


def migrate(folder: str) -> None:
    """Open an index of an earlier format."""
    say("begin")
    started_s = time.perf_counter()
    with IndexStore.open(Path(folder), None, FUSER, notice=lambda _: None):
        say("done", seconds=time.perf_counter() - started_s)


def repair(folder: str) -> None:
    """Save what can be saved of a damaged catalogue."""
    say("begin")
    done = IndexStore.repair(Path(folder), FUSER)
    say("done", lost=sorted(str(path) for path in done.lost) if done else None)


def _seen(view: Any) -> dict[int, int]:
    """File → version, of one generation that must agree with itself."""
    numbers, _ = view.search(np.ones(FUSER.width, np.float32), EVERY)
    worded = [number for number, _ in view.lexical('"all"', EVERY)]
    assert sorted(numbers) == sorted(worded), "vectors and words disagree"
    assert len(numbers) == view.count
    parts: dict[tuple[int, int], int] = {}
    for segment in view.segments(numbers):
        word = segment.text.caption.split()[1]
        number, version = (int(part) for part in word[1:].partition("s")[0].split("v"))
        parts[number, version] = parts.get((number, version), 0) + 1
    assert all(count == count_of(*key) for key, count in parts.items()), "half a file"
    seen = dict(parts.keys())
    assert len(seen) == len(parts), "two versions of one file"
    return seen


def nearest(view: Any, question: Any) -> list[int]:
    """The best row, as a search finds it: candidates by FAISS, scored again exactly."""
    candidates, _ = view.search(question, 10 * view.oversampling)
    return [candidates[int(np.argmax(view.fused(candidates) @ question))]]


def _finds_itself(view: Any, number: int, version: int, seen: dict[int, int]) -> None:
    if seen.get(number) != version:  # changed since the ledger was read
        return
    for ordinal in range(count_of(number, version)):
        best = nearest(view, asked(features_of(number, version, ordinal)))
        (worded,) = view.lexical(f'"{word_of(number, version, ordinal)}"', 5)
        assert best == [worded[0]], f"file {number}, segment {ordinal} is not found first"
        (segment,) = view.segments(best)
        assert (segment.path, segment.ordinal) == (path_of(number), ordinal)


def tagged(store: IndexStore) -> set[Path]:
    """Files that carry the tag of the test, by the filter that a search would use."""
    with store.snapshot() as view:
        numbers, _ = view.search(np.ones(FUSER.width, np.float32), EVERY, Filter(tags=("seen",)))
        return {segment.path for segment in view.segments(numbers)}
