"""Damaged packets are stepped over and counted; a stream is not tried for ever."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest

from mmqa.media.packets import MOST_ERRORS, Packets

RATE_HZ, PACKET = 8000, 1024
WHOLE = 157 * PACKET
"""20 s in packets, and the encoder's own one before them."""


@pytest.fixture
def sound(tmp_path: Path) -> Path:
    """AAC in Matroska, which says where each packet is."""
    path = tmp_path / "a.mkv"
    noise = np.random.default_rng(0).integers(-9000, 9000, (1, RATE_HZ * 20)).astype(np.int16)
    whole = av.AudioFrame.from_ndarray(noise, format="s16", layout="mono")
    whole.sample_rate = RATE_HZ
    cutter = av.AudioResampler(format="fltp", layout="mono", rate=RATE_HZ, frame_size=PACKET)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("aac", rate=RATE_HZ, layout="mono")
        for frame in (*cutter.resample(whole), *cutter.resample(None), None):
            container.mux(stream.encode(frame))
    return path


def decoded(path: Path) -> tuple[int, Packets, int]:
    beats = []
    with av.open(str(path)) as container:
        packets = Packets(container, container.streams.audio[0], lambda: beats.append(1))
        samples = sum(frame.samples for frame in packets.frames())
    return samples, packets, len(beats)


def test_a_whole_stream_gives_all_of_its_frames(sound: Path) -> None:
    samples, packets, beats = decoded(sound)
    assert samples == WHOLE
    assert (packets.errors, packets.last_error) == (0, "")
    assert beats >= WHOLE // PACKET


def test_damage_in_the_middle_costs_what_it_strikes(sound: Path) -> None:
    whole = bytearray(sound.read_bytes())
    middle = len(whole) // 2
    whole[middle : middle + 100] = bytes(100)
    sound.write_bytes(whole)
    samples, packets, _ = decoded(sound)
    assert samples == WHOLE - PACKET
    assert packets.errors == 1
    assert "Invalid data" in packets.last_error


def test_who_is_asked_before_each_packet_can_end_the_work(sound: Path) -> None:
    def enough() -> None:
        raise TimeoutError

    with av.open(str(sound)) as container, pytest.raises(TimeoutError):
        next(Packets(container, container.streams.audio[0], enough).frames())


def test_a_stream_with_too_many_errors_is_given_up(sound: Path) -> None:
    with av.open(str(sound)) as container:
        packets = Packets(container, container.streams.audio[0], lambda: None)
        for _ in range(MOST_ERRORS):
            packets.failed(av.InvalidDataError(1, "cut off"))
        assert list(packets.frames()) == []
    assert packets.last_error == "cut off"
