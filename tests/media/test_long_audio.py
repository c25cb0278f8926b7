"""Recordings too long to be held, and files that say of themselves what cannot be."""

from __future__ import annotations

import struct
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from mmqa.errors import MediaError
from mmqa.evaluation import made_up_sounds as made
from mmqa.media import audio
from mmqa.media.audio import RATE_HZ, ReadAudio, read_audio
from mmqa.media.sniff import sniff
from mmqa.records import LongRecording, Recording

Write = Callable[..., Path]
PCM, FLOAT = 1, 3


def read(path: Path, max_audio_s: float = 4 * 3600.0, long_s: float = 600.0) -> ReadAudio:
    return read_audio(path, sniff(path)[1], max_audio_s, long_s)


def wav(
    path: Path,
    data: bytes,
    *,
    bits: int = 16,
    channels: int = 1,
    rate_hz: int = 16_000,
    form: int = PCM,
    promised: int | None = None,
) -> Path:
    """A WAV file whose header says whatever is wanted."""
    size = len(data) if promised is None else promised
    align = channels * bits // 8
    head = struct.pack(
        "<HHIIHH", form, channels, rate_hz, min(rate_hz * align, 2**32 - 1), align & 0xFFFF, bits
    )
    body = b"WAVEfmt " + struct.pack("<I", len(head)) + head + b"data" + struct.pack("<I", size)
    path.write_bytes(b"RIFF" + struct.pack("<I", min(len(body) + size, 2**32 - 1)) + body + data)
    return path


def whole(recording: LongRecording) -> np.ndarray:
    return np.concatenate(list(recording.blocks()))


# ------------------------------------------------------------------------------- long ones


@pytest.mark.parametrize("suffix", [".wav", ".mp3", ".opus", ".flac"])
def test_a_long_recording_gives_by_blocks_what_a_short_one_holds(
    write_sound: Write, suffix: str
) -> None:
    path = write_sound("talk" + suffix, seconds=95.0)
    held, long = read(path).recording, read(path, long_s=60.0).recording
    assert isinstance(held, Recording)
    assert isinstance(long, LongRecording)
    assert long.length == len(held.samples)
    assert long.duration_s == held.duration_s
    np.testing.assert_array_equal(whole(long), held.samples)
    np.testing.assert_array_equal(whole(long), held.samples)  # as often as one likes
    assert max(len(block) for block in long.blocks()) < 31 * RATE_HZ


def test_flags_of_a_long_recording_are_those_of_a_short_one(write_sound: Write) -> None:
    quiet = write_sound("quiet.wav", np.full(70 * 16_000, 0.3), rate_hz=16_000)  # only an offset
    assert read(quiet, long_s=60.0).flags == read(quiet).flags == ("silent",)
    t = np.arange(70 * 16_000) / 16_000
    loud = write_sound("loud.wav", np.clip(3 * np.sin(600 * np.pi * t), -1, 1), rate_hz=16_000)
    assert read(loud, long_s=60.0).flags == read(loud).flags == ("clipped", "tone")


def test_a_long_recording_that_changed_since_it_was_read_is_refused(write_sound: Write) -> None:
    path = write_sound("talk.wav", seconds=70.0)
    long = read(path, long_s=60.0).recording
    assert isinstance(long, LongRecording)
    path.write_bytes(path.read_bytes()[:-1000])
    with pytest.raises(MediaError, match="changed since it was read"):
        whole(long)
    path.unlink()
    with pytest.raises(MediaError, match="no such file"):
        whole(long)


def test_three_hours_are_read_in_the_memory_of_a_few_minutes(tmp_path: Path) -> None:
    """Three hours of float32 are 690 MB."""
    path = wav(tmp_path / "long.wav", bytes(3 * 3600 * 8_000), bits=8, rate_hz=8_000)
    code = f"""
from pathlib import Path
import av, numpy
from mmqa.evaluation.bench_audio_process import peak_bytes
from mmqa.media.audio import read_audio
before = peak_bytes()
read = read_audio(Path({str(path)!r}), "wav", 4 * 3600.0)
heard = sum(len(block) for block in read.recording.blocks())
assert heard == read.recording.length == 3 * 3600 * 16_000, heard
print((peak_bytes() - before) // 10**6)
"""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=600
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) < 200  # MB


# ------------------------------------------------------------------------------- bad headers


def tone_of(rate_hz: int, seconds: float = 2.0) -> np.ndarray:
    return 0.5 * np.sin(2 * np.pi * 440 * np.arange(int(seconds * rate_hz)) / rate_hz)


@pytest.mark.parametrize(
    ("bits", "form", "pack"),
    [
        (8, PCM, lambda x: ((x + 1) * 127.5).round().astype(np.uint8).tobytes()),
        (
            24,
            PCM,
            lambda x: (x * 2**31).astype("<i4").view(np.uint8).reshape(-1, 4)[:, 1:].tobytes(),
        ),
        (32, PCM, lambda x: (x * (2**31 - 1)).astype("<i4").tobytes()),
        (32, FLOAT, lambda x: x.astype("<f4").tobytes()),
        (64, FLOAT, lambda x: x.astype("<f8").tobytes()),
    ],
)
def test_wavs_of_every_width_sound_alike(
    tmp_path: Path, bits: int, form: int, pack: Callable[[np.ndarray], bytes]
) -> None:
    path = wav(tmp_path / "tone.wav", pack(tone_of(16_000)), bits=bits, form=form)
    samples = read(path).recording.samples  # type: ignore[union-attr]
    assert len(samples) == 32_000
    assert np.abs(samples - tone_of(16_000)).max() < 0.01


def test_floats_that_are_no_numbers_and_louder_than_full_scale_do_no_harm(tmp_path: Path) -> None:
    values = tone_of(16_000).astype("<f4")
    values[100:200], values[300], values[400], values[500:600] = np.nan, np.inf, -np.inf, 50.0
    found = read(wav(tmp_path / "odd.wav", values.tobytes(), bits=32, form=FLOAT))
    samples = found.recording.samples  # type: ignore[union-attr]
    assert np.isfinite(samples).all()
    assert np.abs(samples).max() <= 1.0
    assert "clipped" in found.flags


@pytest.mark.parametrize(
    "said",
    [
        {"channels": 0},
        {"rate_hz": 0},
        {"rate_hz": 1},
        {"rate_hz": 999},
        {"rate_hz": 768_001},
        {"rate_hz": 2**32 - 1},
        {"channels": 65},
        {"channels": 65_535},
    ],
)
def test_a_header_that_says_what_cannot_be_is_refused_at_once(
    tmp_path: Path, said: dict[str, int]
) -> None:
    """A rate of 1 Hz would make a gigabyte of sound out of 16 kB."""
    path = wav(tmp_path / "odd.wav", bytes(1_000_000), **said)
    began_s = time.thread_time()
    with pytest.raises(MediaError) as refused:
        read(path)
    assert time.thread_time() - began_s < 5
    assert refused.value.reason


@pytest.mark.parametrize("bits", [0, 7, 65_535])
def test_widths_that_cannot_be_are_refused_or_read_as_something_of_the_right_size(
    tmp_path: Path, bits: int
) -> None:
    path = wav(tmp_path / "odd.wav", bytes(1_000_000), bits=bits)
    try:
        assert read(path).recording.duration_s <= 65.0
    except MediaError as error:
        assert error.reason


def test_rates_and_channels_at_the_edge_are_read(tmp_path: Path) -> None:
    slow = read(wav(tmp_path / "slow.wav", bytes(2_000), bits=8, rate_hz=1_000)).recording
    assert slow.duration_s == pytest.approx(2.0, abs=0.05)
    many = np.zeros((16_000, 8), "<i2")
    many[:, 3] = 16_000
    wide = read(wav(tmp_path / "wide.wav", many.tobytes(), channels=8)).recording
    assert wide.duration_s == pytest.approx(1.0, abs=0.05)


def test_a_header_that_promises_days_does_not_hide_the_seconds_that_are_there(
    tmp_path: Path,
) -> None:
    data = (tone_of(8_000) * 30_000).astype("<i2").tobytes()
    found = read(wav(tmp_path / "lie.wav", data, rate_hz=8_000, promised=2**31))
    assert found.recording.duration_s == pytest.approx(2.0, abs=0.01)
    assert "damaged-tail" in found.flags


@pytest.mark.parametrize("promised", [0, 2**32 - 1])
def test_a_recorder_that_never_wrote_the_length_loses_nothing(
    tmp_path: Path, promised: int
) -> None:
    data = (tone_of(8_000) * 30_000).astype("<i2").tobytes()
    found = read(wav(tmp_path / "open.wav", data, rate_hz=8_000, promised=promised))
    assert found.recording.duration_s == pytest.approx(2.0, abs=0.01)


def test_a_header_that_promises_less_than_there_is_ends_there(tmp_path: Path) -> None:
    data = (tone_of(8_000) * 30_000).astype("<i2").tobytes()
    found = read(wav(tmp_path / "less.wav", data, rate_hz=8_000, promised=8_000))
    assert found.recording.duration_s <= 2.01


# ------------------------------------------------------------------------------- without an end


def test_a_small_file_that_is_days_long_is_given_up_at_the_limit(write_sound: Write) -> None:
    """FLAC holds an hour of silence in some kB; decoding stops where the limit is."""
    path = write_sound("hour.flac", np.zeros(3600 * 16_000, np.float32), rate_hz=16_000)
    assert path.stat().st_size < 1_000_000
    began_s = time.thread_time()
    with pytest.raises(MediaError, match="longer than the 60 s allowed"):
        read(path, max_audio_s=60.0)
    assert time.thread_time() - began_s < 10


def test_a_file_out_of_which_nothing_comes_is_given_up(
    write_sound: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The clock of this test goes a minute a look; nothing is waited for."""
    clock = iter(range(0, 10**9, 60))
    monkeypatch.setattr(audio, "time", SimpleNamespace(thread_time=lambda: float(next(clock))))
    with pytest.raises(MediaError, match="of decoding, 0 s of sound came out of it"):
        read(write_sound("slow.mp3", seconds=10.0))


def test_what_the_listener_does_between_blocks_is_not_counted(
    write_sound: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_sound("talk.wav", seconds=120.0)
    long = read(path, long_s=60.0).recording
    assert isinstance(long, LongRecording)
    now = [0.0]
    monkeypatch.setattr(audio, "time", SimpleNamespace(thread_time=lambda: now[0]))
    for _ in long.blocks():
        now[0] += 10_000.0


# ------------------------------------------------------------------------------- how it sounds


def test_what_a_recording_sounds_like_is_a_flag(write_sound: Write) -> None:
    def flags(samples: np.ndarray) -> tuple[str, ...]:
        return read(write_sound("sound.wav", samples, rate_hz=16_000)).flags

    assert flags(made.noise(10, 1.0)) == ("noise",)
    assert flags(made.chords(10)) == ("music",)
    assert flags(made.hum(10)) == ("tone",)
    assert flags(made.silence(10)) == ("silent",)
