from __future__ import annotations

import numpy as np
import pytest

from mmqa.features import voice
from mmqa.features.voice import RATE_HZ, Piece, find_speech


def test_silence_and_noise_hold_no_speech() -> None:
    noise = np.random.default_rng(0).normal(0, 0.05, 5 * RATE_HZ).astype(np.float32)
    assert find_speech(np.zeros(5 * RATE_HZ, dtype=np.float32)) == []
    assert find_speech(noise) == []
    assert find_speech(np.zeros(0, dtype=np.float32)) == []


def test_speech_at_the_edge_of_a_block_is_looked_at_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """A detector that hears every sample above zero stands in for the real one."""

    def detect(block: np.ndarray) -> list[tuple[int, int]]:
        edges = np.flatnonzero(np.diff(np.concatenate([[0], block > 0, [0]])))
        return [(int(a), int(b)) for a, b in edges.reshape(-1, 2)]

    monkeypatch.setattr(voice, "_detect", detect)
    monkeypatch.setattr(voice, "BLOCK_S", 10)
    samples = np.zeros(35 * RATE_HZ, dtype=np.float32)
    for start_s, end_s in ((2, 4), (9, 12), (30, 35)):
        samples[start_s * RATE_HZ : end_s * RATE_HZ] = 0.5
    assert find_speech(samples, owner=7) == [
        Piece(7, start_s * RATE_HZ, end_s * RATE_HZ)
        for start_s, end_s in ((2, 4), (9, 12), (30, 35))
    ]
