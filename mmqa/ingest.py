"""The WRITE flow: files → media → features → mapping → index.

Knows: the order of the stages, what is re-used, and when a file counts as added (once its
transaction is durable). Refuses to know: how any stage works, and how progress is shown.

A file that cannot be taken in is refused with a reason; the others go on. An interruption keeps
every file that was reported as added.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from itertools import chain
from pathlib import Path
from typing import Literal

from mmqa import extraction
from mmqa.errors import MediaError
from mmqa.extraction import Extract, Extractors
from mmqa.fusion.calibration import calibrate
from mmqa.index.store import IndexStore
from mmqa.interfaces import Cancelled, CrossModalMapping, PromptWords, TextEncoder
from mmqa.media.near_duplicates import NearDuplicates
from mmqa.media.reader import FileReader
from mmqa.reading import ReadAhead
from mmqa.records import (
    AddEvent,
    AddReport,
    Media,
    MediaItem,
    Part,
    Passage,
    Picture,
    Recording,
)
from mmqa.retrieval.lexical import tokenize
from mmqa.segmenting import MODALITIES, Segmenter, searchable

FILES_AT_ONCE = 16
"""Files in one transaction: an fsync each would cost more than the image encoder."""

SECONDS_AT_ONCE = 2.0
"""A batch is stored after this long, however few files it holds."""

HEARD_AT_ONCE_S = 120.0
"""Seconds of sound that are transcribed together; short recordings share the model's window."""

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


@dataclass(slots=True)
class _Batch:
    """Files that will be stored together."""

    entries: list[_Entry] = field(default_factory=list)
    started_s: float = field(default_factory=time.monotonic)

    def full(self) -> bool:
        late = time.monotonic() - self.started_s > SECONDS_AT_ONCE
        heard_s = sum(e.recording.duration_s for e in self.entries if e.recording is not None)
        many = len(self.entries) >= FILES_AT_ONCE or heard_s > HEARD_AT_ONCE_S
        return many or (bool(self.entries) and late)


@dataclass(slots=True)
class _Counts:
    added: int = 0
    unchanged: int = 0
    segments: int = 0
    total: int = 0
    failed: list[tuple[Path, str]] = field(default_factory=list)

    @property
    def done(self) -> int:
        return self.added + self.unchanged + len(self.failed)


class Ingest:
    """Adds files to one index.

    Args:
        store: The index, open for writing.
        stages: The parts to compose.
        on_event: Told of each file once it is done.
        cancelled: Asked between files; true stops after what is in hand is stored.
    """

    def __init__(
        self,
        store: IndexStore,
        stages: Stages,
        on_event: OnEvent | None = None,
        cancelled: Cancelled | None = None,
    ) -> None:
        self.store = store
        self.stages = stages
        self._tell = on_event or (lambda _event: None)
        self._cancelled = cancelled or (lambda: False)
        self._counts = _Counts()
        self._batch = _Batch()
        self._seen = NearDuplicates(store.phashes())
        self._segmenter = Segmenter(stages.text_encoder, stages.mapping, stages.prompt_words)

    def add(self, paths: Iterable[Path]) -> AddReport:
        """Add files and folders; see the module.

        Args:
            paths: Files and folders.

        Returns:
            What was added, what was unchanged, and what was refused and why.
        """
        started_s = time.monotonic()
        reading = ReadAhead(self.store, self.stages.reader, self._found)
        try:
            for outcome in reading.outcomes(paths):
                if self._cancelled():
                    break
                self._take(outcome)
                if self._batch.full():
                    self._store()
            self._store()
        finally:
            self._finish()
        counts = self._counts
        return AddReport(
            added=counts.added,
            skipped=counts.unchanged,
            failed=tuple(counts.failed),
            segments=counts.segments,
            seconds=time.monotonic() - started_s,
        )

    # ------------------------------------------------------------------ extracting

    def _found(self) -> None:
        self._counts.total += 1

    def _take(self, outcome: Media | MediaItem | MediaError) -> None:
        if isinstance(outcome, MediaError):
            self._refuse(outcome)
        elif isinstance(outcome, MediaItem):
            self._counts.unchanged += 1
            segments = len(self.store.item_rowids(outcome.path))
            self._emit("unchanged", outcome.path, segments, flags=outcome.flags)
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
        elif isinstance(first, Recording):
            entry.recording = first
        elif first is not None:
            entry.extracts = self._read_parts(chain([first], parts))
        return entry

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
        """``duplicate`` or ``near-duplicate`` of a file that came before this one."""
        others = [i for i in self.store.find_sha(item.sha256) if i.path != item.path]
        if others:
            return {"duplicate"}
        near = self._seen.like(phash, but=item.path)
        self._seen.add(item.path, phash)
        return {"near-duplicate"} if near else set()

    # ------------------------------------------------------------------ storing

    def _store(self) -> None:
        """Put the batch into the index in one transaction, then report its files as added."""
        batch, self._batch = self._batch, _Batch()
        if not batch.entries:
            return
        self._transcribe(batch)
        media = [entry.media for entry in batch.entries]
        extracts = [entry.extracts or [] for entry in batch.entries]
        groups = self._segmenter.segments(media, extracts)
        with self.store.transaction() as transaction:
            for entry, group in zip(batch.entries, groups, strict=True):
                words = [tokenize(searchable(segment.text)) for segment in group.segments]
                item = entry.media.item
                transaction.put(item, group.segments, group.features, words, entry.phash)
                if entry.fresh:
                    payload = extraction.pack(entry.extracts or [])
                    transaction.put_extraction(item.sha256, entry.key, payload)
        for entry, group in zip(batch.entries, groups, strict=True):
            self._counts.added += 1
            self._counts.segments += len(group.segments)
            item = entry.media.item
            self._emit("added", item.path, len(group.segments), flags=item.flags)

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
        self.store.flush()

    # ------------------------------------------------------------------ telling

    def _refuse(self, error: MediaError) -> None:
        self._counts.failed.append((error.path, error.reason))
        self._emit("refused", error.path, reason=error.reason)

    def _emit(
        self,
        event: Literal["added", "unchanged", "refused"],
        path: Path,
        segments: int = 0,
        reason: str = "",
        flags: tuple[str, ...] = (),
    ) -> None:
        self._tell(
            AddEvent(
                event=event,
                path=path,
                segments=segments,
                reason=reason,
                flags=flags,
                done=self._counts.done,
                total=self._counts.total,
            )
        )


def recalibrate(store: IndexStore, mapping: CrossModalMapping) -> None:
    """Measure how unrelated questions score against what the index holds now."""
    if not store.calibration_stale():
        return
    fresh = {}
    for modality in MODALITIES:
        vectors, hubness = store.sample(modality)
        if len(vectors):
            fresh[modality] = calibrate(mapping.bank, vectors, hubness)
    store.set_calibration(fresh)
