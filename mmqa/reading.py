"""Files → media, decoded on other threads while the encoders work.

Knows: that an unchanged file need not be read, and how far to read ahead. Refuses to know: where
files were found, what is done with media, and how a file is decoded.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeAlias

from mmqa.errors import IndexFolderError, MediaError
from mmqa.index.layout import thumbnail_path
from mmqa.index.store import IndexStore
from mmqa.interfaces import Reader
from mmqa.media.reader import mtime_ns
from mmqa.media.scan import Found, Refused
from mmqa.media.sidecar import FLAGS, read_beside
from mmqa.media.thumbnail import write_thumbnail
from mmqa.records import Media, MediaItem, Picture, Segment
from mmqa.transcripts import belongs, letters, unfit

WORKERS = 2
"""Threads that decode; Pillow and FFmpeg release the interpreter while they do."""

Outcome: TypeAlias = Media | MediaItem | MediaError
"""Media of a new or changed file; the stored item of an unchanged one; or why it is refused."""


@dataclass(frozen=True, slots=True)
class ReadAhead:
    """Reads files in the order in which they are found, a few ahead of who asks.

    Attributes:
        store: Knows the files that are in the index, and where thumbnails go.
        reader: Decodes one file.
        on_found: Called for each file that is found, before it is read.
        again: Whether a file that did not change is to be read all the same; from any thread.
    """

    store: IndexStore
    reader: Reader
    on_found: Callable[[], None]
    again: Callable[[MediaItem], bool] = lambda _: False

    def outcomes(self, files: Iterable[Found]) -> Iterator[Outcome]:
        """One outcome a file, in order; never raises for a file."""
        pending: deque[Future[Outcome]] = deque()
        with ThreadPoolExecutor(WORKERS, thread_name_prefix="mmqa-read") as pool:
            try:
                for found in files:
                    self.on_found()
                    pending.append(pool.submit(self._read, found))
                    if len(pending) > 2 * WORKERS:
                        yield pending.popleft().result()
                while pending:
                    yield pending.popleft().result()
            finally:
                for future in pending:
                    future.cancel()

    def _read(self, found: Found) -> Outcome:
        if isinstance(found, Refused):
            return MediaError(found.path, found.reason)
        try:
            known = self.store.known(found)
            if (
                known is not None
                and same_file(found, known)
                and same_beside(found, known, self.store.item_segments)
                and not self.again(known)
            ):
                return known
            media = self.reader.read(found)
            self._thumbnail(media)
            return media
        except MediaError as error:
            return error

    def _thumbnail(self, media: Media) -> None:
        """Written here, so that the encoder does not wait for it."""
        if media.item.kind == "image":
            (picture,) = media.parts
            assert isinstance(picture, Picture)
            keep_thumbnail(self.store.folder, picture, media.item.sha256)


def keep_thumbnail(
    folder: Path, picture: Picture, sha256: str, frame_s: float | None = None
) -> None:
    """Write the thumbnail of a picture, or of a frame of a video, into an index.

    Raises:
        IndexFolderError: It cannot be written.
    """
    path = thumbnail_path(folder, sha256, frame_s)
    try:
        write_thumbnail(picture, path)
    except OSError as error:
        raise IndexFolderError(
            folder,
            f"{str(path)!r} cannot be written: {error.strerror or error}",
            "Make room, or see who may write there, then add again; nothing was lost.",
        ) from error


def same_file(path: Path, known: MediaItem) -> bool:
    """Unchanged by size and time of change, so that the hash need not be taken again."""
    try:
        now = path.stat()
    except OSError:
        return False
    return (now.st_size, mtime_ns(now)) == (known.size_bytes, known.mtime_ns)


def same_beside(
    path: Path, known: MediaItem, segments: Callable[[Path], Sequence[Segment]]
) -> bool:
    """Whether caption and transcript in text files beside a file are those that it had.

    Args:
        path: The file.
        known: The file as it was added.
        segments: Gives what the index holds of it.
    """
    now = read_beside(path, known.kind)
    if now.transcript is not None and "unreadable-transcript" in known.flags:
        ends_s = (segment.end_s or 0.0 for segment in segments(path))
        if not belongs(now.transcript, max(ends_s, default=0.0)):
            now = replace(now, transcript=None, flags=unfit(now.flags))
    if set(now.flags) != FLAGS.intersection(known.flags):
        return False
    if not now.caption and now.transcript is None:
        return True
    held = segments(path)
    captions = [segment.text.caption.partition("\n")[0] for segment in held[:1]]
    if now.caption and now.caption not in captions:
        return False
    said = letters(segment.text.transcript for segment in held)
    return now.transcript is None or said == letters(span.text for span in now.transcript.spans)
