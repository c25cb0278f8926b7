"""Stretches of a long recording: bounded, whole words, whole windows, the same wherever one began.

A detector that hears every sample above zero stands in for the real one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import pytest

from mmqa.features import listening, voice
from mmqa.features.listening import Stretch, stretches
from mmqa.features.voice import RATE_HZ
from mmqa.records import Floats


@pytest.fixture(autouse=True)
def detector(monkeypatch: pytest.MonkeyPatch) -> None:
    def detect(block: np.ndarray) -> list[tuple[int, int]]:
        edges = np.flatnonzero(np.diff(np.concatenate([[0], block > 0, [0]])))
        return [(int(a), int(b)) for a, b in edges.reshape(-1, 2)]

    monkeypatch.setattr(voice, "_detect", detect)
    monkeypatch.setattr(listening, "STRETCH_S", 100)


def recording(length_s: float, speech: Sequence[tuple[float, float]]) -> Floats:
    samples = np.zeros(int(length_s * RATE_HZ), np.float32)
    for start_s, end_s in speech:
        samples[int(start_s * RATE_HZ) : int(end_s * RATE_HZ)] = 0.5
    return samples


def blocks(samples: Floats, size_s: float = 7.3) -> Iterator[Floats]:
    size = int(size_s * RATE_HZ)
    for start in range(0, len(samples), size):
        yield samples[start : start + size]


def heard(found: Sequence[Stretch]) -> list[tuple[float, float]]:
    """Pieces of all stretches, in seconds of the recording."""
    return [
        ((s.start + p.start) / RATE_HZ, (s.start + p.end) / RATE_HZ)
        for s in found
        for w in s.windows
        for p in w.pieces
    ]


TALK = [(start, start + 6.0) for start in range(3, 590, 8)]


def test_every_piece_is_heard_once_and_whole_and_no_stretch_is_long() -> None:
    found = list(stretches(blocks(recording(600, TALK))))
    assert heard(found) == TALK
    assert all(len(s.sound) <= (100 + 7.3) * RATE_HZ for s in found)
    assert found[0].start == 0
    assert [s.end for s in found[:-1]] == [s.start for s in found[1:]]


def test_windows_are_full_but_for_the_last() -> None:
    """Pieces of 6 s, half a second between them: four and no more go into 29 s."""
    found = list(stretches(blocks(recording(600, TALK))))
    windows = [window for stretch in found for window in stretch.windows]
    assert {len(window.pieces) for window in windows[:-1]} == {4}
    assert len(windows) == -(-len(TALK) // 4)


def test_whoever_goes_on_at_the_end_of_a_stretch_comes_to_the_same_stretches() -> None:
    samples = recording(600, TALK)
    whole = list(stretches(blocks(samples)))
    for at in (0, 2, len(whole) - 2):
        rest = list(stretches(blocks(samples, 11.1), whole[at].end))
        assert heard(rest) == heard(whole[at + 1 :])
        assert [s.end for s in rest] == [s.end for s in whole[at + 1 :]]


def test_speech_without_a_pause_goes_on_and_ends() -> None:
    found = list(stretches(blocks(recording(450, [(0, 450)]))))
    (first, *_), last = heard(found)[0], heard(found)[-1][1]
    assert (first, last) == (0, 450)
    assert sum(end - start for start, end in heard(found)) == pytest.approx(450)


def test_a_word_in_an_hour_of_silence_is_found_and_the_silence_is_not_held() -> None:
    found = list(stretches(blocks(recording(3600, [(1999.8, 2000.4)]))))
    assert heard(found) == [(1999.8, 2000.4)]
    assert max(len(s.sound) for s in found) <= (100 + 7.3) * RATE_HZ


def test_nothing_gives_no_stretch() -> None:
    assert list(stretches([])) == []
    assert list(stretches(blocks(recording(30, [])), 30 * RATE_HZ)) == []
