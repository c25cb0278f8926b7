"""A video file → its sound track and its shots, each made as it is asked for.

Knows: what a container says about itself, and the process that decodes (``video_process``): when it
is started, when it has been silent for too long, and how its failures are told. Refuses to know:
codecs, cuts, and what becomes of the parts.
"""

from __future__ import annotations

import json
import struct
import subprocess
import sys
import threading
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain
from pathlib import Path
from typing import IO, Any, TypeAlias

import numpy as np

from mmqa.errors import MediaError
from mmqa.media.captions import recording_caption
from mmqa.media.images import MAX_SIDE
from mmqa.media.refusals import refusal
from mmqa.media.taken import recording_taken
from mmqa.media.video_process import DEMUXERS, Job, film_of
from mmqa.records import Floats, LongRecording, Part, Picture, Recording, Shot, Sound

SILENT_S = 300.0
"""A decoder that says nothing for so long hangs, and is stopped."""
_SHIFTED_S = 0.05
_AGAIN = "Copy or export it again."

Messages: TypeAlias = Generator[tuple[dict[str, Any], Picture | None], None, None]
"""What the process says, each with its picture."""

ReadSound: TypeAlias = Callable[[], Sound]
"""Decodes the sound track.

Raises:
    MediaError: Nothing of it can be decoded, or it is too long.
"""


@dataclass(frozen=True, slots=True)
class Limits:
    """What a video may cost.

    Attributes:
        max_s: Longest video, seconds.
        max_pixels: Largest frame.
        max_side: Longest side of a frame that is given, pixels.
        silent_s: Longest silence of the decoder, seconds.
        grace_s: See :class:`mmqa.media.video_process.Job`.
    """

    max_s: float = 4 * 3600.0
    max_pixels: int = 100_000_000
    max_side: int = MAX_SIDE
    silent_s: float = SILENT_S
    grace_s: float = 300.0

    def job(self, path: Path, format: str, frame_s: float | None = None) -> Job:
        """What the process is told."""
        return Job(
            str(path), format, self.max_s, self.max_pixels, self.max_side, self.grace_s, frame_s
        )


@dataclass(frozen=True, slots=True)
class ReadVideo:
    """A video with what its file says about it.

    Attributes:
        parts: Its sound, if it has any, then its shots; made as they are asked for.
        caption: From its tags; may be empty.
        taken_ns: When it was made, as its tags say.
    """

    parts: Iterator[Part]
    caption: str = ""
    taken_ns: int | None = None


def read_video(path: Path, format: str, limits: Limits, read_sound: ReadSound) -> ReadVideo:
    """Look into a video; it is decoded as its parts are asked for.

    Iterating over the parts raises :class:`MediaError` where nothing can be decoded, or a limit is
    met. What can be decoded of a damaged file is kept, and the last shot flagged ``damaged-tail``.

    Args:
        path: The file.
        format: As :func:`mmqa.media.sniff.sniff` named it.
        limits: What it may cost.
        read_sound: Decodes its sound; asked only where it has any.

    Raises:
        MediaError: Its head cannot be read.
    """
    import av

    try:
        with path.open("rb") as file, av.open(file, format=DEMUXERS[format]) as container:
            film = film_of(container)
            tags = [container.metadata, *([film.metadata] if film is not None else [])]
            shift_s = _shift_s(container, limits.max_s)
            of_s = _promised_s(container)
    except av.FFmpegError as error:
        detail = error.strerror or str(error)
        raise MediaError(path, f"the video is damaged ({detail})", _AGAIN) from error
    except OSError as error:
        raise refusal(path, error) from error
    sound = read_sound if shift_s is not None else None
    messages = partial(_messages, path, limits.job(path, format), limits.silent_s)
    parts = _parts(partial(_shots, messages, of_s), sound, shift_s or 0.0)
    return ReadVideo(parts, recording_caption(*tags), recording_taken(*tags))


def read_frame(path: Path, format: str, at_s: float, limits: Limits) -> Picture:
    """The frame that is to be seen at ``at_s``, seconds from the start.

    Raises:
        MediaError: There is none, or it cannot be decoded.
    """
    with closing(_messages(path, limits.job(path, format, at_s), limits.silent_s)) as messages:
        for message, picture in messages:
            if picture is not None and "frame" in message:
                return picture
    raise MediaError(path, "there is no frame any more where one was", _AGAIN)


def _promised_s(container: Any) -> float:
    """How long a container says that it is, seconds; 0 where it does not say."""
    return max(0.0, float(container.duration or 0) / 1e6)


def _shift_s(container: Any, max_s: float) -> float | None:
    """How much later than the video its sound begins, seconds; ``None`` without sound."""
    if not container.streams.audio:
        return None
    stream = container.streams.best("audio") or container.streams.audio[0]
    if stream.start_time is None or container.start_time is None:
        return 0.0
    shift_s = float(stream.start_time * stream.time_base) - container.start_time / 1e6
    return shift_s if abs(shift_s) < max_s else 0.0


def _parts(
    shots: Callable[[bool, set[str]], Iterator[Shot]], read_sound: ReadSound | None, shift_s: float
) -> Iterator[Part]:
    flags: set[str] = set()
    heard = False
    if read_sound is not None:
        try:
            sound = _shifted(read_sound(), shift_s)
        except MediaError:
            flags.add("damaged-tail")  # there is still something to see
        else:
            heard = True
            yield sound
    yield from shots(heard, flags)


def _shots(
    messages_of: Callable[[], Messages], of_s: float, heard: bool, flags: set[str]
) -> Iterator[Shot]:
    """The shots, the last one with what was noticed; none where there is only sound to be had."""
    held: Shot | None = None
    with closing(messages_of()) as messages:
        try:
            for message, picture in messages:
                if picture is not None:
                    if held is not None:
                        yield held
                    about = message["shot"]
                    times = (about["start_s"], about["end_s"], about["frame_s"])
                    held = Shot(picture, *times, of_s=of_s)
                elif message.get("done", {}).get("damaged"):
                    flags.add("damaged-tail")
        except _StoppedError:
            if held is None and not heard:
                raise
            flags.add("damaged-tail")
    if held is not None:
        yield replace(held, flags=tuple(sorted(flags)))


class _StoppedError(MediaError):
    """Decoding went no further; what came before is to be kept."""


def _messages(path: Path, job: Job, silent_s: float) -> Messages:
    """What the process says until it is done; it ends with the loop over this, however that ends.

    Raises:
        MediaError: It refused the file, hung or died.
    """
    command = [sys.executable, "-m", "mmqa.media.video_process", job.to_json()]
    with subprocess.Popen(  # noqa: S603  # a module of ours
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as process:
        assert process.stdout is not None
        try:
            while True:
                with _Deadline(process.kill, silent_s) as deadline:
                    found = _message(process.stdout)
                if found is None:
                    how = "hung and was stopped" if deadline.met else "broke down"
                    raise _StoppedError(path, f"decoding the video {how}", _AGAIN)
                message, picture = found
                if "broken" in message:
                    raise _StoppedError(path, message["broken"], _AGAIN)
                if "refused" in message:
                    raise MediaError(path, *message["refused"].split(". ", 1))
                yield message, picture
                if "done" in message:
                    return
        finally:
            process.kill()


class _Deadline:
    """Does something unless its block is over in time."""

    def __init__(self, act: Callable[[], None], after_s: float) -> None:
        self.met = False
        self._act = act
        self._timer = threading.Timer(after_s, self._late)
        self._timer.daemon = True

    def _late(self) -> None:
        self.met = True
        self._act()

    def __enter__(self) -> _Deadline:
        self._timer.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()


def _message(source: IO[bytes]) -> tuple[dict[str, Any], Picture | None] | None:
    """The next message; ``None`` where there is none any more."""
    head = source.read(4)
    if len(head) < 4:
        return None
    (length,) = struct.unpack(">I", head)
    written = source.read(length)
    if len(written) < length:
        return None
    message: dict[str, Any] = json.loads(written)
    about = message.get("shot") or message.get("frame")
    if about is None:
        return message, None
    rows, columns, channels = about["shape"]
    raw = source.read(rows * columns * channels)
    if len(raw) < rows * columns * channels:
        return None
    return message, Picture(np.frombuffer(raw, np.uint8).reshape(rows, columns, channels))


def _shifted(sound: Sound, shift_s: float) -> Sound:
    """Sound whose times are those of the video: silence before what begins later than it."""
    if abs(shift_s) < _SHIFTED_S:
        return sound
    samples = round(shift_s * sound.rate_hz)
    if isinstance(sound, Recording):
        moved = np.concatenate([sound.samples[:0], *_moved(iter([sound.samples]), samples)])
        return Recording(moved, sound.rate_hz)
    blocks = sound.blocks
    length = max(0, sound.length + samples)
    return LongRecording(lambda: _moved(blocks(), samples), length, sound.rate_hz)


def _moved(blocks: Iterator[Floats], samples: int) -> Iterator[Floats]:
    """Blocks with silence before the first, or without as many samples; never without a block."""
    if samples >= 0:
        first = next(blocks, np.zeros(0, np.float32))
        yield from chain([np.concatenate([np.zeros(samples, np.float32), first])], blocks)
        return
    gone = -samples
    for block in blocks:
        if len(block) > gone:
            yield block[gone:]
            gone = 0
        else:
            gone -= len(block)
