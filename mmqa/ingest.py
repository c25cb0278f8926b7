"""The WRITE flow: files → media → features → mapping → index.

Knows: the order of the stages, and when a file counts as added (once its transaction is durable).
Refuses to know: how any stage works, what is re-used, and how progress is shown.

A file that cannot be taken in is refused with a reason, and what the index held of it stays; the
others go on. An interruption keeps every file that was reported as added.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Literal

from mmqa.calibrating import measure
from mmqa.describing import lacking
from mmqa.errors import MediaError
from mmqa.hearing import StoppedError
from mmqa.index.store import IndexStore
from mmqa.index.transaction import Transaction
from mmqa.interfaces import Cancelled, CrossModalMapping, Progress
from mmqa.media.scan import Found, scan
from mmqa.moves import Moves
from mmqa.preparing import Entry, Preparation, Stages
from mmqa.reading import ReadAhead
from mmqa.records import AddEvent, AddReport, LongRecording, Media, MediaItem
from mmqa.retrieval.lexical import tokenize
from mmqa.segmenting import Group, searchable

FILES_AT_ONCE = 16
"""Files in one transaction: an fsync each would cost more than the image encoder."""

SECONDS_AT_ONCE = 2.0
"""A batch is stored after this long, however few files it holds."""

HEARD_AT_ONCE_S = 120.0
"""Seconds of sound that are transcribed together; short recordings share the model's window."""

FLUSH_ROWS = 8192
"""Segments after which FAISS files are written in the middle of a run: readers then have little to
fuse by themselves, and a long run costs no more at its end than at its start."""

FORGOTTEN_AT_ONCE = 1000
"""Files taken out, or only tagged, in one transaction."""

OnEvent = Callable[[AddEvent], None]


@dataclass(slots=True)
class _Batch:
    """Files that will be stored together, and unchanged ones that will be tagged with them."""

    entries: list[Entry] = field(default_factory=list)
    tagged: list[MediaItem] = field(default_factory=list)
    started_s: float = field(default_factory=time.monotonic)

    def full(self, waiting: bool) -> bool:
        """Whether it is to be stored; it may take longer where pictures wait to be described."""
        late = not waiting and time.monotonic() - self.started_s > SECONDS_AT_ONCE
        heard_s = sum(e.recording.duration_s for e in self.entries if e.recording is not None)
        many = len(self.entries) >= FILES_AT_ONCE or heard_s > HEARD_AT_ONCE_S
        return many or (bool(self.entries) and late) or len(self.tagged) >= FORGOTTEN_AT_ONCE


@dataclass(slots=True)
class Counts:
    """What became of the files of one run so far."""

    added: int = 0
    moved: int = 0
    removed: int = 0
    unchanged: int = 0
    segments: int = 0
    total: int = 0
    failed: list[tuple[Path, str]] = field(default_factory=list)

    @property
    def done(self) -> int:
        """Files of ``total`` that need no more work."""
        return self.added + self.moved + self.removed + self.unchanged + len(self.failed)


class Ingest:
    """Changes one index: adds files, and for a sync also passes, moves and removes some.

    Args:
        store: The index, open for writing.
        stages: The parts to compose.
        on_event: Told of each file once it is done.
        cancelled: Asked between files, and every few minutes of a long recording; true stops after
            what is in hand is stored. What was heard of a long recording is kept for the next run.
        tags: Given to every file that is added or found unchanged.
        gone: Files that are no longer where they were: one that appears with the same content is
            such a file, moved.
        on_progress: Told as long recordings are listened to, and as FAISS files are written; that
            takes long only for many segments.
    """

    def __init__(
        self,
        store: IndexStore,
        stages: Stages,
        on_event: OnEvent | None = None,
        cancelled: Cancelled | None = None,
        *,
        tags: Sequence[str] = (),
        gone: Moves | None = None,
        on_progress: Progress | None = None,
    ) -> None:
        self.store = store
        self.stages = stages
        self.counts = Counts()
        self.gone = Moves() if gone is None else gone
        self.stopped = False
        self._tell = on_event
        self._on_progress = on_progress
        self._cancelled = cancelled or (lambda: False)
        self._tags = frozenset(tags)
        self._preparation = Preparation(
            store,
            stages,
            self.gone,
            self._tags,
            on_progress=on_progress,
            cancelled=self._asked_to_stop,
        )
        self._batch = _Batch()
        self._unflushed = 0

    def add(self, paths: Iterable[Path]) -> AddReport:
        """Add files and folders; see the module.

        Args:
            paths: Files and folders.

        Returns:
            What was added, what was unchanged, and what was refused and why.
        """
        started_s = time.monotonic()
        with self.finishing():
            self.take_in(scan(paths))
        counts = self.counts
        return AddReport(
            added=counts.added,
            skipped=counts.unchanged,
            failed=tuple(counts.failed),
            segments=counts.segments,
            seconds=time.monotonic() - started_s,
        )

    @contextmanager
    def finishing(self) -> Iterator[None]:
        """However the block ends: what it stored is ready to be searched."""
        try:
            yield
        finally:
            self._finish()

    def take_in(self, files: Iterable[Found]) -> None:
        """Read and store files, until cancelled."""
        again = partial(lacking, self.stages.describing, self.store)
        reading = ReadAhead(self.store, self.stages.reader, self._found, again)
        for outcome in reading.outcomes(files):
            if self._asked_to_stop():
                break
            try:
                self._take(outcome)
                if self._batch.full(waiting=self._preparation.waiting > 0):
                    self._store()
            except StoppedError:
                break
        self._store()

    def leave(self, items: Iterable[MediaItem]) -> None:
        """Count and report files that are known to be unchanged."""
        for item in items:
            self.counts.unchanged += 1
            self._report_unchanged(item)

    def forget(self, items: Sequence[MediaItem]) -> None:
        """Take files out of the index, until cancelled."""
        for start in range(0, len(items), FORGOTTEN_AT_ONCE):
            if self._asked_to_stop():
                return
            some = items[start : start + FORGOTTEN_AT_ONCE]
            with self.store.transaction() as transaction:
                for item in some:
                    transaction.remove(item.path)
            for item in some:
                self.counts.removed += 1
                self._emit("removed", item.path, flags=item.flags)

    def _asked_to_stop(self) -> bool:
        self.stopped = self.stopped or self._cancelled()
        return self.stopped

    # ------------------------------------------------------------------ taking in

    def _found(self) -> None:
        self.counts.total += 1

    def _take(self, outcome: Media | MediaItem | MediaError) -> None:
        if isinstance(outcome, MediaError):
            self._refuse(outcome)
        elif isinstance(outcome, MediaItem):
            if self._tags <= set(outcome.tags):
                self.leave([outcome])
            else:
                self._batch.tagged.append(outcome)
        else:
            if any(e.media.item.sha256 == outcome.item.sha256 for e in self._batch.entries):
                self._store()  # so that the same content is found instead of computed twice
            try:
                entry = self._preparation.entry(outcome)
            except MediaError as error:
                self._refuse(error)
            else:
                self._put_in(entry)

    def _put_in(self, entry: Entry) -> None:
        """A long recording is a batch of its own: nothing that is done waits until it is heard."""
        if not isinstance(entry.recording, LongRecording):
            self._batch.entries.append(entry)
            return
        self._store()
        self._batch.entries.append(entry)
        try:
            self._store()
        except MediaError as error:  # its file was changed or taken away meanwhile
            self._refuse(error)

    # ------------------------------------------------------------------ storing

    def _store(self) -> None:
        """Put the batch into the index in one transaction, then report its files as added."""
        batch, self._batch = self._batch, _Batch()
        if not batch.entries and not batch.tagged:
            return
        groups = self._preparation.groups(batch.entries)
        with self.store.transaction() as transaction:
            for entry, group in zip(batch.entries, groups, strict=True):
                _put(transaction, entry, group)
            for item in batch.tagged:
                transaction.tag(item.path, add=self._tags)
        for entry, group in zip(batch.entries, groups, strict=True):
            self._report_stored(entry, len(group.segments))
        self.leave(batch.tagged)
        self._unflushed += sum(len(group.segments) for group in groups)
        if self._unflushed >= FLUSH_ROWS:
            self.store.flush(final=False)
            self._unflushed = 0

    def _report_stored(self, entry: Entry, segments: int) -> None:
        item = entry.media.item
        self.counts.segments += segments
        if entry.was is None:
            self.counts.added += 1
            self._emit("added", item.path, segments, flags=item.flags)
        else:
            self.counts.moved += 1
            self._emit("moved", item.path, segments, flags=item.flags, was=entry.was)

    def _finish(self) -> None:
        """Recalibrate on what the index now holds, and fold the new rows into FAISS.

        Also when this run added nothing: an earlier one may have been killed before it came here.
        """
        recalibrate(self.store, self.stages.mapping)
        self.store.flush(progress=self._on_progress, cancelled=self._cancelled)

    # ------------------------------------------------------------------ telling

    def _report_unchanged(self, item: MediaItem) -> None:
        if self._tell is not None:
            segments = len(self.store.item_rowids(item.path))
            self._emit("unchanged", item.path, segments, flags=item.flags)

    def _refuse(self, error: MediaError) -> None:
        self.counts.failed.append((error.path, error.reason))
        self._emit("refused", error.path, reason=error.reason)

    def _emit(
        self,
        event: Literal["added", "unchanged", "refused", "moved", "removed"],
        path: Path,
        segments: int = 0,
        *,
        reason: str = "",
        flags: tuple[str, ...] = (),
        was: Path | None = None,
    ) -> None:
        if self._tell is None:
            return
        self._tell(
            AddEvent(
                event=event,
                path=path,
                segments=segments,
                reason=reason,
                flags=flags,
                done=self.counts.done,
                total=max(self.counts.total, self.counts.done),
                was=was,
            )
        )


def _put(transaction: Transaction, entry: Entry, group: Group) -> None:
    item = entry.media.item
    if entry.was is not None:
        transaction.remove(entry.was)
    words = [tokenize(searchable(segment.text)) for segment in group.segments]
    transaction.put(item, group.segments, group.features, words, entry.phash)
    for key, payload in entry.payloads():
        transaction.put_extraction(item.sha256, key, payload)
    if entry.unfinished:
        transaction.drop_extraction(item.sha256, entry.unfinished)


def recalibrate(store: IndexStore, mapping: CrossModalMapping) -> None:
    """Measure how unrelated questions score against what the index holds now."""
    if store.calibration_stale():
        store.set_calibration(measure(store, store.fuser, mapping))
