"""The process that decodes a video: a process can be stopped, whatever a decoder does.

Knows: FFmpeg's containers by way of PyAV, times of frames, rotation and pixel shape. Refuses to
know: who waits for it, what a cut is (``shots``), and how a failure is told to people.

Run as ``python -m mmqa.media.video_process JOB`` with a :class:`Job` as JSON. Writes messages to
its output: the length of a JSON object (4 bytes, big endian), the object, and pixels where the
object gives their size. ``{"at": s}`` says that it goes on; ``{"shot": …}`` is a shot with its
frame; ``{"frame": …}`` the one frame that was asked for; the last is ``{"done": …}``, or
``{"refused": words}`` where a limit is met, or ``{"broken": words}``.
"""

from __future__ import annotations

import json
import os
import struct
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from typing import IO, Any

from mmqa.media.packets import Packets
from mmqa.media.shots import LOOKS_PER_S, SMALL_SIDE, Found, Look, Shots
from mmqa.records import Pixels

DEMUXERS = {
    "mp4": "mov",
    "matroska": "matroska",
    "avi": "avi",
    "ogg": "ogg",
    "flv": "flv",
    "mpeg": "mpeg",
}
"""Only the demuxer that the content asks for: playlists, which name other files, are not tried."""
BEAT_S = 1.0
"""So often it says that it goes on."""
_SLOWEST = 20.0
"""Seconds of a processor a second of film; what takes more is no film that anybody plays."""
_FAST_FRAMES_PER_S = 12.0
"""From here on frames that no other frame needs are not decoded: there are enough others."""
_MISSING_S = 1.0
_MISSING_SHARE = 0.05


@dataclass(frozen=True, slots=True)
class Job:
    """What is to be decoded, and within which limits.

    Attributes:
        path: The file.
        format: A name of :data:`DEMUXERS`.
        max_s: Longest film, seconds; what is longer is refused.
        max_pixels: Largest frame.
        max_side: Longest side of a frame that is given, pixels.
        grace_s: Work that any film may cost, seconds of a processor, beside :data:`_SLOWEST` times
            its length.
        frame_s: Only the frame that is shown then, seconds; ``None`` for all shots.
    """

    path: str
    format: str
    max_s: float
    max_pixels: int
    max_side: int
    grace_s: float = 300.0
    frame_s: float | None = None

    def to_json(self) -> str:
        """Back with ``Job(**json.loads(written))``."""
        return json.dumps(asdict(self))


class RefusedError(Exception):
    """The film is beyond a limit; the words say which, and what to do."""


class BrokenError(Exception):
    """Nothing of the film can be decoded."""


@dataclass(slots=True)
class Told:
    """Writes messages."""

    out: IO[bytes]
    last_s: float = field(default_factory=time.monotonic)

    def send(self, message: dict[str, Any], pixels: Pixels | None = None) -> None:
        """One message, with the pixels that it gives the size of."""
        written = json.dumps(message).encode()
        self.out.write(struct.pack(">I", len(written)) + written)
        if pixels is not None:
            self.out.write(pixels.tobytes())
        self.out.flush()
        self.last_s = time.monotonic()

    def beat(self, at_s: float) -> None:
        """Say now and then that it goes on."""
        if time.monotonic() - self.last_s > BEAT_S:
            self.send({"at": at_s})


def main(job: Job, out: IO[bytes]) -> None:
    """Do one job; what went wrong is the last message."""
    import av

    told = Told(out)
    try:
        if job.frame_s is None:
            told.send({"done": _shots(job, told)})
        else:
            _frame(job, told, job.frame_s)
            told.send({"done": {}})
    except RefusedError as error:
        told.send({"refused": str(error)})
    except BrokenError as error:
        told.send({"broken": str(error)})
    except BrokenPipeError:
        raise
    except (av.FFmpegError, OSError) as error:
        told.send({"broken": f"the video cannot be decoded ({error.strerror or error})"})
    except MemoryError:
        told.send({"broken": "the video does not fit into memory"})


def _shots(job: Job, told: Told) -> dict[str, Any]:
    """Send the shots; whether the film was whole."""
    film = Film(job, told)
    found = _send_shots(film, told)
    if not found and film.sparing:
        film = Film(job, told, spare=False)  # some films are made of nothing else
        found = _send_shots(film, told)
    if not found:
        raise BrokenError(
            f"nothing of the video can be decoded ({film.packets.last_error or 'no frame'})"
        )
    missing_s = film.promised_s - film.end_s
    cut = missing_s > max(_MISSING_S, _MISSING_SHARE * film.promised_s)
    return {"damaged": bool(film.packets.errors) or film.given_up or cut, "end_s": film.end_s}


def _send_shots(film: Film, told: Told) -> int:
    shots: Shots[Any] = Shots()
    sent = 0

    def send(found: Iterator[Found[Any]]) -> int:
        number = 0
        for one in found:
            number += 1
            pixels = film.picture(one.frame)
            about = {"start_s": one.start_s, "end_s": one.end_s, "frame_s": one.frame_s}
            told.send({"shot": {**about, "shape": pixels.shape}}, pixels)
        return number

    for at_s, frame in film.looks():
        sent += send(shots.see(Look(at_s, film.small(frame), frame)))
    return sent + send(shots.end(film.end_s))


def _frame(job: Job, told: Told, wanted_s: float) -> None:
    film = Film(job, told, spare=False)
    shown = None
    for at_s, frame in film.frames(from_s=wanted_s):
        if shown is not None and at_s > wanted_s + 1e-3:
            break
        shown = frame
    if shown is None:
        raise BrokenError("there is no frame any more where one was")
    pixels = film.picture(shown)
    told.send({"frame": {"shape": pixels.shape}}, pixels)


class Film:
    """One opened film.

    Args:
        job: Says which.
        told: Told that it goes on.
        spare: Whether frames that no other needs may be left out.

    Attributes:
        packets: What is decoded, and how many packets could not be.
        end_s: Where the last frame so far ends.
        given_up: Whether decoding took so long that it was given up.
        promised_s: How long the container says that it is; 0 where it does not say.
        sparing: Whether frames are left out.

    Raises:
        RefusedError: It is longer or larger than allowed.
    """

    def __init__(self, job: Job, told: Told, *, spare: bool = True) -> None:
        self._job, self._told = job, told
        self._container = _opened(job)
        film = film_of(self._container)
        if film is None:
            raise BrokenError("it holds no moving picture")
        self._stream: Any = film
        self._stream.thread_type = "AUTO"
        rate = float(self._stream.average_rate or self._stream.guessed_rate or 25)
        self._usual_s = 1 / rate if 0.01 < rate < 1000 else 0.04
        self.sparing = spare and rate > _FAST_FRAMES_PER_S
        if self.sparing:
            self._stream.codec_context.skip_frame = "NONREF"
        self.end_s, self.given_up = 0.0, False
        self.packets = Packets(self._container, film, lambda: self._told.beat(self.end_s))
        self._check_pixels(self._stream.width, self._stream.height)
        self.promised_s = max(0.0, float(self._container.duration or 0) / 1e6)
        self._check_length()
        self._start_s = float(self._container.start_time or 0) / 1e6

    def _check_length(self) -> None:
        """A header that promises too much may lie: then what there is, is counted."""
        if self.promised_s <= self._job.max_s:
            return
        import av

        end_s = start_s = None
        try:
            for packet in self._container.demux(self._stream):
                self._told.beat(end_s or 0.0)
                if packet.pts is not None:
                    at_s = float(packet.pts * packet.time_base)
                    start_s = at_s if start_s is None else min(start_s, at_s)
                    end_s = max(end_s or 0.0, at_s)
        except av.FFmpegError as error:
            self.packets.failed(error)
        self._require_length((end_s or 0.0) - (start_s or 0.0))
        self._container.seek(0)

    def _require_length(self, length_s: float) -> None:
        if length_s > self._job.max_s:
            raise RefusedError(
                f"the video is longer than the {self._job.max_s:,.0f} s allowed. "
                "Cut it into parts, or raise max_video_s."
            )

    def _check_pixels(self, width: int, height: int) -> None:
        if width * height > self._job.max_pixels:
            raise RefusedError(
                f"the video has {width * height:,} pixels a frame, more than the "
                f"{self._job.max_pixels:,} allowed. Save it smaller, or raise max_pixels."
            )

    def looks(self) -> Iterator[tuple[float, Any]]:
        """Frames with their times, no more than are to be looked at, and none that stays on."""
        step_s = 1 / LOOKS_PER_S - min(self._usual_s, 1 / LOOKS_PER_S) / 2
        next_s, passed = -1.0, None
        for at_s, frame in self.frames():
            if passed is not None and at_s - passed[0] > step_s:
                yield passed
            passed = None if at_s >= next_s else (at_s, frame)
            if passed is None:
                next_s = at_s + step_s
                yield at_s, frame
        if passed is not None:
            yield passed

    def frames(self, *, from_s: float = 0.0) -> Iterator[tuple[float, Any]]:
        """All frames from the one that is to be seen at ``from_s``, with their times.

        Times never go back: a frame that says so, or says nothing, follows the one before it.
        """
        import av

        if from_s > 0:
            with suppress(av.FFmpegError):  # what cannot be sought is read from its start
                self._container.seek(int((from_s + self._start_s) * 1e6))
        began_s, last_s = time.process_time(), -1.0
        for frame in self.packets.frames():
            self._check_pixels(frame.width, frame.height)
            at_s = None if frame.time is None else frame.time - self._start_s
            if at_s is None or at_s < last_s:
                at_s = max(last_s, 0.0) + (self._usual_s if last_s >= 0 else 0.0)
            at_s = max(at_s, 0.0)
            self._require_length(at_s)
            last_s = at_s
            lasts_s = float((frame.duration or 0) * (frame.time_base or 0))
            self.end_s = max(self.end_s, at_s + (lasts_s if 0 < lasts_s < 10 else self._usual_s))
            self._told.beat(at_s)
            yield at_s, frame
            if time.process_time() - began_s > self._job.grace_s + _SLOWEST * (at_s - from_s):
                self.given_up = True
                return

    def small(self, frame: Any) -> Pixels:
        """A frame as it is looked at: uint8 (rows, columns, 3), as the file has it."""
        return _rgb(frame, *_within(frame.width, frame.height, SMALL_SIDE))

    def picture(self, frame: Any) -> Pixels:
        """A frame as it is shown: upright, pixels square, no larger than the job says."""
        import numpy as np

        aspect = float(self._stream.sample_aspect_ratio or 1)
        aspect = aspect if 0.1 < aspect < 10 else 1.0
        width = max(1, round(frame.width * aspect))
        pixels = _rgb(frame, *_within(width, frame.height, self._job.max_side))
        turns = round((frame.rotation or 0) / 90) % 4
        return np.ascontiguousarray(np.rot90(pixels, turns))


def _opened(job: Job) -> Any:
    import av

    file = open(job.path, "rb")  # noqa: PTH123, SIM115  # by name, FFmpeg would try protocols
    return av.open(file, format=DEMUXERS[job.format])


def film_of(container: Any) -> Any | None:
    """The moving picture of a container; the cover of an album is none."""
    import av

    cover = av.stream.Disposition.attached_pic
    films = [s for s in container.streams.video if not s.disposition & cover]
    return next((s for s in films if s.codec_context is not None), None)


def _within(width: int, height: int, side: int) -> tuple[int, int]:
    """The size that fits into a square, no larger than it is."""
    factor = min(1.0, side / max(width, height, 1))
    return max(1, round(width * factor)), max(1, round(height * factor))


def _rgb(frame: Any, width: int, height: int) -> Pixels:
    pixels: Pixels = frame.to_ndarray(
        format="rgb24", width=width, height=height, interpolation="AREA"
    )
    return pixels


if __name__ == "__main__":
    with os.fdopen(os.dup(1), "wb") as output:
        try:
            main(Job(**json.loads(sys.argv[1])), output)
        except BrokenPipeError:
            os._exit(1)  # nobody waits any more
