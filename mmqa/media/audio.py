"""A sound file → one channel of 16 kHz float32, with its flags and caption.

Knows: containers and codecs by way of FFmpeg, and what to do with a damaged one. Refuses to know:
speech, spans and words.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from mmqa.errors import MediaError
from mmqa.media.captions import recording_caption
from mmqa.media.quality import CLIPPED_SHARE, count_clipped, is_silent
from mmqa.media.refusals import refusal
from mmqa.media.taken import recording_taken
from mmqa.records import Floats, Recording

RATE_HZ = 16_000
_DEMUXERS: dict[str, str] = {
    "wav": "wav",
    "mp3": "mp3",
    "flac": "flac",
    "ogg": "ogg",
    "m4a": "mov",
    "aac": "aac",
    "aiff": "aiff",
    "matroska": "matroska",
    "mp4": "mov",
    "avi": "avi",
    "flv": "flv",
    "mpeg": "mpeg",
}
"""Only the demuxer that the content asks for: playlists, which name other files, are not tried."""
_MISSING_S = 0.5
_MISSING_SHARE = 0.02
_MOST_ERRORS = 200
_STREAMED = 0xFFFFFFFF + 8  # written by programs that do not know the length in advance


@dataclass(frozen=True, slots=True, eq=False)
class ReadAudio:
    """A recording with what its file says about it.

    Attributes:
        recording: 16 kHz, one channel, without DC offset.
        caption: From its tags; may be empty.
        flags: Sorted: ``clipped``, ``damaged-tail``, ``silent``.
        taken_ns: When it was made, as its tags say.
    """

    recording: Recording
    caption: str = ""
    flags: tuple[str, ...] = ()
    taken_ns: int | None = None


def read_audio(path: Path, format: str, max_audio_s: float) -> ReadAudio:
    """Decode a recording.

    What can be decoded of a damaged file is kept and flagged ``damaged-tail``.

    Args:
        path: The file.
        format: As :func:`mmqa.media.sniff.sniff` named it.
        max_audio_s: Duration above which it is refused, in seconds.

    Raises:
        MediaError: It is too long, holds no sound, or nothing of it can be decoded.
    """
    import av

    try:
        with path.open("rb") as file, av.open(file, format=_DEMUXERS[format]) as container:
            return _read(path, container, max_audio_s, cut=format == "wav" and _is_cut(path))
    except av.FFmpegError as error:
        raise _damaged(path, format, error) from error
    except OSError as error:
        raise refusal(path, error) from error


def _is_cut(path: Path) -> bool:
    """Whether a WAV file is shorter than its own header says; FFmpeg goes by the file's size."""
    with path.open("rb") as file:
        head = file.read(8)
    promised = int.from_bytes(head[4:8], "little") + 8
    streamed = head[:4] != b"RIFF" or promised in {8, _STREAMED}
    return not streamed and path.stat().st_size < promised - 1


def _damaged(path: Path, format: str, error: Exception) -> MediaError:
    detail = getattr(error, "strerror", None) or str(error)
    return MediaError(
        path,
        f"the {format.upper()} recording is damaged; nothing of it can be decoded ({detail})",
        "Copy or export it again.",
    )


def _read(path: Path, container: Any, max_audio_s: float, *, cut: bool) -> ReadAudio:
    if not container.streams.audio:
        raise MediaError(path, "it holds no sound")
    stream = container.streams.best("audio") or container.streams.audio[0]
    promised_s = float(container.duration or 0) / 1e6
    _check_length(path, promised_s, max_audio_s)
    decoding = _Decoding(container, stream)
    pieces: list[Floats] = []
    length = 0
    for piece in decoding.pieces():
        pieces.append(piece)
        length += len(piece)
        _check_length(path, length / RATE_HZ, max_audio_s)
    if not length:
        detail = decoding.last_error or "no frame of sound in it"
        raise MediaError(
            path, f"nothing of the recording can be decoded ({detail})", "Copy or export it again."
        )
    samples = _centred(np.concatenate(pieces))
    missing_s = promised_s - length / RATE_HZ
    cut = cut or missing_s > max(_MISSING_S, _MISSING_SHARE * promised_s)
    flags = _flags(samples, decoding, cut=cut)
    tags = (container.metadata, stream.metadata)
    recording = Recording(samples, RATE_HZ)
    return ReadAudio(recording, recording_caption(*tags), flags, recording_taken(*tags))


def _check_length(path: Path, length_s: float, max_audio_s: float) -> None:
    if length_s > max_audio_s:
        raise MediaError(
            path,
            f"the recording is longer than the {max_audio_s:,.0f} s allowed",
            "Cut it into parts, or raise max_audio_s.",
        )


class _Decoding:
    """Decodes a stream packet by packet, steps over damaged ones, and counts what it saw."""

    def __init__(self, container: Any, stream: Any) -> None:
        self._container = container
        self._stream = stream
        self.errors = 0
        self.last_error = ""
        self.clipped = 0
        self.seen = 0

    def pieces(self) -> Iterator[Floats]:
        """float32 pieces at :data:`RATE_HZ`, in order."""
        import av

        resampler = av.AudioResampler(format="flt", layout="mono", rate=RATE_HZ)
        for frame in self._frames():
            values = frame.to_ndarray()
            self.seen += values.size
            self.clipped += count_clipped(values)
            frame.pts = None  # gaps and jumps of time stamps must not stop the resampler
            for resampled in resampler.resample(frame):
                yield resampled.to_ndarray()[0]
        if self.seen:
            for resampled in resampler.resample(None):
                yield resampled.to_ndarray()[0]

    def _frames(self) -> Iterator[Any]:
        import av

        packets = self._container.demux(self._stream)
        while self.errors < _MOST_ERRORS:
            try:
                packet = next(packets, None)
                if packet is None:
                    return
                yield from packet.decode()
            except av.FFmpegError as error:
                self.errors += 1
                self.last_error = error.strerror or str(error)
                if not isinstance(error, av.InvalidDataError):
                    return


def _centred(samples: Floats) -> Floats:
    """Without DC offset, within −1…1, every value a number."""
    samples = np.nan_to_num(samples, copy=False, nan=0.0, posinf=1.0, neginf=-1.0)
    samples -= np.float32(samples.mean(dtype=np.float64))
    return np.clip(samples, -1.0, 1.0, out=samples)


def _flags(samples: Floats, decoding: _Decoding, *, cut: bool) -> tuple[str, ...]:
    flags = set()
    if decoding.errors or cut:
        flags.add("damaged-tail")
    if decoding.clipped > CLIPPED_SHARE * decoding.seen:
        flags.add("clipped")
    if is_silent(samples, RATE_HZ):
        flags.add("silent")
    return tuple(sorted(flags))
