"""Pieces of speech → windows of 30 s, and words in a window → their piece and time.

Knows: Whisper hears 30 s whatever it is given, so that a window costs the same full or nearly
empty. Refuses to know: how speech is found or turned into words.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TypeAlias

import numpy as np

from mmqa.features.voice import RATE_HZ, Piece
from mmqa.records import Floats, SpokenWord

WINDOW_S = 29.0
"""Sound put into one window; a little is left for Whisper's own padding."""
GAP_S = 1.0
"""Silence put between pieces of different recordings."""
PAUSE_S = 0.5
"""Longest silence left between pieces of one recording."""


Word: TypeAlias = SpokenWord


@dataclass(frozen=True, slots=True)
class Window:
    """Pieces heard together, and the sample of the window at which each begins."""

    pieces: tuple[Piece, ...]
    starts: tuple[int, ...]

    @property
    def length(self) -> int:
        """Samples."""
        return self.starts[-1] + len(self.pieces[-1])

    def sound(self, recordings: Sequence[Floats]) -> Floats:
        """float32 (n,): the pieces with silence between them."""
        sound = np.zeros(self.length, dtype=np.float32)
        for piece, start in zip(self.pieces, self.starts, strict=True):
            sound[start : start + len(piece)] = recordings[piece.owner][piece.start : piece.end]
        return sound

    def place(self, word: Word) -> tuple[int, Word]:
        """Owner of a word of this window, and the word with times of its own recording.

        A word belongs to the piece in which its middle lies, or to the nearest one.
        """
        middle = (word.start_s + word.end_s) / 2 * RATE_HZ
        gaps = [
            max(start - middle, middle - start - len(piece), 0.0)
            for piece, start in zip(self.pieces, self.starts, strict=True)
        ]
        nearest = gaps.index(min(gaps))
        piece, start = self.pieces[nearest], self.starts[nearest]
        shift = piece.start - start
        low, high = piece.start / RATE_HZ, piece.end / RATE_HZ
        start_s = min(max(word.start_s + shift / RATE_HZ, low), high)
        end_s = min(max(word.end_s + shift / RATE_HZ, start_s), high)
        return piece.owner, Word(start_s, end_s, word.text)


def pack(pieces: Sequence[Piece], *, window_s: float = WINDOW_S) -> Iterator[Window]:
    """Fill windows with pieces in order.

    >>> second = 16_000
    >>> windows = pack([Piece(0, 0, 20 * second), Piece(1, 0, 5 * second), Piece(2, 0, 9 * second)])
    >>> [[piece.owner for piece in window.pieces] for window in windows]
    [[0, 1], [2]]
    """
    held: list[Piece] = []
    starts: list[int] = []
    for piece in pieces:
        start = starts[-1] + len(held[-1]) + _gap(held[-1], piece) if held else 0
        if held and start + len(piece) > window_s * RATE_HZ:
            yield Window(tuple(held), tuple(starts))
            held, starts, start = [], [], 0
        held.append(piece)
        starts.append(start)
    if held:
        yield Window(tuple(held), tuple(starts))


def separate(window: Window) -> Iterator[Window]:
    """Each piece of a window alone."""
    return (Window((piece,), (0,)) for piece in window.pieces)


def _gap(before: Piece, after: Piece) -> int:
    if before.owner != after.owner:
        return int(GAP_S * RATE_HZ)
    return min(max(after.start - before.end, 0), int(PAUSE_S * RATE_HZ))


def in_order(words: Sequence[Word]) -> list[Word]:
    """Words sorted by time, none beginning before its predecessor ends.

    >>> [w.start_s for w in in_order([Word(1.0, 2.0, " b"), Word(0.0, 1.5, " a")])]
    [0.0, 1.5]
    """
    ordered = sorted(words, key=lambda word: word.start_s)
    result = ordered[:1]
    for _, word in pairwise(ordered):
        start_s = max(word.start_s, result[-1].end_s)
        result.append(Word(start_s, max(word.end_s, start_s), word.text))
    return result
