"""Videos, made on the spot through FFmpeg."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from PIL import Image, ImageDraw

from mmqa.records import Floats, Pixels

CODECS = {".mp4": "libx264", ".mov": "libx264", ".mkv": "mpeg4", ".avi": "mpeg4", ".webm": "libvpx"}


def scene(seed: int, width: int = 96, height: int = 64) -> Pixels:
    """A picture that is like no other: patches of random colour."""
    patches = np.random.default_rng(seed).integers(30, 225, (4, 6, 3), np.uint8)
    return np.asarray(Image.fromarray(patches).resize((width, height), Image.Resampling.NEAREST))


def slide(*lines: str) -> Pixels:
    """Black on white, large enough to be read."""
    image = Image.new("RGB", (640, 360), "white")
    for n, line in enumerate(lines):
        ImageDraw.Draw(image).text((40, 40 + 80 * n), line, fill="black", font_size=44)
    return np.asarray(image)


def tone(seconds: float, rate_hz: int = 48_000) -> Floats:
    """440 Hz."""
    t = np.arange(int(seconds * rate_hz)) / rate_hz
    return (0.3 * np.sin(2 * np.pi * 440 * t)).astype(np.float32)


def write_film(
    path: Path,
    pictures: Sequence[tuple[Pixels, float]],
    *,
    rate: int = 10,
    sound: Floats | None = None,
    sound_hz: int = 48_000,
    rotation: int = 0,
    tags: dict[str, str] | None = None,
    aspect: Fraction | None = None,
) -> Path:
    """Write pictures, each for some seconds, with sound where it is given."""
    with av.open(str(path), "w") as out:
        out.metadata.update(tags or {})
        film = None
        if pictures:
            height, width, _ = pictures[0][0].shape
            film = out.add_stream(CODECS[path.suffix], rate=rate)
            film.width, film.height, film.pix_fmt = width, height, "yuv420p"
            film.bit_rate = 400_000
            if aspect is not None:
                film.codec_context.sample_aspect_ratio = aspect
            if rotation:
                film.set_display_rotation(rotation)
        codec = "libopus" if path.suffix == ".webm" else "aac"
        track = None if sound is None else out.add_stream(codec, rate=48_000, layout="mono")
        for picture, seconds in pictures:
            for _ in range(max(1, round(seconds * rate))):
                frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), "rgb24")
                out.mux(film.encode(frame))
        if film is not None:
            out.mux(film.encode(None))
        if track is not None and sound is not None:
            heard = av.AudioFrame.from_ndarray(sound[None], format="flt", layout="mono")
            heard.sample_rate = sound_hz
            fifo = av.AudioFifo()
            resampler = av.AudioResampler(format=track.format, layout="mono", rate=48_000)
            for piece in [*resampler.resample(heard), *resampler.resample(None)]:
                fifo.write(piece)
            for piece in fifo.read_many(track.frame_size or 960, partial=True):
                out.mux(track.encode(piece))
            out.mux(track.encode(None))
    return path
