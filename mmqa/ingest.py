"""The WRITE flow: files → media → features → mapping → index.

Knows: the order of the stages, what is re-used, and when a file counts as added (once its
transaction is durable). Refuses to know: how any stage works, and how progress is shown.

A file that cannot be taken in is refused with a reason; the others go on. An interruption keeps
every file that was reported as added.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from itertools import chain
from pathlib import Path

from mmqa import extraction
from mmqa.errors import MediaError
from mmqa.extraction import Extract, Extractors
from mmqa.fusion.calibration import calibrate
from mmqa.index.layout import thumbnail_path
from mmqa.index.store import IndexStore
from mmqa.interfaces import Cancelled, CrossModalMapping, PromptWords, TextEncoder
from mmqa.media.quality import is_near_duplicate
from mmqa.media.reader import FileReader
from mmqa.media.scan import Refused, scan
from mmqa.media.thumbnail import write_thumbnail
from mmqa.records import (
    AddEvent,
    AddReport,
    Media,
    MediaItem,
    Modality,
    Passage,
    Picture,
    Recording,
)
from mmqa.retrieval.lexical import tokenize
from mmqa.segmenting import Segmenter, searchable

FILES_AT_ONCE = 16
"""Files in one transaction: an fsync each would cost more than the image encoder."""

SECONDS_AT_ONCE = 2.0
"""A batch is stored after this long, however few files it holds."""

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


@dataclass(slots=True)
class _Batch:
    """Files that are ready to be stored together."""

    media: list[Media] = field(default_factory=list)
    extracts: list[list[Extract]] = field(default_factory=list)
    hashes: list[str] = field(default_factory=list)
    payloads: dict[tuple[str, str], bytes] = field(default_factory=dict)
    started_s: float = field(default_factory=time.monotonic)

    def full(self) -> bool:
        late = time.monotonic() - self.started_s > SECONDS_AT_ONCE
        return len(self.media) >= FILES_AT_ONCE or (bool(self.media) and late)


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
        self._phashes = dict(store.phashes())
        self._segmenter = Segmenter(stages.text_encoder, stages.mapping, stages.prompt_words)

    def add(self, paths: Iterable[Path]) -> AddReport:
        """Add files and folders; see the module.

        Args:
            paths: Files and folders.

        Returns:
            What was added, what was unchanged, and what was refused and why.
        """
        started_s = time.monotonic()
        batch = _Batch()
        for outcome in self._read_ahead(paths):
            if self._cancelled():
                break
            self._take(outcome, batch)
            if batch.full():
                self._store(batch)
                batch = _Batch()
        self._store(batch)
        self._finish()
        counts = self._counts
        return AddReport(
            added=counts.added,
            skipped=counts.unchanged,
            failed=tuple(counts.failed),
            segments=counts.segments,
            seconds=time.monotonic() - started_s,
        )

    # ------------------------------------------------------------------ reading

    def _read_ahead(self, paths: Iterable[Path]) -> Iterator[Media | MediaItem | MediaError]:
        """Decode on other threads while the encoder works, never more than a few files ahead."""
        workers = 2
        pending: deque[Future[Media | MediaItem | MediaError]] = deque()
        with ThreadPoolExecutor(workers, thread_name_prefix="mmqa-read") as pool:
            try:
                for found in scan(paths):
                    self._counts.total += 1
                    pending.append(pool.submit(self._read, found))
                    if len(pending) > 2 * workers:
                        yield pending.popleft().result()
                while pending:
                    yield pending.popleft().result()
            finally:
                for future in pending:
                    future.cancel()

    def _read(self, found: Path | Refused) -> Media | MediaItem | MediaError:
        """A file's media; its stored item where it has not changed; or why it is refused."""
        if isinstance(found, Refused):
            return MediaError(found.path, found.reason)
        try:
            known = self.store.known(found)
            if known is not None and _same_file(found, known):
                return known
            media = self.stages.reader.read(found)
            self._thumbnail(media)
            return media
        except MediaError as error:
            return error

    def _thumbnail(self, media: Media) -> None:
        """Written on the reading thread, so that the encoder does not wait for it."""
        if media.item.kind == "image":
            (picture,) = media.parts
            assert isinstance(picture, Picture)
            write_thumbnail(picture, thumbnail_path(self.store.folder, media.item.sha256))

    # ------------------------------------------------------------------ extracting

    def _take(self, outcome: Media | MediaItem | MediaError, batch: _Batch) -> None:
        if isinstance(outcome, MediaError):
            self._refuse(outcome)
        elif isinstance(outcome, MediaItem):
            self._counts.unchanged += 1
            segments = len(self.store.item_rowids(outcome.path))
            self._emit("unchanged", outcome.path, segments, flags=outcome.flags)
        else:
            try:
                self._extract(outcome, batch)
            except MediaError as error:
                self._refuse(error)

    def _extract(self, media: Media, batch: _Batch) -> None:
        parts = iter(media.parts)
        first = next(parts, None)
        phash = first.perceptual_hash if isinstance(first, Picture) and first.page is None else ""
        flags = {*media.item.flags, *self._duplicates(media.item, phash)}
        media = replace(media, item=replace(media.item, flags=tuple(sorted(flags))))
        key = self._key(media)
        kept = self.store.extraction(media.item.sha256, key)
        if kept is None:
            everything = chain([first] if first is not None else [], parts)
            extracts = self._read_parts(media, everything)
            batch.payloads[media.item.sha256, key] = extraction.pack(extracts)
        else:
            extracts = extraction.unpack(kept)
        batch.media.append(media)
        batch.extracts.append(extracts)
        batch.hashes.append(phash)

    def _read_parts(
        self, media: Media, parts: Iterable[Picture | Recording | Passage]
    ) -> list[Extract]:
        extracts: list[Extract] = []
        pages: set[int] = set()
        for part in parts:
            match part:
                case Passage():
                    extracts.append(self.stages.extractors.passage(part))
                    pages.add(part.page or 0)
                case Recording():
                    extracts.extend(self.stages.extractors.recording(part))
                case Picture():
                    known = frozenset(pages)
                    extracts.extend(self.stages.extractors.pictures([part], pages_with_text=known))
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
        if not phash:
            return set()
        near = any(
            is_near_duplicate(phash, other)
            for path, other in self._phashes.items()
            if path != item.path
        )
        self._phashes[item.path] = phash
        return {"near-duplicate"} if near else set()

    # ------------------------------------------------------------------ storing

    def _store(self, batch: _Batch) -> None:
        """Put a batch into the index in one transaction, then report its files as added."""
        if not batch.media:
            return
        groups = self._segmenter.segments(batch.media, batch.extracts)
        with self.store.transaction() as transaction:
            for media, group, phash in zip(batch.media, groups, batch.hashes, strict=True):
                words = [tokenize(searchable(segment.text)) for segment in group.segments]
                transaction.put(media.item, group.segments, group.features, words, phash)
            for (sha256, key), payload in batch.payloads.items():
                transaction.put_extraction(sha256, key, payload)
        for media, group in zip(batch.media, groups, strict=True):
            self._counts.added += 1
            self._counts.segments += len(group.segments)
            self._emit("added", media.item.path, len(group.segments), flags=media.item.flags)

    def _finish(self) -> None:
        """Recalibrate on what the index now holds, and fold the new rows into FAISS."""
        if self._counts.added:
            recalibrate(self.store, self.stages.mapping)
            self.store.flush()

    # ------------------------------------------------------------------ telling

    def _refuse(self, error: MediaError) -> None:
        self._counts.failed.append((error.path, error.reason))
        self._emit("refused", error.path, reason=error.reason)

    def _emit(
        self,
        event: str,
        path: Path,
        segments: int = 0,
        reason: str = "",
        flags: tuple[str, ...] = (),
    ) -> None:
        self._tell(
            AddEvent(
                event=event,  # type: ignore[arg-type]
                path=path,
                segments=segments,
                reason=reason,
                flags=flags,
                done=self._counts.done,
                total=self._counts.total,
            )
        )


def _same_file(path: Path, known: MediaItem) -> bool:
    """Unchanged by size and time of change: the hash need not be taken again."""
    try:
        now = path.stat()
    except OSError:
        return False
    return (now.st_size, now.st_mtime_ns) == (known.size_bytes, known.mtime_ns)


def recalibrate(store: IndexStore, mapping: CrossModalMapping) -> None:
    """Measure how unrelated questions score against what the index holds now."""
    if not store.calibration_stale():
        return
    modalities: tuple[Modality, ...] = ("visual", "text")
    fresh = {}
    for modality in modalities:
        vectors, hubness = store.sample(modality)
        if len(vectors):
            fresh[modality] = calibrate(mapping.bank, vectors, hubness)
    store.set_calibration(fresh)
