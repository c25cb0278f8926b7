"""One file on its way into the index: read, what is in it extracted, then cut into segments.

Knows: what is re-used by content (extracts, vectors of words), what a duplicate is, and which tags
a file gets. Refuses to know: when files are stored, and who is told.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path

import numpy as np

from mmqa import extraction
from mmqa.describing import FLAG, Describing, Descriptions, described
from mmqa.extraction import Extract, Extractors, timeline
from mmqa.hearing import Hearing, StoppedError, key_of
from mmqa.index.store import IndexStore
from mmqa.interfaces import Cancelled, CrossModalMapping, Progress, PromptWords, TextEncoder
from mmqa.media.near_duplicates import NearDuplicates
from mmqa.media.reader import FileReader
from mmqa.moves import Moves
from mmqa.reading import keep_thumbnail, same_file
from mmqa.records import (
    Chunk,
    Floats,
    LongRecording,
    Media,
    MediaItem,
    Part,
    Passage,
    Picture,
    Recording,
    Shot,
    Sound,
)
from mmqa.remembering import RememberingEncoder
from mmqa.segmenting import Group, Segmenter, words_of
from mmqa.transcripts import fingerprint, fitting, told

SHOTS = 1
"""Part of the key of videos: raise it when a film would now be cut otherwise."""
NO_SPEECH = "no-speech"
"""The flag of a recording in which no words were heard, though there is sound in it."""
SOUNDINGS = frozenset({"noise", "tone", "music"})
"""Flags that say what such a recording sounds like."""


@dataclass(frozen=True, slots=True)
class Stages:
    """What the flow composes; see :class:`mmqa.parts.Parts`."""

    reader: FileReader
    extractors: Extractors
    fingerprints: Mapping[str, str]
    text_encoder: Callable[[], TextEncoder]
    mapping: CrossModalMapping
    prompt_words: PromptWords
    describing: Describing | None = None


@dataclass(slots=True, eq=False)
class Entry:
    """A file on its way: read, and either extracted or waiting to be transcribed with others.

    Attributes:
        media: The file.
        key: Under which its extracts are kept.
        phash: Perceptual hash of a picture, else empty.
        extracts: What is in it; ``None`` until it is transcribed.
        shots: Of a video whose sound is still to be transcribed: what is to be seen in it.
        recording: What is still to be transcribed.
        fresh: Whether the extracts were made now, and are to be kept.
        told: Key and bytes of descriptions that were made now, and are to be kept.
        unfinished: Key under which a part of the extracts was kept until all of them were there.
        was: Where a file that was moved lay before.
    """

    media: Media
    key: str
    phash: str = ""
    extracts: list[Extract] | None = None
    shots: list[Extract] | None = None
    recording: Sound | None = None
    fresh: bool = True
    told: tuple[str, bytes] | None = None
    unfinished: str = ""
    was: Path | None = None

    def hear(self, spoken: list[Extract]) -> None:
        """Take in what was said; in a video it stands beside what is to be seen then."""
        self.extracts = spoken if self.shots is None else timeline(self.shots, spoken)
        self.recording = self.shots = None

    def payloads(self) -> Iterator[tuple[str, bytes]]:
        """Keys and bytes of all that was made now; descriptions are kept apart from extracts."""
        if self.fresh:
            bare = (replace(extract, description="") for extract in self.extracts or ())
            yield self.key, extraction.pack(bare)
        if self.told is not None:
            yield self.told


class Preparation:
    """Prepares the files of one run.

    Args:
        store: The index; nothing is written to it.
        stages: The parts to compose.
        gone: Files that are no longer where they were.
        tags: Given to every file.
        on_progress: Told how far long recordings were listened to, and videos looked at.
        cancelled: Asked while they are; what was heard by then is kept.
    """

    def __init__(
        self,
        store: IndexStore,
        stages: Stages,
        gone: Moves,
        tags: frozenset[str],
        *,
        on_progress: Progress | None = None,
        cancelled: Cancelled | None = None,
    ) -> None:
        self._store = store
        self._stages = stages
        self._gone = gone
        self._tags = tags
        self._vectors: dict[str, Floats] = {}
        self._seen = NearDuplicates(row for row in store.phashes() if row[0] not in gone)
        self._segmenter = Segmenter(
            lambda: RememberingEncoder(stages.text_encoder, self._vectors),
            stages.mapping,
            stages.prompt_words,
        )
        self._descriptions = Descriptions(stages.describing, store, self._segmenter)
        self._on_progress, self._cancelled = on_progress, cancelled
        self._hearing = Hearing(store, stages.extractors.transcriber, on_progress, cancelled)

    def entry(self, media: Media) -> Entry:
        """Extract what is in a file, or find it extracted; recordings wait for others.

        Raises:
            MediaError: A page of a document cannot be read.
            GenerationError: One picture after the other cannot be described.
        """
        parts = iter(media.parts)
        video = media.item.kind == "video"  # made as it is asked for, and only where it is needed
        first = None if video else next(parts, None)
        if isinstance(first, Recording | LongRecording):
            media = fitting(media, first.duration_s)
        phash = first.perceptual_hash if isinstance(first, Picture) and first.page is None else ""
        flags = {*media.item.flags, *self._duplicates(media.item, phash)}
        media = replace(media, item=replace(media.item, flags=tuple(sorted(flags))))
        entry = Entry(media, self._key(media), phash)
        kept = self._store.extraction(media.item.sha256, entry.key)
        if kept is not None:
            entry.extracts, entry.fresh = extraction.unpack(kept), False
            self._remember(media.item.sha256)
        if video:
            self._watch(entry, parts)
        elif kept is None and isinstance(first, Recording | LongRecording):
            entry.recording = first
        elif first is not None:
            self._look(entry, chain([first], parts))
        return self._named(entry)

    def _look(self, entry: Entry, parts: Iterable[Part]) -> None:
        """Extract and describe what is in a file, as far as that was not done before."""
        item, failed = entry.media.item, self._descriptions.failed
        told = self._descriptions.kept(item.sha256)
        if entry.extracts is None:
            entry.extracts = self._read_parts(parts, describe=told is None)
        elif told is None:
            entry.extracts = list(self._describe_parts(entry.extracts, parts))
        if told is not None:
            entry.extracts = described(entry.extracts, told)
        elif self._descriptions.failed == failed:
            entry.told = self._descriptions.payload(entry.extracts)
        else:
            flags = tuple(sorted({*item.flags, FLAG}))
            entry.media = replace(entry.media, item=replace(item, flags=flags))

    def _watch(self, entry: Entry, parts: Iterable[Part]) -> None:
        """Extract and describe what is to be seen in a video; its sound waits to be heard."""
        item, failed = entry.media.item, self._descriptions.failed
        told = self._descriptions.kept(item.sha256)
        if entry.extracts is None:
            entry.shots = list(self._shots(entry, parts, describe=told is None))
        elif told is None:
            entry.extracts = self._described_frames(entry.extracts, parts)
        seen = (entry.extracts if entry.shots is None else entry.shots) or []
        flags = {*item.flags, *(flag for extract in seen for flag in extract.flags)}
        if told is not None:
            seen = described(seen, told)
        elif self._descriptions.failed == failed:
            entry.told = self._descriptions.payload(seen)
        else:
            flags.add(FLAG)
        entry.media = replace(entry.media, item=replace(item, flags=tuple(sorted(flags))))
        if entry.shots is None:
            entry.extracts = seen
        else:
            entry.shots = seen
            if entry.recording is None:
                self._read_out(entry, max((one.end_s or 0.0 for one in seen), default=0.0))

    def _shots(self, entry: Entry, parts: Iterable[Part], *, describe: bool) -> Iterator[Extract]:
        """The shots of a video, each described and with its thumbnail kept; its sound is put by."""
        shots: deque[Shot] = deque()

        def passing() -> Iterator[Shot]:
            for part in parts:
                if isinstance(part, Shot):
                    shots.append(part)
                    yield part
                elif isinstance(part, Recording | LongRecording):
                    entry.recording = part

        for extract in self._stages.extractors.shots(passing()):
            shot = shots.popleft()
            self._looked(entry.media.item.path.name, shot)
            sha256 = entry.media.item.sha256
            keep_thumbnail(self._store.folder, shot.picture, sha256, extract.frame_s)
            none: frozenset[int] = frozenset()
            yield self._descriptions.describe(shot.picture, extract, none) if describe else extract

    def _looked(self, name: str, shot: Shot) -> None:
        """Tell how far a video was looked at; whoever wants it to stop is asked."""
        if self._on_progress is not None:
            done_s = round(shot.end_s)
            all_s = max(done_s, round(shot.of_s))
            self._on_progress(Chunk(f"looking at {name}", done_s, all_s, "seconds"))
        if self._cancelled is not None and self._cancelled():
            raise StoppedError

    def _described_frames(self, extracts: list[Extract], parts: Iterable[Part]) -> list[Extract]:
        """Extracts that were made before, with descriptions of the frames that they show."""
        known = {extract.frame_s: extract for extract in extracts}
        told: dict[float | None, str] = {
            part.frame_s: self._descriptions.describe(
                part.picture, known[part.frame_s], frozenset()
            ).description
            for part in parts
            if isinstance(part, Shot) and part.frame_s in known
        }
        return [replace(one, description=told.get(one.frame_s, "")) for one in extracts]

    def _named(self, entry: Entry) -> Entry:
        """With the tags that were asked for, and those that it had where it lay before."""
        item = entry.media.item
        before = self._gone.take(item.path, item.sha256)
        entry.was = before.path if before else None
        tags = {*self._tags, *(before.tags if before else ())}
        entry.media = replace(entry.media, item=replace(item, tags=tuple(sorted(tags))))
        return entry

    def _remember(self, sha256: str) -> None:
        """The vectors of the words that this content has in the index already."""
        for item in self._store.find_sha(sha256)[:1]:
            numbers = self._store.item_rowids(item.path)
            found = zip(self._store.segments(numbers), self._store.features(numbers), strict=True)
            for segment, features in found:
                for modality, words in words_of(segment.text).items():
                    if (vector := features.vectors.get(modality)) is not None:
                        self._vectors[words] = vector / np.linalg.norm(vector)

    def _read_parts(self, parts: Iterable[Part], *, describe: bool) -> list[Extract]:
        extractors = self._stages.extractors
        extracts: list[Extract] = []
        for part, pages in _with_pages(parts):
            if isinstance(part, Passage):
                extracts.append(extractors.passage(part))
            elif isinstance(part, Picture):
                for extract in extractors.pictures([part], pages_with_text=pages):
                    told = (
                        self._descriptions.describe(part, extract, pages) if describe else extract
                    )
                    extracts.append(told)
            elif isinstance(part, Recording):
                extracts.extend(chain.from_iterable(extractors.recordings([part])))
        return extracts

    def _describe_parts(
        self, extracts: Iterable[Extract], parts: Iterable[Part]
    ) -> Iterator[Extract]:
        """Extracts that were made before, those of pictures with their descriptions."""
        pictures = (seen for seen in _with_pages(parts) if isinstance(seen[0], Picture))
        for extract in extracts:
            if extract.kind == "image":
                picture, pages = next(pictures)
                assert isinstance(picture, Picture)
                yield self._descriptions.describe(picture, extract, pages)
            else:
                yield extract

    def _key(self, media: Media) -> str:
        """Under which the extracts of such media are kept: all that could change them."""
        roles = {
            "image": ("image_encoder", "text_recognizer"),
            "audio": ("transcriber",),
            "text": ("image_encoder", "text_recognizer"),
            "video": ("image_encoder", "text_recognizer", "transcriber"),
        }[media.item.kind]
        known = dict(self._stages.fingerprints)
        if media.transcript is not None:
            known["transcriber"] = fingerprint(media.transcript)
        prints = (f"{role}={known.get(role, 'off')}" for role in roles)
        shots = f";shots={SHOTS}" if media.item.kind == "video" else ""
        return f"v{extraction.VERSION};" + ";".join(prints) + shots

    def _duplicates(self, item: MediaItem, phash: str) -> set[str]:
        """``duplicate`` or ``near-duplicate`` of a file that came before and is still there."""
        same = [
            other
            for other in self._store.find_sha(item.sha256)
            if other.path != item.path and other.path not in self._gone
        ]
        if any(same_file(other.path, other) for other in same):
            return {"duplicate"}
        near = not same and self._seen.like(phash, but=item.path)  # else it is like itself
        self._seen.add(item.path, phash)
        return {"near-duplicate"} if near else set()

    def groups(self, entries: Sequence[Entry]) -> list[Group]:
        """The segments of each file, in order; what waits is transcribed first, together.

        Raises:
            StoppedError: ``cancelled`` said so while a long recording was listened to.
            MediaError: A long recording cannot be decoded any more.
        """
        self._transcribe(entries)
        for entry in entries:
            entry.media = _sounding(entry.media, entry.extracts or [])
        media = [entry.media for entry in entries]
        groups = self._segmenter.segments(media, [entry.extracts or [] for entry in entries])
        self._vectors.clear()
        return groups

    def _transcribe(self, entries: Sequence[Entry]) -> None:
        for entry in entries:
            if entry.recording is not None:
                self._read_out(entry, entry.recording.duration_s)
        waiting = [entry for entry in entries if entry.recording is not None]
        short = [e for e in waiting if isinstance(e.recording, Recording)]
        recordings = [e.recording for e in short if isinstance(e.recording, Recording)]
        found = self._stages.extractors.recordings(recordings)
        for entry, extracts in zip(short, found, strict=True):
            entry.hear(extracts)
        for entry in waiting:
            if isinstance(entry.recording, LongRecording):
                self._listen(entry, entry.recording)

    def _read_out(self, entry: Entry, duration_s: float) -> None:
        """Take what a file beside a recording or video says instead of listening to it.

        What has no such file waits to be heard; where there is no sound, nothing is said.
        """
        media = fitting(entry.media, duration_s)
        if media is not entry.media:
            entry.media, entry.key = media, self._key(media)
        if media.transcript is not None:
            entry.hear(extraction.spoken(told(media.transcript, duration_s)))
        elif entry.recording is None:
            entry.hear([])

    def _listen(self, entry: Entry, recording: LongRecording) -> None:
        item = entry.media.item
        heard = self._hearing.transcript(item.sha256, entry.key, item.path.name, recording)
        entry.hear(extraction.spans(recording, heard))
        entry.unfinished = key_of(entry.key)


def _sounding(media: Media, extracts: Sequence[Extract]) -> Media:
    """With what is known of a recording once it was listened to.

    ``no-speech`` where there are no words in it, though it is not silent; where there are, what it
    sounds like otherwise is not to be trusted.
    """
    item = media.item
    if item.kind != "audio":
        return media
    if any(extract.transcript for extract in extracts):
        flags = set(item.flags) - SOUNDINGS
    else:
        flags = {*item.flags, *(() if "silent" in item.flags else (NO_SPEECH,))}
    return replace(media, item=replace(item, flags=tuple(sorted(flags))))


def _with_pages(parts: Iterable[Part]) -> Iterator[tuple[Part, frozenset[int]]]:
    """Each part, and the pages of which there were words before it."""
    pages: frozenset[int] = frozenset()
    for part in parts:
        yield part, pages
        if isinstance(part, Passage):
            pages |= {part.page or 0}
