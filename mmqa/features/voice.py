"""Where somebody speaks in a recording (voice activity detection).

Knows: Silero's detector as faster-whisper bundles it, block by block so that hours of sound need
little memory. Refuses to know: what is said.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mmqa.records import Floats

RATE_HZ = 16_000
BLOCK_S = 600
"""Sound looked at in one go."""
MAX_PIECE_S = 26
"""Longest piece; it must fit the 30 s that Whisper hears at once, padding included."""
MIN_SPEECH_S = 0.2
MIN_SILENCE_S = 0.4
PADDING_S = 0.25


@dataclass(frozen=True, slots=True)
class Piece:
    """Uninterrupted speech: ``start`` and ``end`` are samples of recording number ``owner``."""

    owner: int
    start: int
    end: int

    def __len__(self) -> int:
        """Length in samples."""
        return self.end - self.start


def find_speech(samples: Floats, owner: int = 0) -> list[Piece]:
    """The pieces of 16 kHz ``samples`` in which somebody speaks, in order; silence gives none.

    Speech that reaches the end of a block is looked at again with the next one, so that a block's
    edge cuts no word.
    """
    pieces: list[Piece] = []
    offset = 0
    while offset < len(samples):
        block = samples[offset : offset + BLOCK_S * RATE_HZ]
        last = offset + len(block) >= len(samples)
        found = [Piece(owner, offset + a, offset + b) for a, b in _detect(block)]
        following = offset + len(block)
        if found and not last and found[-1].end >= following - RATE_HZ:
            whole = found[-1].start > offset
            following = found.pop().start if whole else found[-1].end
        pieces.extend(found)
        offset = following
    return pieces


def _detect(block: Floats) -> list[tuple[int, int]]:
    from faster_whisper.vad import VadOptions, get_speech_timestamps

    options = VadOptions(
        min_speech_duration_ms=int(MIN_SPEECH_S * 1000),
        max_speech_duration_s=MAX_PIECE_S,
        min_silence_duration_ms=int(MIN_SILENCE_S * 1000),
        speech_pad_ms=int(PADDING_S * 1000),
    )
    sound = np.ascontiguousarray(block, dtype=np.float32)
    chunks = get_speech_timestamps(sound, options, sampling_rate=RATE_HZ)
    return [(int(chunk["start"]), int(chunk["end"])) for chunk in chunks]
