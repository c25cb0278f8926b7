"""The WRITE flow: files → media → features → mapping → index.

Knows: the order of the stages, what is re-used, and when a file counts as added (once its
transaction is durable). Refuses to know: how any stage works, and how progress is shown.

A file that cannot be taken in is refused with a reason, and what the index held of it stays; the
others go on. An interruption keeps every file that was reported as added.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import chain
from pathlib import Path
from typing import Literal

import numpy as np

from mmqa import extraction
from mmqa.calibrating import measure
from mmqa.errors import MediaError
from mmqa.extraction import Extract, Extractors
from mmqa.index.store import IndexStore
from mmqa.index.transaction import Transaction
from mmqa.interfaces import Cancelled, CrossModalMapping, Progress, PromptWords, TextEncoder
from mmqa.media.near_duplicates import NearDuplicates
from mmqa.media.reader import FileReader
from mmqa.media.scan import Found, scan
from mmqa.moves import Moves
from mmqa.reading import ReadAhead
from mmqa.records import (
    AddEvent,
    AddReport,
    Floats,
    Media,
    MediaItem,
    Part,
    Passage,
    Picture,
    Recording,
)
from mmqa.remembering import RememberingEncoder
from mmqa.retrieval.lexical import tokenize
from mmqa.segmenting import Group, Segmenter, searchable

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


@dataclass(frozen=True, slots=True)
class Stages:
    """What the flow composes; see :class:`mmqa.parts.Parts`."""

    reader: FileReader
    extractors: Extractors
    fingerprints: Mapping[str, str]
    text_encoder: Callable[[], TextEncoder]
    mapping: CrossModalMapping
    prompt_words: PromptWords


@dataclass(slots=True, eq=False)
class _Entry:
    """A file on its way: read, and either extracted or waiting to be transcribed with others."""

    media: Media
    key: str
    phash: str = ""
    extracts: list[Extract] | None = None
    recording: Recording | None = None
    fresh: bool = True
    was: Path | None = None


@dataclass(slots=True)
class _Batch:
    """Files that will be stored together, and unchanged ones that will be tagged with them."""

    entries: list[_Entry] = field(default_factory=list)
    tagged: list[MediaItem] = field(default_factory=list)
    started_s: float = field(default_factory=time.monotonic)

    def full(self) -> bool:
        late = time.monotonic() - self.started_s > SECONDS_AT_ONCE
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
        cancelled: Asked between files; true stops after what is in hand is stored.
        tags: Given to every file that is added or found unchanged.
        gone: Files that are no longer where they were: one that appears with the same content is
            such a file, moved.
        on_progress: Told as FAISS files are written; that takes long only for many segments.
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
        self._batch = _Batch()
        self._unflushed = 0
        self._vectors: dict[str, Floats] = {}
        self._seen = NearDuplicates(row for row in store.phashes() if row[0] not in self.gone)
        self._segmenter = Segmenter(
            lambda: RememberingEncoder(stages.text_encoder, self._vectors),
            stages.mapping,
            stages.prompt_words,
        )

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
        reading = ReadAhead(self.store, self.stages.reader, self._found)
        for outcome in reading.outcomes(files):
            if self._asked_to_stop():
                break
            self._take(outcome)
            if self._batch.full():
                self._store()
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

    # ------------------------------------------------------------------ extracting

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
                self._batch.entries.append(self._entry(outcome))
            except MediaError as error:
                self._refuse(error)

    def _entry(self, media: Media) -> _Entry:
        parts = iter(media.parts)
        first = next(parts, None)
        phash = first.perceptual_hash if isinstance(first, Picture) and first.page is None else ""
        flags = {*media.item.flags, *self._duplicates(media.item, phash)}
        media = replace(media, item=replace(media.item, flags=tuple(sorted(flags))))
        entry = _Entry(media, self._key(media), phash)
        kept = self.store.extraction(media.item.sha256, entry.key)
        if kept is not None:
            entry.extracts, entry.fresh = extraction.unpack(kept), False
            self._remember(media.item.sha256)
        elif isinstance(first, Recording):
            entry.recording = first
        elif first is not None:
            entry.extracts = self._read_parts(chain([first], parts))
        return self._named(entry)

    def _named(self, entry: _Entry) -> _Entry:
        """With the tags that were asked for, and those that it had where it lay before."""
        item = entry.media.item
        before = self.gone.take(item.path, item.sha256)
        entry.was = before.path if before else None
        tags = {*self._tags, *(before.tags if before else ())}
        entry.media = replace(entry.media, item=replace(item, tags=tuple(sorted(tags))))
        return entry

    def _remember(self, sha256: str) -> None:
        """The vectors of the words that this content has in the index already."""
        for item in self.store.find_sha(sha256)[:1]:
            numbers = self.store.item_rowids(item.path)
            found = zip(self.store.segments(numbers), self.store.features(numbers), strict=True)
            for segment, features in found:
                if (vector := features.vectors.get("text")) is not None:
                    self._vectors[segment.text.written()] = vector / np.linalg.norm(vector)

    def _read_parts(self, parts: Iterable[Part]) -> list[Extract]:
        extractors = self.stages.extractors
        extracts: list[Extract] = []
        pages: set[int] = set()
        for part in parts:
            if isinstance(part, Passage):
                extracts.append(extractors.passage(part))
                pages.add(part.page or 0)
            elif isinstance(part, Picture):
                known = frozenset(pages)
                extracts.extend(extractors.pictures([part], pages_with_text=known))
            else:
                extracts.extend(chain.from_iterable(extractors.recordings([part])))
        return extracts

    def _key(self, media: Media) -> str:
        """Under which the extracts of such media are kept: all that could change them."""
        roles = {
            "image": ("image_encoder", "text_recognizer"),
            "audio": ("transcriber",),
            "text": ("image_encoder", "text_recognizer"),
            "video": ("image_encoder", "text_recognizer", "transcriber"),
        }[media.item.kind]
        prints = (f"{role}={self.stages.fingerprints.get(role, 'off')}" for role in roles)
        return f"v{extraction.VERSION};" + ";".join(prints)

    def _duplicates(self, item: MediaItem, phash: str) -> set[str]:
        """``duplicate`` or ``near-duplicate`` of a file that came before this one, and is there."""
        others = {other.path for other in self.store.find_sha(item.sha256)} - {item.path}
        if any(path not in self.gone and os.path.lexists(path) for path in others):
            return {"duplicate"}
        near = self._seen.like(phash, but=item.path)
        self._seen.add(item.path, phash)
        return {"near-duplicate"} if near else set()

    # ------------------------------------------------------------------ storing

    def _store(self) -> None:
        """Put the batch into the index in one transaction, then report its files as added."""
        batch, self._batch = self._batch, _Batch()
        if not batch.entries and not batch.tagged:
            return
        self._transcribe(batch)
        media = [entry.media for entry in batch.entries]
        extracts = [entry.extracts or [] for entry in batch.entries]
        groups = self._segmenter.segments(media, extracts)
        self._vectors.clear()
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

    def _report_stored(self, entry: _Entry, segments: int) -> None:
        item = entry.media.item
        self.counts.segments += segments
        if entry.was is None:
            self.counts.added += 1
            self._emit("added", item.path, segments, flags=item.flags)
        else:
            self.counts.moved += 1
            self._emit("moved", item.path, segments, flags=item.flags, was=entry.was)

    def _transcribe(self, batch: _Batch) -> None:
        waiting = [entry for entry in batch.entries if entry.recording is not None]
        recordings = [e.recording for e in waiting if e.recording is not None]
        found = self.stages.extractors.recordings(recordings)
        for entry, extracts in zip(waiting, found, strict=True):
            entry.extracts, entry.recording = extracts, None

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


def _put(transaction: Transaction, entry: _Entry, group: Group) -> None:
    item = entry.media.item
    if entry.was is not None:
        transaction.remove(entry.was)
    words = [tokenize(searchable(segment.text)) for segment in group.segments]
    transaction.put(item, group.segments, group.features, words, entry.phash)
    if entry.fresh:
        payload = extraction.pack(entry.extracts or [])
        transaction.put_extraction(item.sha256, entry.key, payload)


def recalibrate(store: IndexStore, mapping: CrossModalMapping) -> None:
    """Measure how unrelated questions score against what the index holds now."""
    if store.calibration_stale():
        store.set_calibration(measure(store, mapping))
