"""Videos made by a script: slides and things are shown while something is said.

Knows: what they show and say (``data/videos.toml``), how a slide is drawn, and how pictures and
speech become a file. Refuses to know: what is asked of them, and how they are searched.

Every word is synthetic speech (three voices of flite), with a little noise; the things are
photographs of Tux Paint's stamps whose names nothing was fitted to. Files are of several formats.
A few scenes show a thing with nobody speaking.
"""

from __future__ import annotations

import tempfile
import tomllib
import wave
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any, Literal

import numpy as np
from PIL import Image, ImageDraw

from mmqa.corpora.fetch import fetch
from mmqa.corpora.flite import VOICES, Flite
from mmqa.corpora.stamps import STAMPS
from mmqa.interfaces import Progress
from mmqa.records import Chunk, Floats, Pixels

WIDTH, HEIGHT = 854, 480
FRAMES_PER_S = 12
RATE_HZ = 16_000
LEAD_S = 0.7
"""Silence before the words of a shot, and after them."""
MUTE_S = 3.0
NOISE = 0.003
"""Deviation of the noise under the speech: about 30 dB below it."""

Part = Literal["test", "development"]

_PAPERS = ("#ffffff", "#fdf6e3", "#eef4fb", "#f3f3f0", "#1f2b3a", "#fffbea")
_WALLS = ("#cfe0ea", "#e9dcc8", "#d9e7d0", "#efe6f2", "#f7e3da", "#dfe3e8")
_SUFFIXES = (".mp4", ".mkv", ".webm", ".mov", ".avi", ".mp4")
_CODECS = {
    ".mp4": ("libx264", "aac"),
    ".mov": ("libx264", "aac"),
    ".mkv": ("libx264", "libopus"),
    ".webm": ("libvpx", "libopus"),
    ".avi": ("mpeg4", "libmp3lame"),
}


@dataclass(frozen=True, slots=True)
class Asked:
    """A question that one shot answers.

    Attributes:
        words: The question.
        kind: ``slide`` is answered by what stands on it, ``speech`` by what is said, ``both`` only
            by what is seen and said together.
    """

    words: str
    kind: Literal["slide", "speech", "both"]


@dataclass(frozen=True, slots=True)
class PlannedShot:
    """What is shown and said for a while.

    Attributes:
        lines: Of a slide, the title first; none of a thing.
        thing: The name of a thing that is shown; empty of a slide.
        stamp: Its file among the stamps.
        said: What is said meanwhile; may be empty.
        asked: What is asked of it.
    """

    lines: tuple[str, ...] = ()
    thing: str = ""
    stamp: str = ""
    said: str = ""
    asked: tuple[Asked, ...] = ()


@dataclass(frozen=True, slots=True)
class PlannedVideo:
    """One file: its name, its shots in order, and the voice that speaks."""

    name: str
    shots: tuple[PlannedShot, ...]
    voice: str


@dataclass(frozen=True, slots=True)
class MadeVideo:
    """A file that was made, and when its shots begin and end, in seconds."""

    path: Path
    planned: PlannedVideo
    times: tuple[tuple[float, float], ...]


def plan(part: Part, videos: int = 6) -> list[PlannedVideo]:
    """The videos of one part: slides in the first half of them, things in the second.

    Each place is talked about while two things are seen, and each thing is seen while two places
    are talked about, in different videos: neither what is seen nor what is said tells a shot.

    >>> shots = [shot for video in plan("test") for shot in video.shots]
    >>> len(shots), sum(bool(shot.lines) for shot in shots), sum(not shot.said for shot in shots)
    (54, 24, 6)
    """
    text = resources.files("mmqa.evaluation").joinpath("data/videos.toml").read_text("utf-8")
    table = tomllib.loads(text)[part]
    half = max(1, videos // 2)
    slides, scenes = _slides(table["slides"]), _scenes(table)
    films = [tuple(slides[n::half]) for n in range(half)]
    films += [tuple(scenes[n::half]) for n in range(half)]
    return [
        PlannedVideo(
            f"{'talk' if n < half else 'walk'}-{n + 1}{_SUFFIXES[n % len(_SUFFIXES)]}",
            shots,
            VOICES[n % len(VOICES)],
        )
        for n, shots in enumerate(films)
        if shots
    ]


def _slides(rows: Sequence[Mapping[str, Any]]) -> list[PlannedShot]:
    return [
        PlannedShot(
            lines=(row["title"], *row["lines"]),
            said=row["said"],
            asked=(
                Asked(row["slide_question"], "slide"),
                Asked(row["speech_question"], "speech"),
            ),
        )
        for row in rows
    ]


def _scenes(table: Mapping[str, Any]) -> list[PlannedShot]:
    """The scenes in an order in which a place, and a thing, comes again in another video."""
    things = list(table["things"].items())
    found: list[PlannedShot] = []
    for turn in range(2):
        rows = table["scenes"]
        for n in range(len(rows)):
            at = (n + turn) % len(rows)
            row, (thing, stamp) = rows[at], things[(at + turn) % len(things)]
            both = f"What is said about the {row['place']} while the {thing} is visible?"
            asked = (Asked(both, "both"), Asked(row["questions"][turn], "speech"))
            found.append(PlannedShot((), thing, stamp, row["said"][turn], asked))
    mute = [PlannedShot((), thing, stamp) for thing, stamp in things[::2]]
    return [*found, *mute]


def make(
    planned: Sequence[PlannedVideo],
    folder: Path,
    *,
    corpora: Path | None = None,
    progress: Progress | None = None,
) -> list[MadeVideo]:
    """Write the files; what was written before is written again, to the same bytes or nearly so.

    Args:
        planned: What is to be made.
        folder: Where it is written; it exists.
        corpora: Where corpora are kept; ``None`` means the default.
        progress: Told of fetching, and of each file.

    Raises:
        CorpusError: A corpus cannot be fetched, or flite cannot run here.
    """
    flite = Flite(corpora, progress=progress)
    stamps = fetch("stamps", folder=corpora, progress=progress) / STAMPS
    made = []
    for done, video in enumerate(planned, start=1):
        made.append(_make(video, folder / video.name, flite, stamps))
        if progress is not None:
            progress(Chunk("making videos", done, len(planned), "files"))
    return made


def _make(video: PlannedVideo, path: Path, flite: Flite, stamps: Path) -> MadeVideo:
    pictures, sounds, times, at_s = [], [], [], 0.0
    for number, shot in enumerate(video.shots):
        sound = _sound(shot.said, video.voice, flite)
        frames = round(len(sound) / RATE_HZ * FRAMES_PER_S)
        seconds = frames / FRAMES_PER_S
        sounds.append(np.resize(sound, round(seconds * RATE_HZ)))
        picture = slide(shot.lines, number) if shot.lines else scene(stamps / shot.stamp, number)
        pictures.append((picture, frames))
        times.append((at_s, at_s + seconds))
        at_s += seconds
    write(path, pictures, np.concatenate(sounds))
    return MadeVideo(path, video, tuple(times))


def _sound(words: str, voice: str, flite: Flite) -> Floats:
    """Speech between two silences, or a silence: float32 (n,), 16 kHz, with a little noise."""
    quiet = np.zeros(round(LEAD_S * RATE_HZ), np.float32)
    if words:
        with tempfile.TemporaryDirectory() as folder:
            target = Path(folder) / "said.wav"
            flite.say(words, target, voice)
            spoken = _read(target)
        samples = np.concatenate([quiet, 0.6 * spoken / np.abs(spoken).max(), quiet])
    else:
        samples = np.zeros(round(MUTE_S * RATE_HZ), np.float32)
    hiss = np.random.default_rng(len(samples)).normal(0.0, NOISE, len(samples))
    return (samples + hiss).astype(np.float32)


def _read(path: Path) -> Floats:
    with wave.open(str(path)) as file:
        rate_hz = file.getframerate()
        raw = np.frombuffer(file.readframes(file.getnframes()), np.int16)
    samples = raw.astype(np.float32) / np.float32(32768)
    if rate_hz == RATE_HZ:
        return samples
    at = np.arange(int(len(samples) * RATE_HZ / rate_hz)) * rate_hz / RATE_HZ
    resampled: Floats = np.interp(at, np.arange(len(samples)), samples).astype(np.float32)
    return resampled


def slide(lines: Sequence[str], number: int) -> Pixels:
    """A slide: title, rule, lines; uint8 (480, 854, 3)."""
    paper = _PAPERS[number % len(_PAPERS)]
    ink = "#f0f0f0" if paper == "#1f2b3a" else "#202428"
    image = Image.new("RGB", (WIDTH, HEIGHT), paper)
    pen = ImageDraw.Draw(image)
    pen.text((60, 48), lines[0], fill=ink, font_size=46)
    pen.rectangle((60, 118, WIDTH - 60, 122), fill="#4a7fb5")
    for n, line in enumerate(lines[1:]):
        pen.ellipse((66, 176 + 80 * n, 80, 190 + 80 * n), fill="#4a7fb5")
        pen.text((104, 162 + 80 * n), line, fill=ink, font_size=34)
    return np.asarray(image)


def scene(stamp: Path, number: int) -> Pixels:
    """A thing before a wall, on a floor; uint8 (480, 854, 3)."""
    image = Image.new("RGB", (WIDTH, HEIGHT), _WALLS[number % len(_WALLS)])
    pen = ImageDraw.Draw(image)
    pen.rectangle((0, 400, WIDTH, HEIGHT), fill="#b9a48a")
    thing = Image.open(stamp).convert("RGBA")
    factor = min(560 / thing.width, 380 / thing.height)
    size = (max(1, round(thing.width * factor)), max(1, round(thing.height * factor)))
    thing = thing.resize(size, Image.Resampling.LANCZOS)
    left = (WIDTH - thing.width) // 2 + (number % 3 - 1) * 60
    image.paste(thing, (left, 440 - thing.height), thing)
    return np.asarray(image)


def write(path: Path, pictures: Sequence[tuple[Pixels, int]], sound: Floats) -> None:
    """Write pictures, each for so many frames, with sound at 16 kHz, as the name's ending says."""
    import av

    film_codec, sound_codec = _CODECS[path.suffix]
    with av.open(str(path), "w") as out:
        film: Any = out.add_stream(film_codec, rate=FRAMES_PER_S)
        film.width, film.height, film.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        film.bit_rate = 600_000
        track: Any = out.add_stream(sound_codec, rate=48_000, layout="mono")
        for picture, frames in pictures:
            for _ in range(frames):
                out.mux(film.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        out.mux(film.encode(None))
        frame = av.AudioFrame.from_ndarray(sound[None], format="flt", layout="mono")
        frame.sample_rate = RATE_HZ
        resampler = av.AudioResampler(format=track.format, layout="mono", rate=48_000)
        fifo = av.AudioFifo()
        for piece in [*resampler.resample(frame), *resampler.resample(None)]:
            fifo.write(piece)
        for piece in fifo.read_many(track.frame_size or 1024, partial=True):
            out.mux(track.encode(piece))
        out.mux(track.encode(None))
