"""Recordings as they come back from the world: noisy, sent through codecs, sped up, from a hall.

Knows: one function for each change, with the unit and range of its one number. Refuses to know: how
strong a change should be (``augment`` does), and what is said.

Every function gives a new :class:`~mmqa.records.Recording` at the same rate, within −1…1, and
leaves the old one as it is.
"""

from __future__ import annotations

import io
from fractions import Fraction
from typing import Any, Literal

import numpy as np

from mmqa.records import Floats, Recording

Codec = Literal["mp3", "opus"]
_CODECS: dict[Codec, tuple[str, str, str]] = {
    "mp3": ("mp3", "libmp3lame", "fltp"),
    "opus": ("ogg", "libopus", "flt"),
}
"""Codec → container, FFmpeg's encoder, sample format."""
_EDGE_SHARE = 0.1
"""A band's edge fades over that share of its frequency: a sharper one rings."""


def add_noise(recording: Recording, rng: np.random.Generator, snr_db: float) -> Recording:
    """White noise, so that the sound is ``snr_db`` above it.

    Args:
        recording: Any length; a silent one is given back as it is.
        rng: Draws the noise.
        snr_db: 10·log₁₀(power of the sound / power of the noise), over the whole recording. A quiet
            office gives 25 and more, a car about 10, and at 0 the noise is as loud as the speech.
    """
    power = _power(recording.samples)
    if power == 0:
        return recording
    noise = rng.standard_normal(len(recording.samples), dtype=np.float32)
    noise *= np.float32(np.sqrt(power / 10 ** (snr_db / 10) / _power(noise)))
    return _bounded(recording.samples + noise, recording)


def snr_db(clean: Recording, noisy: Recording) -> float:
    """Signal-to-noise ratio of ``noisy``, whose sound is ``clean``, in dB.

    >>> sound = Recording(np.array([0.5, -0.5], np.float32))
    >>> snr_db(sound, Recording(np.array([0.55, -0.55], np.float32)))
    20.0
    """
    noise = noisy.samples.astype(np.float64) - clean.samples
    return round(10 * float(np.log10(_power(clean.samples) / _power(noise))), 4)


def gain(recording: Recording, decibels: float) -> Recording:
    """Louder (above 0) or quieter by ``decibels``; what leaves −1…1 is clipped.

    >>> gain(Recording(np.array([0.1], np.float32)), 20).samples.tolist()
    [1.0]
    """
    return _bounded(recording.samples * np.float32(10 ** (decibels / 20)), recording)


def change_speed(recording: Recording, factor: float) -> Recording:
    """Played ``factor`` times as fast, as a tape: pitch goes with it (Ko et al. 2015).

    Linear interpolation: good enough for factors of 0.5–2.

    >>> len(change_speed(Recording(np.zeros(1100, np.float32)), 1.1).samples)
    1000
    """
    n = len(recording.samples)
    places = np.arange(round(n / factor), dtype=np.float64) * factor
    samples = np.interp(places, np.arange(n), recording.samples).astype(np.float32)
    return _bounded(samples, recording)


def change_tempo(recording: Recording, factor: float) -> Recording:
    """Spoken ``factor`` times as fast, at the same pitch (FFmpeg's ``atempo``, WSOLA).

    Args:
        recording: At least a tenth of a second; shorter ones are given back as they are.
        factor: 0.5–2.
    """
    import av

    if recording.duration_s < 0.1:
        return recording
    graph = av.filter.Graph()
    source = graph.add_abuffer(
        sample_rate=recording.rate_hz,
        format="flt",
        layout="mono",
        time_base=Fraction(1, recording.rate_hz),
    )
    tempo = graph.add("atempo", f"{factor:.6f}")
    sink = graph.add("abuffersink")
    graph.link_nodes(source, tempo, sink).configure()
    source.push(_frame(recording.samples, recording.rate_hz))
    source.push(None)
    pieces = _pulled(graph)
    wanted = round(len(recording.samples) / factor)
    return _bounded(_of_length(np.concatenate(pieces), wanted), recording)


def through_codec(recording: Recording, codec: Codec, kilobits: float) -> Recording:
    """Encoded and decoded again, in memory.

    Args:
        recording: At 8, 12, 16, 24 or 48 kHz.
        codec: ``mp3`` or ``opus``.
        kilobits: Rate in kbit/s; calls and messengers use opus at 12–32, podcasts mp3 at 64–128.
    """
    container, encoder, form = _CODECS[codec]
    written = io.BytesIO()
    import av

    with av.open(written, "w", format=container) as output:
        stream: Any = output.add_stream(encoder, rate=recording.rate_hz)
        stream.bit_rate = round(kilobits * 1000)
        stream.layout = "mono"
        resampler = av.AudioResampler(format=form, layout="mono", rate=recording.rate_hz)
        frame = _frame(recording.samples, recording.rate_hz)
        for piece in (*resampler.resample(frame), *resampler.resample(None)):
            output.mux(stream.encode(piece))
        output.mux(stream.encode(None))
    written.seek(0)
    samples = _decoded(written, container, recording.rate_hz)
    return _bounded(_of_length(samples, len(recording.samples)), recording)


def band_limit(recording: Recording, low_hz: float, high_hz: float) -> Recording:
    """Only what lies between two frequencies; a telephone carries 300–3,400 Hz (ITU-T G.712).

    A raised-cosine edge of a tenth of each frequency, in the Fourier domain.
    """
    n = len(recording.samples)
    spectrum = np.fft.rfft(recording.samples)
    frequency = np.fft.rfftfreq(n, 1 / recording.rate_hz)
    passed = _rising(frequency, low_hz) * (1 - _rising(frequency, high_hz))
    return _bounded(np.fft.irfft(spectrum * passed, n).astype(np.float32), recording)


def pad_silence(recording: Recording, before_s: float, after_s: float) -> Recording:
    """Silence before and after, in seconds."""
    before, after = (round(seconds * recording.rate_hz) for seconds in (before_s, after_s))
    return Recording(np.pad(recording.samples, (before, after)), recording.rate_hz)


def reverberate(
    recording: Recording, rng: np.random.Generator, decay_s: float, wet: float = 0.3
) -> Recording:
    """From a hall: an echo of decaying noise behind the sound itself.

    The tail of the room's answer is noise under an exponential envelope (Polack 1988, as in
    Moorer 1979); no single reflections are modelled.

    Args:
        recording: Any length, which stays.
        rng: Draws the tail.
        decay_s: Time in which the echo falls by 60 dB (RT60): a living room 0.3–0.5, a hall 1–2.
        wet: The echo's power over the sound's own, 0–1.
    """
    n = len(recording.samples)
    length = min(max(1, round(decay_s * recording.rate_hz)), max(n, 1))
    envelope = 10 ** (-3 * np.arange(length) / (decay_s * recording.rate_hz))
    tail = rng.standard_normal(length) * envelope
    size = 1 << (n + length - 1).bit_length()
    echo = np.fft.irfft(np.fft.rfft(recording.samples, size) * np.fft.rfft(tail, size), size)[:n]
    power = _power(echo)
    if power == 0:
        return recording
    echo *= np.sqrt(wet * _power(recording.samples) / power)
    mixed = (recording.samples + echo) / np.sqrt(1 + wet)
    return _bounded(mixed.astype(np.float32), recording)


def _rising(frequency: np.ndarray[Any, Any], edge_hz: float) -> np.ndarray[Any, Any]:
    """0 below the edge, 1 above it, half a cosine between."""
    width = _EDGE_SHARE * edge_hz
    along = ((frequency - edge_hz) / width + 0.5).clip(0, 1)
    risen: np.ndarray[Any, Any] = (1 - np.cos(np.pi * along)) / 2
    return risen


def _power(samples: np.ndarray[Any, Any]) -> float:
    return float(np.mean(np.square(samples, dtype=np.float64))) if len(samples) else 0.0


def _frame(samples: Floats, rate_hz: int) -> Any:
    import av

    frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(samples)[None], "flt", "mono")
    frame.sample_rate = rate_hz
    frame.pts = 0
    frame.time_base = Fraction(1, rate_hz)
    return frame


def _pulled(graph: Any) -> list[Floats]:
    """All that a filter graph gives, once its source has ended."""
    import av

    pieces: list[Floats] = [np.zeros(0, np.float32)]
    while True:
        try:
            pieces.append(graph.pull().to_ndarray()[0])
        except (av.error.BlockingIOError, av.error.EOFError):
            return pieces


def _decoded(file: io.BytesIO, container: str, rate_hz: int) -> Floats:
    import av

    resampler = av.AudioResampler(format="flt", layout="mono", rate=rate_hz)
    pieces: list[Floats] = []
    with av.open(file, "r", format=container) as source:
        for frame in source.decode(audio=0):
            frame.pts = None
            pieces.extend(piece.to_ndarray()[0] for piece in resampler.resample(frame))
        if pieces:
            pieces.extend(piece.to_ndarray()[0] for piece in resampler.resample(None))
    return np.concatenate(pieces)


def _of_length(samples: Floats, wanted: int) -> Floats:
    """Cut, or lengthened by silence: codecs and filters work in frames."""
    return np.pad(samples[:wanted], (0, max(0, wanted - len(samples))))


def _bounded(samples: Floats, recording: Recording) -> Recording:
    return Recording(np.clip(samples, -1, 1).astype(np.float32), recording.rate_hz)
