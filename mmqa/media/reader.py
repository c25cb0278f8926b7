"""One file → :class:`Media`: the door through which every file comes.

Knows: the order of things (look, hash, sniff, decode, caption) and the limits. Refuses to know: how
any format is decoded, and what becomes of the parts.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self

from mmqa.config import Config
from mmqa.errors import MediaError
from mmqa.media.names import name_words
from mmqa.media.refusals import refusal, regular_file
from mmqa.media.sidecar import read_beside
from mmqa.media.sniff import sniff
from mmqa.records import Kind, Media, MediaItem, Part, Picture

if TYPE_CHECKING:
    from mmqa.media.video import Limits


def mtime_ns(found: os.stat_result) -> int:
    """Time of last change, in nanoseconds, within what 64 bits hold: 1677 to 2262.

    File systems know later years, and files carry them after a wrong clock.
    """
    return max(-(2**63), min(found.st_mtime_ns, 2**63 - 1))


@dataclass(frozen=True, slots=True)
class _Content:
    parts: Iterable[Part]
    caption: str = ""
    flags: tuple[str, ...] = ()
    taken_ns: int | None = None


class FileReader:
    """Reads pictures, recordings, videos and writing within limits.

    Args:
        max_pixels: Width × height of the largest picture that is decoded.
        max_text_bytes: How much of a text file is read; more is flagged ``truncated-text``.
        max_audio_s: Longest recording that is read, in seconds.
        max_video_s: Longest video that is read, in seconds.
    """

    def __init__(
        self,
        max_pixels: int = 100_000_000,
        max_text_bytes: int = 20_000_000,
        max_audio_s: float = 4 * 3600.0,
        max_video_s: float = 4 * 3600.0,
    ) -> None:
        self._max_pixels = max_pixels
        self._max_text_bytes = max_text_bytes
        self._max_audio_s = max_audio_s
        self._max_video_s = max_video_s

    @classmethod
    def within(cls, config: Config) -> Self:
        """One with the limits of a configuration."""
        return cls(config.max_pixels, config.max_text_bytes, config.max_audio_s, config.max_video_s)

    def describe(self, path: Path) -> tuple[str, int, int]:
        """SHA-256 (hex), size in bytes and time of last change (ns) of a file, streamed.

        Raises:
            MediaError: It cannot be read, is empty, or changed meanwhile.
        """
        before = regular_file(path)
        try:
            with path.open("rb") as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()
            after = path.stat()
        except OSError as error:
            raise refusal(path, error) from error
        if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
            raise MediaError(path, "it changed while it was read", "Add it when it is finished.")
        return digest, after.st_size, mtime_ns(after)

    def read(self, path: Path) -> Media:
        """Read and clean ``path``.

        Parts of a PDF or a video are made as they are asked for; all others are there at once.

        Raises:
            MediaError: The file is refused; the reason is a sentence. Iterating over the parts of
                a PDF or a video may raise it too.
        """
        sha256, size_bytes, changed_ns = self.describe(path)
        kind, format = sniff(path)
        content = self._content(path, kind, format)
        beside = read_beside(path, kind)
        caption = "\n".join(dict.fromkeys(filter(None, (beside.caption, content.caption))))
        item = MediaItem(
            path=_resolved(path),
            sha256=sha256,
            kind=kind,
            size_bytes=size_bytes,
            mtime_ns=changed_ns,
            flags=tuple(sorted({*content.flags, *beside.flags})),
            taken_ns=content.taken_ns,
        )
        return Media(item, content.parts, caption, name_words(path), beside.transcript)

    def _content(self, path: Path, kind: Kind, format: str) -> _Content:
        if kind == "image":
            from mmqa.media.images import read_image

            image = read_image(path, format, self._max_pixels)
            return _Content((image.picture,), image.caption, image.flags, image.taken_ns)
        if kind == "audio":
            from mmqa.media.audio import read_audio

            sound = read_audio(path, format, self._max_audio_s)
            return _Content((sound.recording,), sound.caption, sound.flags, sound.taken_ns)
        if kind == "video":
            return self._video(path, format)
        return self._writing(path, format)

    def _video(self, path: Path, format: str) -> _Content:
        from mmqa.media.audio import read_audio
        from mmqa.media.video import read_video

        longest_s = self._max_video_s
        video = read_video(
            path,
            format,
            self._limits(),
            lambda: read_audio(path, format, longest_s).recording,
        )
        return _Content(video.parts, video.caption, (), video.taken_ns)

    def frame(self, path: Path, at_s: float) -> Picture:
        """The frame of a video that is to be seen at ``at_s``, seconds from its start.

        Raises:
            MediaError: The file is no video any more, or has no such frame.
        """
        from mmqa.media.video import read_frame

        kind, format = sniff(path)
        if kind != "video":
            raise MediaError(path, "it is no video any more", "Add it again.")
        return read_frame(path, format, at_s, self._limits())

    def _limits(self) -> Limits:
        from mmqa.media.video import Limits

        return Limits(max_s=self._max_video_s, max_pixels=self._max_pixels)

    def _writing(self, path: Path, format: str) -> _Content:
        if format == "pdf":
            from mmqa.media.pdf import read_pdf

            document = read_pdf(path, self._max_text_bytes)
            return _Content(document.parts, document.caption, document.flags)
        from mmqa.media.text import read_text

        text = read_text(path, self._max_text_bytes, markdown=format == "markdown")
        return _Content(text.passages, text.caption, text.flags)


def _resolved(path: Path) -> Path:
    try:
        return path.resolve(strict=True)
    except OSError as error:
        raise refusal(path, error) from error
