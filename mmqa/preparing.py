"""One file on its way into the index: read, what is in it extracted, then cut into segments.

Knows: what is re-used by content (extracts, vectors of words), what a duplicate is, and which tags
a file gets. Refuses to know: when files are stored, and who is told.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path

import numpy as np

from mmqa import extraction
from mmqa.describing import FLAG, Album, Describing, Descriptions, described
from mmqa.extraction import Extract, Extractors
from mmqa.index.store import IndexStore
from mmqa.interfaces import CrossModalMapping, PromptWords, TextEncoder
from mmqa.media.near_duplicates import NearDuplicates
from mmqa.media.reader import FileReader
from mmqa.moves import Moves
from mmqa.reading import same_file
from mmqa.records import Floats, Media, MediaItem, Part, Passage, Picture, Recording
from mmqa.remembering import RememberingEncoder
from mmqa.segmenting import Group, Segmenter, words_of


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
        recording: What is still to be transcribed.
        album: Its pictures, where they are being described.
        fresh: Whether the extracts were made now, and are to be kept.
        told: Key and bytes of descriptions that were made now, and are to be kept.
        was: Where a file that was moved lay before.
    """

    media: Media
    key: str
    phash: str = ""
    extracts: list[Extract] | None = None
    recording: Recording | None = None
    album: Album | None = None
    fresh: bool = True
    told: tuple[str, bytes] | None = None
    was: Path | None = None

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
    """

    def __init__(
        self, store: IndexStore, stages: Stages, gone: Moves, tags: frozenset[str]
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

    def entry(self, media: Media) -> Entry:
        """Extract what is in a file, or find it extracted; recordings and pictures wait for others.

        Raises:
            MediaError: A page of a document cannot be read.
            GenerationError: One picture after the other cannot be described.
        """
        parts = iter(media.parts)
        first = next(parts, None)
        phash = first.perceptual_hash if isinstance(first, Picture) and first.page is None else ""
        flags = {*media.item.flags, *self._duplicates(media.item, phash)}
        media = replace(media, item=replace(media.item, flags=tuple(sorted(flags))))
        entry = Entry(media, self._key(media), phash)
        kept = self._store.extraction(media.item.sha256, entry.key)
        if kept is not None:
            entry.extracts, entry.fresh = extraction.unpack(kept), False
            self._remember(media.item.sha256)
        if kept is None and isinstance(first, Recording):
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
            else:
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
        prints = (f"{role}={self._stages.fingerprints.get(role, 'off')}" for role in roles)
        return f"v{extraction.VERSION};" + ";".join(prints)

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
            GenerationError: One picture after the other cannot be described.
        """
        self._transcribe(entries)
        self.describe(entries)
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
        waiting = [entry for entry in entries if entry.recording is not None]
        recordings = [e.recording for e in waiting if e.recording is not None]
        found = self._stages.extractors.recordings(recordings)
        for entry, extracts in zip(waiting, found, strict=True):
            entry.extracts, entry.recording = extracts, None


def _with_pages(parts: Iterable[Part]) -> Iterator[tuple[Part, frozenset[int]]]:
    """Each part, and the pages of which there were words before it."""
    pages: frozenset[int] = frozenset()
    for part in parts:
        yield part, pages
        if isinstance(part, Passage):
            pages |= {part.page or 0}
