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
from mmqa.describing import FLAG, Album, Describing, Descriptions, described, distinct
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
    """A file on its way: read, and extracted or waiting to be heard or described with others.

    Attributes:
        media: The file.
        key: Under which its extracts are kept.
        phash: Perceptual hash of a picture, else empty.
        extracts: What is in it; ``None`` until it is transcribed.
        shots: Of a video whose sound is still to be transcribed: what is to be seen in it.
        recording: What is still to be transcribed.
        album: Its pictures, where they are being described.
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
    album: Album | None = None
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
        """Extract what is in a file, or find it extracted; recordings and pictures wait for others.

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
        """Extract what is in a file and have it described, as far as that was not done before."""
        told = self._descriptions.kept(entry.media.item.sha256)
        album = Album([] if entry.extracts is None else list(entry.extracts))
        if entry.extracts is None:
            self._read_parts(parts, album, describe=told is None)
        elif told is None:
            self._describe_parts(parts, album)
        if told is None:
            entry.extracts, entry.album = album.extracts, album
        else:
            entry.extracts = described(album.extracts, told)

    def _watch(self, entry: Entry, parts: Iterable[Part]) -> None:
        """Extract and describe what is to be seen in a video; its sound waits to be heard."""
        item = entry.media.item
        told = self._descriptions.kept(item.sha256)
        album = Album([] if entry.extracts is None else entry.extracts)
        if entry.extracts is None:
            entry.shots = album.extracts
            self._shots(entry, parts, album, describe=told is None)
        elif told is None:
            self._describe_frames(parts, album)
        seen = self._told(entry, album, told)
        flags = {*item.flags, *(flag for extract in seen for flag in extract.flags)}
        flags |= {FLAG} if album.failed else set()
        entry.media = replace(entry.media, item=replace(item, flags=tuple(sorted(flags))))
        if entry.shots is None:
            entry.extracts = seen
        else:
            entry.shots = seen
            if entry.recording is None:
                self._read_out(entry, max((one.end_s or 0.0 for one in seen), default=0.0))

    def _told(self, entry: Entry, album: Album, told: Sequence[str] | None) -> list[Extract]:
        """What is seen in a video with its descriptions: those that are kept, or else made now."""
        if told is not None:
            return described(album.extracts, told)
        self._descriptions.finish()
        if not album.failed:
            entry.told = self._descriptions.payload(album.extracts)
        return described(album.extracts, [one.description for one in distinct(album.extracts)])

    def _shots(self, entry: Entry, parts: Iterable[Part], album: Album, *, describe: bool) -> None:
        """Put the shots of a video into its album, their thumbnails kept; its sound is put by."""
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
            album.extracts.append(extract)
            if describe:
                place = len(album.extracts) - 1
                self._descriptions.describe(shot.picture, album, place, frozenset())

    def _looked(self, name: str, shot: Shot) -> None:
        """Tell how far a video was looked at; whoever wants it to stop is asked."""
        if self._on_progress is not None:
            done_s = round(shot.end_s)
            all_s = max(done_s, round(shot.of_s))
            self._on_progress(Chunk(f"looking at {name}", done_s, all_s, "seconds"))
        if self._cancelled is not None and self._cancelled():
            raise StoppedError

    def _describe_frames(self, parts: Iterable[Part], album: Album) -> None:
        """Have the frames described that the extracts of a video show, each where it is first."""
        places: dict[float | None, int] = {}
        for place, extract in enumerate(album.extracts):
            places.setdefault(extract.frame_s, place)
        for part in parts:
            if isinstance(part, Shot) and part.frame_s in places:
                place = places[part.frame_s]
                self._descriptions.describe(part.picture, album, place, frozenset())

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

    def _read_parts(self, parts: Iterable[Part], album: Album, *, describe: bool) -> None:
        """Extract the parts into the album."""
        extractors, extracts = self._stages.extractors, album.extracts
        for part, pages in _with_pages(parts):
            if isinstance(part, Passage):
                extracts.append(extractors.passage(part))
            elif isinstance(part, Picture):
                extracts.extend(extractors.pictures([part], pages_with_text=pages))
                if describe:
                    self._descriptions.describe(part, album, len(extracts) - 1, pages)
            elif isinstance(part, Recording):
                extracts.extend(chain.from_iterable(extractors.recordings([part])))

    def _describe_parts(self, parts: Iterable[Part], album: Album) -> None:
        """Have the pictures described whose extracts were made before."""
        pictures = (seen for seen in _with_pages(parts) if isinstance(seen[0], Picture))
        for place, extract in enumerate(album.extracts):
            if extract.kind == "image":
                picture, pages = next(pictures)
                assert isinstance(picture, Picture)
                self._descriptions.describe(picture, album, place, pages)

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
        """The segments of each file, in order; what waits is heard and described first, together.

        Raises:
            StoppedError: ``cancelled`` said so while a long recording was listened to.
            MediaError: A long recording cannot be decoded any more.
            GenerationError: One picture after the other cannot be described.
        """
        self._transcribe(entries)
        self.describe(entries)
        for entry in entries:
            entry.media = _sounding(entry.media, entry.extracts or [])
        media = [entry.media for entry in entries]
        groups = self._segmenter.segments(media, [entry.extracts or [] for entry in entries])
        self._vectors.clear()
        return groups

    @property
    def waiting(self) -> int:
        """How many pictures wait to be described with others."""
        return self._descriptions.waiting

    def describe(self, entries: Sequence[Entry]) -> None:
        """Describe what waits; files of which a picture could not be described are flagged.

        Raises:
            GenerationError: One picture after the other cannot be described.
        """
        self._descriptions.finish()
        for entry in entries:
            album, item = entry.album, entry.media.item
            if album is not None and album.failed:
                flags = tuple(sorted({*item.flags, FLAG}))
                entry.media = replace(entry.media, item=replace(item, flags=flags))
            elif album is not None:
                entry.told = self._descriptions.payload(album.extracts)

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
