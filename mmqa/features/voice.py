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
OVERLAP = RATE_HZ // 2
"""Samples at the end of a block that are looked at again: the detector takes in some to be sure."""
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
        found, following = pieces_of(block, last=offset + len(block) >= len(samples))
        pieces.extend(Piece(owner, offset + p.start, offset + p.end) for p in found)
        offset += following
    return pieces


def pieces_of(block: Floats, *, last: bool) -> tuple[list[Piece], int]:
    """The speech in a block of a recording, and the sample at which the next block must begin.

    Args:
        block: float32 (n,) at 16 kHz.
        last: Whether the recording ends with it; else speech that reaches its end is left to the
            next block, and so is the last half second, in which speech may be beginning.
    """
    found = [Piece(0, a, b) for a, b in _detect(block)]
    if last:
        return found, len(block)
    if found and found[-1].end >= len(block) - RATE_HZ:
        whole = found[-1].start > 0
        return found, found.pop().start if whole else found[-1].end
    return found, max(len(block) - OVERLAP, found[-1].end if found else 0)


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
