"""A sound file → one channel of 16 kHz float32, with its flags and caption.

Knows: containers and codecs by way of FFmpeg, what to do with a damaged one, and how much of a long
one is held. Refuses to know: speech, spans and words.

Every file is decoded to its end when it is read, so that what is wrong with it is known before any
of it is used. A short one is kept; a long one is decoded again, block by block, as it is listened
to. What a file says about itself is not believed where it matters: lengths are counted, and time
spent is measured.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from mmqa.errors import MediaError
from mmqa.media.captions import recording_caption
from mmqa.media.packets import Packets
from mmqa.media.quality import CLIPPED_SHARE, SILENT_RMS, count_clipped
from mmqa.media.refusals import refusal
from mmqa.media.sounding import Ear
from mmqa.media.taken import recording_taken
from mmqa.records import Floats, LongRecording, Recording, Sound

RATE_HZ = 16_000
LONG_S = 600.0
"""A recording longer than this is not held: 38 MB."""
BLOCK_S = 30
"""Sound of a long recording decoded at once."""
LOWEST_HZ, HIGHEST_HZ = 1_000, 768_000
"""Sampling rates that are believed: below, one frame may become gigabytes of sound."""
MOST_CHANNELS = 64
PATIENCE_S = 120.0
"""Time of the processor in which something must have come out of a file …"""
LEAST_SPEED = 4.0
"""… and after which it must be decoded this many times as fast as it would be heard."""
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
_LEAST_BITS_S = 4_000
"""A file of fewer bits a second than any codec of sound makes holds less than its header says."""
_STREAMED = 0xFFFFFFFF + 8  # written by programs that do not know the length in advance
_WINDOW = RATE_HZ // 20


@dataclass(frozen=True, slots=True, eq=False)
class ReadAudio:
    """A recording with what its file says about it.

    Attributes:
        recording: 16 kHz, one channel, without DC offset.
        caption: From its tags; may be empty.
        flags: Sorted: ``clipped``, ``damaged-tail``, ``silent``; and one of ``noise``, ``tone``,
            ``music`` where it sounds so, which means nothing where somebody speaks: see
            :mod:`mmqa.media.sounding`.
        taken_ns: When it was made, as its tags say.
    """

    recording: Sound
    caption: str = ""
    flags: tuple[str, ...] = ()
    taken_ns: int | None = None


def read_audio(path: Path, format: str, max_audio_s: float, long_s: float = LONG_S) -> ReadAudio:
    """Decode a recording, or the sound of a video.

    What can be decoded of a damaged file is kept and flagged ``damaged-tail``.

    Args:
        path: The file.
        format: As :func:`mmqa.media.sniff.sniff` named it.
        max_audio_s: Duration above which it is refused, in seconds.
        long_s: Duration above which it is a :class:`mmqa.records.LongRecording`, in seconds.

    Raises:
        MediaError: It is too long, holds no sound, nothing of it can be decoded, or that would
            take too long.
    """
    with _opened(path, format) as source:
        promised_s = float(source.container.duration or 0) / 1e6
        if promised_s * _LEAST_BITS_S < 8 * path.stat().st_size:
            _check_length(path, promised_s, max_audio_s)
        survey = _Survey(long_s)
        for block in source.blocks():
            survey.add(block)
            _check_length(path, survey.length / RATE_HZ, max_audio_s)
        if not survey.length:
            raise _nothing(path, source.packets.last_error)
        missing_s = promised_s - survey.length / RATE_HZ
        cut = missing_s > max(_MISSING_S, _MISSING_SHARE * promised_s)
        cut = cut or bool(source.packets.errors) or (format == "wav" and _is_cut(path))
        tags = (source.container.metadata, source.stream.metadata)
        return ReadAudio(
            _held(survey) or _long(path, format, survey),
            recording_caption(*tags),
            _flags(survey, source, cut=cut),
            recording_taken(*tags),
        )


def _is_cut(path: Path) -> bool:
    """Whether a WAV file is shorter than its own header says; FFmpeg goes by the file's size."""
    with path.open("rb") as file:
        head = file.read(8)
    promised = int.from_bytes(head[4:8], "little") + 8
    streamed = head[:4] != b"RIFF" or promised in {8, _STREAMED}
    return not streamed and path.stat().st_size < promised - 1


def _check_length(path: Path, length_s: float, max_audio_s: float) -> None:
    if length_s > max_audio_s:
        raise MediaError(
            path,
            f"the recording is longer than the {max_audio_s:,.0f} s allowed",
            "Cut it into parts, or raise max_audio_s.",
        )


def _nothing(path: Path, reason: str) -> MediaError:
    detail = reason or "no frame of sound in it"
    return MediaError(
        path, f"nothing of the recording can be decoded ({detail})", "Copy or export it again."
    )


def _damaged(path: Path, format: str, error: Exception) -> MediaError:
    detail = getattr(error, "strerror", None) or str(error)
    return MediaError(
        path,
        f"the {format.upper()} recording is damaged; nothing of it can be decoded ({detail})",
        "Copy or export it again.",
    )


# ------------------------------------------------------------------------------- what is noticed


class _Survey:
    """What is noticed of a recording as it goes by; and the recording itself, while it is short."""

    def __init__(self, long_s: float) -> None:
        self._most = long_s * RATE_HZ
        self._rest = np.zeros(0, np.float32)
        self._means: list[NDArray[np.float64]] = []
        self._squares: list[NDArray[np.float64]] = []
        self._total = 0.0
        self.ear = Ear()
        self.kept: list[Floats] | None = []
        self.length = 0

    def add(self, block: Floats) -> None:
        """The next block."""
        self.length += len(block)
        self._total += float(block.sum(dtype=np.float64))
        self.ear.hear(block)
        self._measure(np.concatenate([self._rest, block]))
        if self.length > self._most:
            self.kept = None
        elif self.kept is not None:
            self.kept.append(block)

    def _measure(self, samples: Floats) -> None:
        whole = len(samples) // _WINDOW * _WINDOW
        rows = samples[:whole].reshape(-1, _WINDOW).astype(np.float64)
        self._means.append(rows.mean(axis=1))
        self._squares.append(np.square(rows).mean(axis=1))
        self._rest = samples[whole:].copy()

    @property
    def offset(self) -> float:
        """The DC offset: the mean of all samples."""
        return self._total / self.length

    @property
    def silent(self) -> bool:
        """Whether no 50 ms are louder than what counts as silence, offset aside."""
        if self.length < _WINDOW:
            self._measure(np.resize(self._rest, _WINDOW))
        means, squares = np.concatenate(self._means), np.concatenate(self._squares)
        powers = squares - 2 * self.offset * means + self.offset**2
        return bool(np.sqrt(max(powers.max(), 0.0)) < SILENT_RMS)


def _flags(survey: _Survey, source: _Source, *, cut: bool) -> tuple[str, ...]:
    flags = set()
    if cut:
        flags.add("damaged-tail")
    if source.clipped > CLIPPED_SHARE * source.seen:
        flags.add("clipped")
    if survey.silent:
        flags.add("silent")
    elif sounding := survey.ear.sounding:
        flags.add(sounding)
    return tuple(sorted(flags))


# ------------------------------------------------------------------------------- what is given


def _held(survey: _Survey) -> Recording | None:
    if survey.kept is None:
        return None
    return Recording(_centred(np.concatenate(survey.kept), survey.offset), RATE_HZ)


def _long(path: Path, format: str, survey: _Survey) -> LongRecording:
    offset, length = survey.offset, survey.length
    before = path.stat()

    def blocks() -> Iterator[Floats]:
        given = 0
        with _opened(path, format) as source:
            now = path.stat()
            if (now.st_size, now.st_mtime_ns) != (before.st_size, before.st_mtime_ns):
                raise MediaError(path, "it changed since it was read", "Add it again.")
            for block in source.blocks():
                given += len(block)
                with source.patience.resting():
                    yield _centred(block, offset)
        if given != length:
            raise MediaError(path, "it changed while it was listened to", "Add it again.")

    return LongRecording(blocks, length, RATE_HZ)


def _centred(samples: Floats, offset: float) -> Floats:
    """Without DC offset, within −1…1."""
    samples -= np.float32(offset)
    return np.clip(samples, -1.0, 1.0, out=samples)


# ------------------------------------------------------------------------------- decoding


class _Patience:
    """How long a file may take: see :data:`PATIENCE_S` and :data:`LEAST_SPEED`.

    The time of the processor counts: how busy the machine is otherwise changes nothing.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._began_s = time.thread_time()
        self.decoded_s = 0.0

    def check(self) -> None:
        """Raise where it is at an end."""
        spent_s = time.thread_time() - self._began_s
        if spent_s > PATIENCE_S + self.decoded_s / LEAST_SPEED:
            raise MediaError(
                self._path,
                f"after {spent_s:.0f} s of decoding, {self.decoded_s:.0f} s of sound came out of it"
                "; it was given up",
                "Convert it to FLAC or WAV, and add that.",
            )

    @contextmanager
    def resting(self) -> Iterator[None]:
        """Does not count what is done meanwhile."""
        began_s = time.thread_time()
        yield
        self._began_s += time.thread_time() - began_s


class _Patient:
    """A file that FFmpeg reads by way of us, so that it cannot go on reading for ever."""

    def __init__(self, file: IO[bytes], patience: _Patience) -> None:
        self._file = file
        self._patience = patience
        self.seek, self.tell = file.seek, file.tell

    def read(self, size: int) -> bytes:
        """As the file does."""
        self._patience.check()
        return self._file.read(size)


@contextmanager
def _opened(path: Path, format: str) -> Iterator[_Source]:
    """The sound in a file, as long as the block runs; what goes wrong is a :class:`MediaError`."""
    import av

    patience = _Patience(path)
    try:
        with (
            path.open("rb") as file,
            av.open(_Patient(file, patience), format=_DEMUXERS[format]) as container,
        ):
            if not container.streams.audio:
                raise MediaError(path, "it holds no sound")
            yield _Source(path, container, patience)
    except av.FFmpegError as error:
        raise _damaged(path, format, error) from error
    except OSError as error:
        raise refusal(path, error) from error


class _Source:
    """Decodes the best stream of sound, steps over damaged packets, and counts what it saw."""

    def __init__(self, path: Path, container: Any, patience: _Patience) -> None:
        self._path = path
        self.container = container
        self.stream = container.streams.best("audio") or container.streams.audio[0]
        self.patience = patience
        self.packets = Packets(container, self.stream, patience.check)
        self.clipped = 0
        self.seen = 0
        if self.stream.codec_context is None:
            raise MediaError(
                path, "its sound is coded in a way that nothing here decodes", "Export it as WAV."
            )
        self._believe(self.stream.codec_context)

    def blocks(self) -> Iterator[Floats]:
        """Blocks of float32 at :data:`RATE_HZ`, in order, every value a number."""
        held: list[Floats] = []
        length = 0
        for piece in self._pieces():
            held.append(piece)
            length += len(piece)
            if length >= BLOCK_S * RATE_HZ:
                yield _numbers(held)
                held, length = [], 0
        if length:
            yield _numbers(held)

    def _pieces(self) -> Iterator[Floats]:
        import av

        resampler = av.AudioResampler(format="flt", layout="mono", rate=RATE_HZ)
        for frame in self.packets.frames():
            self._believe(frame)
            values = frame.to_ndarray()
            self.seen += values.size
            self.clipped += count_clipped(values)
            self.patience.decoded_s += frame.samples / frame.sample_rate
            frame.pts = None  # gaps and jumps of time stamps must not stop the resampler
            for resampled in resampler.resample(frame):
                yield resampled.to_ndarray()[0]
        if self.seen:
            for resampled in resampler.resample(None):
                yield resampled.to_ndarray()[0]

    def _believe(self, said: Any) -> None:
        """Refuse what no recording has, before room is made for it."""
        rate_hz, channels = said.sample_rate, said.layout.nb_channels
        if not LOWEST_HZ <= rate_hz <= HIGHEST_HZ:
            raise MediaError(
                self._path,
                f"it says that it has {rate_hz:,} samples a second, which no recording has",
                f"Export it again, with {LOWEST_HZ:,} to {HIGHEST_HZ:,}.",
            )
        if not 1 <= channels <= MOST_CHANNELS:
            raise MediaError(
                self._path,
                f"it says that it has {channels} channels, which no recording has",
                "Export it again, with one or two.",
            )


def _numbers(pieces: list[Floats]) -> Floats:
    return np.nan_to_num(np.concatenate(pieces), copy=False, nan=0.0, posinf=1.0, neginf=-1.0)
