"""Recordings: every format at 16 kHz, damage kept in bounds, silence flagged."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from mmqa.errors import MediaError
from mmqa.media.audio import ReadAudio, read_audio
from mmqa.media.sniff import sniff

SUFFIXES = [".wav", ".mp3", ".flac", ".ogg", ".opus", ".m4a"]
Write = Callable[..., Path]


def read(path: Path, max_audio_s: float = 3600.0) -> ReadAudio:
    return read_audio(path, sniff(path)[1], max_audio_s)


def loudest_hertz(samples: np.ndarray) -> float:
    spectrum = np.abs(np.fft.rfft(samples))
    return float(np.argmax(spectrum) * 16_000 / len(samples))


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_every_format_gives_the_tone_at_16_khz(write_sound: Write, suffix: str) -> None:
    result = read(write_sound("tone" + suffix, seconds=2.0, hertz=440.0))
    samples = result.recording.samples
    assert result.recording.rate_hz == 16_000
    assert samples.dtype == np.float32
    assert samples.ndim == 1
    assert result.recording.duration_s == pytest.approx(2.0, abs=0.06)
    assert loudest_hertz(samples) == pytest.approx(440, abs=2)
    assert np.abs(samples).max() == pytest.approx(0.5, abs=0.12)
    assert result.flags == ()


@pytest.mark.parametrize("rate_hz", [8_000, 16_000, 44_100])
def test_no_sample_is_lost_at_any_rate(write_sound: Write, rate_hz: int) -> None:
    result = read(write_sound("tone.wav", seconds=1.7, rate_hz=rate_hz))
    assert result.recording.duration_s == pytest.approx(1.7, abs=0.002)


@pytest.mark.parametrize("suffix", [".wav", ".mp3", ".flac", ".opus", ".m4a"])
def test_silence_is_read_and_flagged(write_sound: Write, suffix: str) -> None:
    result = read(write_sound("silence" + suffix, np.zeros(48_000)))
    assert result.flags == ("silent",)
    assert result.recording.duration_s == pytest.approx(1.0, abs=0.06)


def test_a_clipped_recording_is_flagged(write_sound: Write) -> None:
    t = np.arange(48_000) / 48_000
    loud = np.clip(3 * np.sin(2 * np.pi * 300 * t), -1, 1)
    assert read(write_sound("loud.wav", loud)).flags == ("clipped",)
    assert read(write_sound("full.wav", 0.99 * np.sin(2 * np.pi * 300 * t))).flags == ()


def test_dc_offset_is_removed(write_sound: Write) -> None:
    t = np.arange(48_000) / 48_000
    result = read(write_sound("offset.wav", 0.3 + 0.2 * np.sin(2 * np.pi * 300 * t)))
    assert abs(float(result.recording.samples.mean())) < 1e-4
    assert read(write_sound("only.wav", np.full(48_000, 0.3))).flags == ("silent",)


def test_tags_are_the_caption(write_sound: Write) -> None:
    tags = {"title": "Harbour", "artist": "Anna", "comment": "Recorded at dawn"}
    for suffix in (".mp3", ".flac", ".opus", ".m4a"):
        caption = read(write_sound("a" + suffix, tags=tags)).caption
        assert caption == "Harbour\nAnna\nRecorded at dawn", suffix


@pytest.mark.parametrize("suffix", [".wav", ".mp3", ".flac", ".ogg", ".opus"])
def test_of_a_broken_tail_what_can_be_decoded_is_kept(write_sound: Write, suffix: str) -> None:
    seconds = 30.0 if suffix == ".ogg" else 10.0  # this encoder's pages are seconds long
    path = write_sound("whole" + suffix, seconds=seconds)
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])
    result = read(path)
    assert 0.3 * seconds < result.recording.duration_s < 0.7 * seconds
    assert loudest_hertz(result.recording.samples) == pytest.approx(440, abs=2)


@pytest.mark.parametrize("suffix", [".wav", ".flac", ".mp3"])
def test_a_file_that_promises_more_than_it_holds_is_flagged(
    write_sound: Write, suffix: str
) -> None:
    path = write_sound("whole" + suffix, seconds=10.0)
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])
    assert "damaged-tail" in read(path).flags


def test_noise_in_the_middle_does_not_cost_the_rest(write_sound: Write) -> None:
    path = write_sound("whole.mp3", seconds=10.0)
    data = bytearray(path.read_bytes())
    data[len(data) // 2 : len(data) // 2 + 3000] = np.random.default_rng(0).bytes(3000)
    path.write_bytes(data)
    assert read(path).recording.duration_s > 8.5


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_header_alone_is_refused(write_sound: Write, suffix: str) -> None:
    path = write_sound("whole" + suffix)
    path.write_bytes(path.read_bytes()[:40])
    with pytest.raises(MediaError) as caught:
        read(path)
    assert "decoded" in caught.value.reason or "no sound" in caught.value.reason


def test_a_recording_that_is_too_long_is_refused(write_sound: Write) -> None:
    for suffix in (".wav", ".mp3", ".opus"):
        with pytest.raises(MediaError, match="longer than the 3 s allowed"):
            read(write_sound("long" + suffix, seconds=4.0), max_audio_s=3.0)


def test_a_playlist_that_names_other_files_is_not_followed(tmp_path: Path) -> None:
    path = tmp_path / "list.mp3"
    path.write_bytes(b"ID3#EXTM3U\n#EXTINF:1,\n/etc/hostname\n")
    with pytest.raises(MediaError):
        read(path)


def test_flipped_bytes_never_make_it_fail_otherwise_than_with_a_sentence(
    write_sound: Write,
) -> None:
    random = np.random.default_rng(2)
    for suffix in SUFFIXES:
        path = write_sound("whole" + suffix, seconds=0.5)
        data = path.read_bytes()
        for _ in range(12):
            damaged = bytearray(data)
            for at in random.integers(0, len(damaged), 10):
                damaged[at] = random.integers(0, 256)
            path.write_bytes(damaged)
            try:
                result = read(path)
            except MediaError as error:
                assert error.reason
            else:
                assert np.isfinite(result.recording.samples).all()
