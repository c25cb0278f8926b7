"""Recordings: what is said, by which voice, and how it is stored.

Knows: the words and the two synthesisers, ``flite`` and ``espeak-ng``. Refuses to know: who
listens.
"""

from __future__ import annotations

import subprocess
import tempfile
import wave
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

RATE_HZ = 16_000
CODECS = {
    ".wav": "pcm_s16le",
    ".flac": "flac",
    ".ogg": "libopus",
    ".mp3": "libmp3lame",
    ".m4a": "aac",
}
FORMATS = {
    "pcm_s16le": "s16",
    "flac": "s16",
    "libopus": "flt",
    "libmp3lame": "fltp",
    "aac": "fltp",
}

Samples = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Speech:
    """One recording.

    Attributes:
        name: File name; its ending decides the format.
        turns: (voice, words), said one after the other.
        noise: Level of background noise, as a share of the speech's own level.
        rate_hz: Rate at which it is stored.
    """

    name: str
    turns: tuple[tuple[str, str], ...]
    noise: float = 0.0
    rate_hz: int = RATE_HZ


SPEECHES = (
    Speech(
        "memo-0611.flac",
        (
            (
                "slt",
                "Voice memo, Tuesday evening. The roof is leaking again, right above the kitchen. "
                "I put a bucket under it. The roofer is coming on Thursday at nine in the morning. "
                "We have to move the piano before then.",
            ),
        ),
    ),
    Speech(
        "memo-0614.ogg",
        (
            (
                "rms",
                "Good morning, this is your captain speaking. Because of the strong wind, our "
                "ferry boat will be forty minutes late. There is hot soup for everyone on the "
                "upper deck. We are sorry for the delay.",
            ),
        ),
    ),
    Speech(
        "memo-0616.wav",
        (
            (
                "rms",
                "Attention please. The train to Northfield leaves from platform seven, not from "
                "platform two. The train to Northfield will leave in ten minutes. Please stand "
                "behind the yellow line.",
            ),
        ),
        noise=0.12,
    ),
    Speech(
        "voicemail-01.mp3",
        (
            (
                "slt",
                "Hello dear, this is your grandmother. I have baked the birthday cake for Sunday, "
                "but I have no candles. Please bring candles for the cake. There will be eleven of "
                "us at the table. See you soon.",
            ),
        ),
    ),
    Speech(
        "voicemail-02.mp3",
        (
            (
                "rms",
                "Hi, it is Martin from next door. I will water your plants while you are away. You "
                "said that the spare key is under the flower pot beside the garden gate. I will "
                "also empty your letter box.",
            ),
        ),
    ),
    Speech(
        "voicemail-03.ogg",
        (
            (
                "rms",
                "Good afternoon, this is the lost property office at the harbour. We have found "
                "your blue backpack. You can pick it up until six o'clock. Please ask for Oscar at "
                "the front desk.",
            ),
        ),
    ),
    Speech(
        "meeting.flac",
        (
            ("slt", "Let us talk about the new map. When will we ship it to the shops?"),
            (
                "rms",
                "The printer needs two more weeks. So we will ship the new map on the third of "
                "November.",
            ),
            ("slt", "And who tells the customers?"),
            ("rms", "I will write to the customers on Friday. The first box goes to the library."),
        ),
    ),
    Speech(
        "tour-guide.m4a",
        (
            (
                "slt",
                "Welcome to the bird cliffs. On your left you can see the puffins. They come here "
                "in April to lay one single egg. The puffins stay with us until the end of August. "
                "Please keep to the path and speak quietly.",
            ),
        ),
        rate_hz=22_050,
    ),
    Speech(
        "pancakes.wav",
        (
            (
                "rms",
                "These are the pancakes that my father made. Mix two cups of flour with three cups "
                "of milk and a pinch of salt. Let the batter rest for twenty minutes. Then fry it "
                "in butter until it is golden.",
            ),
        ),
    ),
    Speech(
        "weather.mp3",
        (
            (
                "espeak:en-us",
                "Here is the weather for tomorrow. The morning will be foggy on the coast. In the "
                "afternoon the sun will come out, with temperatures near nineteen degrees. On "
                "Wednesday we expect heavy thunderstorms.",
            ),
        ),
    ),
    Speech(
        "museum-audio-guide.m4a",
        (
            (
                "slt",
                "Number fourteen. This wooden compass belonged to the explorer Anna Lund. She "
                "carried it across the ice for two hundred days. The glass broke in the year "
                "nineteen hundred and six.",
            ),
        ),
        rate_hz=22_050,
    ),
    Speech(
        "class.ogg",
        (
            ("espeak:en-us+m3", "Good evening, and welcome to the pottery class."),
            (
                "slt",
                "Next week we will glaze the bowls. Please bring an apron and an old towel. The "
                "class starts at half past six.",
            ),
        ),
    ),
)


def say(voice: str, words: str) -> Samples:
    """Speak ``words``: float32 (n,) at 16 kHz. ``espeak:NAME`` is a voice of espeak-ng."""
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "said.wav"
        if voice.startswith("espeak:"):
            name = voice.removeprefix("espeak:")
            command = ["espeak-ng", "-v", name, "-s", "145", "-w", str(target), words]
        else:
            slower = ["--setf", "duration_stretch=1.12"]
            command = ["flite", *slower, "-voice", voice, "-t", words, "-o", str(target)]
        subprocess.run(command, check=True, capture_output=True)  # noqa: S603
        return _read(target)


def _read(path: Path) -> Samples:
    with wave.open(str(path)) as file:
        rate_hz = file.getframerate()
        raw = file.readframes(file.getnframes())
    samples = np.frombuffer(raw, np.int16).astype(np.float32) / np.float32(32768)
    return resample(samples, rate_hz, RATE_HZ)


def resample(samples: Samples, old_hz: int, new_hz: int) -> Samples:
    """Linear interpolation after a short moving average: enough for speech."""
    if old_hz == new_hz:
        return samples
    n = int(len(samples) * new_hz / old_hz)
    at = np.arange(n) * old_hz / new_hz
    return np.interp(at, np.arange(len(samples)), samples).astype(np.float32)


def record(speech: Speech) -> Samples:
    """All turns with pauses, levelled, with noise: float32 (n,) at 16 kHz."""
    pause = np.zeros(int(0.45 * RATE_HZ), np.float32)
    parts = [pause]
    for voice, words in speech.turns:
        said = say(voice, words)
        parts += [said * (0.1 / _level(said)), pause]
    samples = np.concatenate(parts)
    if speech.noise:
        samples = samples + _hum(len(samples)) * speech.noise * _level(samples)
    return np.clip(samples, -0.98, 0.98).astype(np.float32)


def _level(samples: Samples) -> float:
    return float(np.sqrt(np.mean(samples**2))) or 1.0


def _hum(n: int) -> Samples:
    """Noise of a hall: more low than high frequencies, unit level."""
    rng = np.random.default_rng(16)
    spectrum = np.fft.rfft(rng.normal(0, 1, n))
    spectrum /= np.sqrt(1 + np.fft.rfftfreq(n, 1 / RATE_HZ) / 200)
    hum = np.fft.irfft(spectrum, n).astype(np.float32)
    return (hum / _level(hum)).astype(np.float32)


def write(path: Path, samples: Samples, rate_hz: int) -> None:
    """Store 16 kHz ``samples`` at ``rate_hz`` in the format of the path's ending."""
    codec = CODECS[path.suffix]
    sound = resample(samples, RATE_HZ, rate_hz)
    whole = np.round(sound * 32767).astype(np.int16)[None, :]
    with av.open(str(path), "w", options={"fflags": "+bitexact"}) as container:
        stream = container.add_stream(codec, rate=rate_hz)
        assert isinstance(stream, av.AudioStream)
        stream.layout = "mono"
        if codec in ("libopus", "libmp3lame", "aac"):
            stream.bit_rate = 40_000
        convert = av.AudioResampler(format=FORMATS[codec], layout="mono", rate=rate_hz)
        frame = av.AudioFrame.from_ndarray(whole, format="s16", layout="mono")
        frame.sample_rate = rate_hz
        fifo = av.AudioFifo()
        for piece in [*convert.resample(frame), *convert.resample(None)]:
            fifo.write(piece)
        size = stream.codec_context.frame_size or 1024
        for piece in fifo.read_many(size, partial=True):
            container.mux(stream.encode(piece))
        container.mux(stream.encode(None))
