"""Kills at random moments: what was acknowledged stays, what was not is there whole or not at all.

One index suffers all kills, so that damage would add up; another process searches it meanwhile.
``MMQA_CRASH_KILLS`` and ``MMQA_CRASH_SEED`` make it longer (``make test-crash``) or another one.
"""

from __future__ import annotations

import copy
import json
import os
import random
import shutil
import statistics
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))
from conftest import FUSER, IDENTITY
from crash_jobs import (
    EVERY,
    _seen,
    asked,
    count_of,
    features_of,
    file_of,
    nearest,
    path_of,
    tagged,
    word_of,
)
from zygote import Zygote

from mmqa.errors import IndexMissingError
from mmqa.index.store import IndexStore

KILLS = int(os.environ.get("MMQA_CRASH_KILLS", "75"))
SEED = int(os.environ.get("MMQA_CRASH_SEED", "0"))
KINDS = ("add", "change", "remove", "sync", "tag", "flush", "rebuild", "compact", "open", "close")
INSIDE = max(3, KILLS // 20)
"""At least so many kills of each kind must fall between its beginning and its acknowledgement."""


@dataclass
class State:
    """What the index must hold: file → version, files with the tag, files that were removed."""

    files: dict[int, int] = field(default_factory=dict)
    tags: set[int] = field(default_factory=set)
    gone: set[int] = field(default_factory=set)

    def after(self, change: dict[str, Any]) -> State:
        new = copy.deepcopy(self)
        for number in change.get("gone", ()):
            if new.files.pop(number, None) is not None:
                new.tags.discard(number)
                new.gone.add(number)
        for number, version in change.get("puts", ()):
            new.files[number] = version
            new.gone.discard(number)
        new.tags.update({*change.get("tags", ())} & {*new.files})
        return new


class Driver:
    """Plans changes, kills whoever carries them out, and keeps the books.

    A change that was never acknowledged may be complete in the log although the killed writer did
    not come to tell readers. It is not there then until the log is read anew, or until another
    change is written over it, and it stays unsure: ``unsure`` holds what else the index may be.
    """

    def __init__(self, folder: Path, ledger: Path, zygote: Zygote) -> None:
        self.folder, self.ledger, self.zygote = folder, ledger, zygote
        self.random = random.Random(SEED)
        self.state = State()
        self.unsure: list[State] = []
        self.generation = -1
        self.version = 0
        self.seconds: dict[str, list[float]] = {}
        self.inside: Counter[str] = Counter()
        self.kills = 0
        self.settled = False
        self.publish([])

    # -------------------------------------------------------------- planning

    def plan(self, last: str) -> list[dict[str, Any]]:
        """Up to two changes of any kind, and then one of the wanted kind."""
        before = 1 if last == "close" else self.random.choice((0, 0, 1, 2))
        kinds = [self.random.choice(KINDS[:-2]) for _ in range(before)]
        state, plan = self.state, []
        if len(state.files) > 60:
            kinds.insert(0, "remove")
        for kind in [*kinds, *([last] if last != "open" else [])]:
            plan.append(self.change(kind, state))
            state = state.after(plan[-1])
        return plan

    def change(self, kind: str, state: State) -> dict[str, Any]:
        here = sorted(state.files)
        some = self.random.sample(here, min(len(here), self.random.randint(1, 8)))
        puts = {"add": self.new(state), "change": some, "sync": [*self.new(state), *some[1::2]]}
        gone = {"remove": some, "sync": some[::2]}
        self.version += 1
        return {
            "kind": kind,
            "puts": [(number, self.version) for number in puts.get(kind, ())],
            "gone": gone.get(kind, []),
            "tags": some if kind == "tag" else [],
        }

    def new(self, state: State) -> list[int]:
        """Files that were never there, and one that was removed."""
        fresh = max([-1, *state.files, *state.gone]) + 1
        back = self.random.sample(sorted(state.gone), min(1, len(state.gone)))
        return [*range(fresh, fresh + self.random.randint(1, 8)), *back]

    def publish(self, plan: list[dict[str, Any]]) -> None:
        """Tell the reader what must be found, and what must not, whatever becomes of a plan."""
        touched = {n for c in plan for n in (*c["gone"], *(number for number, _ in c["puts"]))}
        for other in self.unsure:
            touched |= {n for n, _ in self.state.files.items() ^ other.files.items()}
            touched |= self.state.gone ^ other.gone
        there = [one for one in self.state.files.items() if one[0] not in touched]
        new = self.ledger.with_suffix(".new")
        new.write_text(json.dumps({"there": there, "gone": sorted(self.state.gone - touched)}))
        new.replace(self.ledger)

    # -------------------------------------------------------------- killing

    def round(self, kind: str) -> None:
        """One child, killed at some moment of its last change."""
        plan = self.plan(kind)
        self.settled = False
        self.publish(plan)
        last = len(plan) - 1 if kind != "open" else -1
        job = self.zygote.start("crash_jobs", "write", folder=str(self.folder), plan=plan)
        self.follow(job, plan, until=last)
        time.sleep(self.delay(kind))
        job.kill()
        self.kills += 1
        heard = job.rest()
        assert job.status == -9, f"the writer ended with {job.status}: {heard}"
        acknowledged = self.note(heard, plan)
        begun = last if last >= 0 and not acknowledged else None
        self.inside[kind] += not acknowledged
        self.inspect(plan[begun] if begun is not None else None)
        self.publish([])

    def follow(self, job: Any, plan: list[dict[str, Any]], until: int) -> None:
        """Listen until the wanted change has begun."""
        while True:
            heard = job.next()
            assert heard is not None, f"the writer ended with {job.status}"
            assert heard[0] != "raised", heard[1]["trace"]
            if heard == ("begin", {"step": until}):
                return
            self.note([heard], plan)

    def note(self, heard: list[Any], plan: list[dict[str, Any]]) -> bool:
        """Believe what was acknowledged."""
        done = [facts for word, facts in heard if word == "done"]
        for facts in done:
            step = facts["step"]
            kind = plan[step]["kind"] if step >= 0 else "open"
            self.seconds.setdefault(kind, []).append(facts["seconds"])
            if step >= 0:
                self.state = self.state.after(plan[step])
                self.unsure = [other.after(plan[step]) for other in self.unsure]
                self.settled = True
        return bool(done)

    def delay(self, kind: str) -> float:
        known = self.seconds.get(kind, [0.005])[-15:]
        return self.random.uniform(0, statistics.median(known))

    # -------------------------------------------------------------- looking

    def inspect(self, begun: dict[str, Any] | None) -> None:
        """All of it: by vector, by word, by tag, by name; then once more as the next writer."""
        if IndexStore.exists(self.folder):
            try:
                store = IndexStore.open(self.folder, IDENTITY, FUSER, notice=self.surprised)
            except IndexMissingError as error:
                assert not self.state.files, error  # its making was cut short
                return
            with store:
                assert {p.kind for p in store.verify()} <= {"orphan"}, store.verify()
                self.agree(store, begun)
        else:
            assert not self.state.files
            begun = None
        if self.random.random() < 0.5:  # else the next child is the first to tidy up
            with IndexStore.create(self.folder, IDENTITY, FUSER, notice=self.surprised) as store:
                assert store.verify() == []
                self.agree(store, None)
                assert list(self.folder.rglob("*.part")) == []

    def surprised(self, notice: str) -> None:
        raise AssertionError(notice)

    def agree(self, store: IndexStore, begun: dict[str, Any] | None) -> None:
        generation = int(store.meta("generation"))
        assert generation >= self.generation
        self.generation = generation
        with store.snapshot() as view:
            seen = _seen(view)
        tags = tagged(store)
        before = [self.state, *self.unsure]
        possible = [*before, *(one.after(begun) for one in before if begun)]
        fitting = [s for s in possible if s.files == seen and {*map(path_of, s.tags)} == tags]
        assert fitting, f"{seen} with {tags} is none of {possible}"
        self.believe(fitting[0], possible, begun)
        for number, version in seen.items():
            self.find(store, number, version)
        for number in self.state.gone:
            assert store.known(path_of(number)) is None
            assert store.item_rowids(path_of(number)) == []

    def believe(self, seen: State, possible: list[State], begun: dict[str, Any] | None) -> None:
        """What has been seen stays seen; what was written over can come no more."""
        if self.settled or seen != possible[0]:
            possible = [seen, *([seen.after(begun)] if begun else [])]
        self.state = seen
        self.unsure = [one for one in possible if one != seen]
        self.settled = False

    def find(self, store: IndexStore, number: int, version: int) -> None:
        item, segments, _, _ = file_of(number, version)
        known = store.known(item.path)
        assert known is not None
        assert (known.sha256, known.mtime_ns) == (item.sha256, item.mtime_ns)
        assert store.item_segments(item.path) == segments
        assert store.extraction(item.sha256, "ocr") == b"x" * 3000
        with store.snapshot() as view:
            for ordinal in range(count_of(number, version)):
                (best,) = nearest(view, asked(features_of(number, version, ordinal)))
                worded = [n for n, _ in view.lexical(f'"{word_of(number, version, ordinal)}"', 9)]
                assert worded == [best]
                assert store.segment(best) == segments[ordinal]


@pytest.fixture
def zygotes() -> Iterator[tuple[Zygote, Zygote]]:
    pair = Zygote("crash_jobs"), Zygote("crash_jobs")
    yield pair
    for one in pair:
        one.close()


def test_what_was_acknowledged_survives_kills_at_random_moments(
    tmp_path: Path, zygotes: tuple[Zygote, Zygote]
) -> None:
    writing, reading = zygotes
    driver = Driver(tmp_path / "index", tmp_path / "ledger.json", writing)
    try:
        driver.round("add")
        with IndexStore.create(driver.folder, IDENTITY, FUSER):
            pass
        reader = reading.start(
            "crash_jobs", "read", folder=str(driver.folder), ledger=str(driver.ledger)
        )
        while driver.kills < KILLS or min(driver.inside[kind] for kind in KINDS) < INSIDE:
            assert driver.kills < 3 * KILLS + 100, f"too few fell inside: {driver.inside}"
            rarest = min(KINDS, key=lambda kind: driver.inside[kind])
            driver.round(rarest if driver.kills % 2 else driver.random.choice(KINDS))
        reader.kill()
        searched = reader.rest()
    except BaseException:
        print(f"seed {SEED}, kill {driver.kills}, inside {dict(driver.inside)}", file=sys.stderr)
        raise
    with IndexStore.open(driver.folder, IDENTITY, FUSER) as store:
        print({one.index_type for one in store.faiss_segments()})
    print(f"{driver.kills} kills, inside: {dict(driver.inside)}; reader: {searched[-1:]}")
    assert [facts for word, facts in searched if word == "raised"] == []
    assert reader.status == -9
    assert any(word == "searched" for word, _ in searched)
    with IndexStore.open(driver.folder, IDENTITY, FUSER) as store, store.snapshot() as view:
        assert view.count == len(view.search(np.ones(FUSER.width, np.float32), EVERY)[0])


def test_an_index_whose_making_was_killed_is_made_by_the_next_writer(
    tmp_path: Path, zygotes: tuple[Zygote, Zygote]
) -> None:
    rng, seconds, unmade = random.Random(SEED), 0.01, 0
    for attempt in range(max(12, KILLS // 5)):
        folder = tmp_path / f"index {attempt}"
        job = zygotes[0].start("crash_jobs", "write", folder=str(folder), plan=[])
        job.until("begin")
        if attempt:
            time.sleep(rng.uniform(0, seconds))
        else:
            seconds = job.until("done")["seconds"]
        job.kill()
        job.rest()
        try:
            with IndexStore.open(folder, IDENTITY, FUSER) as store:
                assert store.verify() == []
        except IndexMissingError:
            unmade += 1
        with IndexStore.create(folder, IDENTITY, FUSER) as store:
            with store.transaction() as change:
                change.put(*file_of(1, 1))
            assert store.verify() == []
            assert store.count == count_of(1, 1)
    assert unmade, "no making was cut short"


def test_a_migration_that_is_killed_is_done_by_whoever_opens_the_index_next(
    tmp_path: Path, zygotes: tuple[Zygote, Zygote]
) -> None:
    rng, seconds, inside = random.Random(SEED), 0.0, 0
    for attempt in range(max(12, KILLS // 5)):
        folder = tmp_path / "old"
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(Path(__file__).parent / "data" / "format-1", folder)
        job = zygotes[0].start("crash_jobs", "migrate", folder=str(folder))
        job.until("begin")
        if attempt:
            time.sleep(rng.uniform(0, seconds))
            job.kill()
            inside += not any(word == "done" for word, _ in job.rest())
        else:
            seconds = job.until("done")["seconds"]
            job.rest()
        with IndexStore.open(folder, None, FUSER, notice=lambda _: None) as store:
            assert len(store.items()) == 7
            assert store.count == 9
        with IndexStore.open(folder, None, FUSER, writable=True) as store:
            assert store.verify() == []
    assert inside, "no migration was cut short"


def test_a_repair_that_is_killed_loses_no_more_than_one_that_is_not(
    tmp_path: Path, zygotes: tuple[Zygote, Zygote]
) -> None:
    damaged, folder = tmp_path / "damaged", tmp_path / "index"
    with IndexStore.create(damaged, IDENTITY, FUSER) as store:
        for number in range(40):
            with store.transaction() as change:
                change.put(*file_of(number, 1))
        store.flush()
    content = bytearray((damaged / "catalogue.sqlite").read_bytes())
    row = content.find(word_of(20, 1, 0).encode())  # in the row of one segment
    content[row] ^= 0x01
    (damaged / "catalogue.sqlite").write_bytes(content)
    rng, seconds = random.Random(SEED), []
    for attempt in range(max(5, KILLS // 15)):
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(damaged, folder)
        for _ in range(3 if attempt else 0):
            job = zygotes[0].start("crash_jobs", "repair", folder=str(folder))
            job.until("begin")
            time.sleep(rng.uniform(0, statistics.median(seconds)))
            job.kill()
            job.rest()
        started_s = time.perf_counter()
        job = zygotes[0].start("crash_jobs", "repair", folder=str(folder))
        lost = job.until("done")["lost"]
        seconds.append(time.perf_counter() - started_s)
        job.rest()
        assert lost in ([str(path_of(20))], None)  # None: a killed one had done it all
        with IndexStore.open(folder, IDENTITY, FUSER, writable=True) as store:
            store.rebuild()
            assert store.verify() == []
            with store.snapshot() as view:
                assert _seen(view) == {number: 1 for number in range(40) if number != 20}
