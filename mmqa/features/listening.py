"""A long recording, block by block → stretches with the windows that are to be heard in them.

Knows: how much sound is held at once, and that no stretch ends within speech or with a window half
full. Refuses to know: how speech is found, and how a window is turned into words.

A stretch depends on where it begins and on nothing else, so that listening can be left off at the
end of any of them, and taken up there later, with the same outcome.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from mmqa.features import voice
from mmqa.features.packing import WINDOW_S, Window, pack
from mmqa.features.voice import RATE_HZ
from mmqa.records import Floats

STRETCH_S = 240
"""Sound held at once: eight windows."""
FULL_S = WINDOW_S - 4.0
"""A window with this much in it is as good as full."""


@dataclass(frozen=True, slots=True, eq=False)
class Stretch:
    """Some sound with the speech in it.

    Attributes:
        sound: float32 (n,).
        start: Sample of the recording at which it begins.
        windows: What is to be heard; their pieces count samples from ``start``.
        end: Sample of the recording at which the next stretch begins.
    """

    sound: Floats
    start: int
    windows: tuple[Window, ...]
    end: int


def stretches(blocks: Iterable[Floats], start: int = 0) -> Iterator[Stretch]:
    """The stretches of a recording from sample ``start``, in order; none where there is no sound.

    Args:
        blocks: All of the recording, in order, in blocks of any length.
        start: Where the first stretch begins; what comes before is only skipped.
    """
    source = _from(blocks, start)
    held = np.zeros(0, np.float32)
    more = True
    while more:
        held, more = _filled(held, source)
        if not len(held):
            return
        windows, following = _windows(held, last=not more)
        yield Stretch(held, start, windows, start + following)
        held, start = held[following:], start + following


def _windows(sound: Floats, *, last: bool) -> tuple[tuple[Window, ...], int]:
    """What is heard of a stretch, and the sample at which the next one begins.

    Speech that reaches its end, and a window that more could be put into, are left to the next;
    half of the stretch is taken in any case, so that it goes on.
    """
    pieces, following = voice.pieces_of(sound, last=last)
    windows = tuple(pack(pieces))
    if last or not windows:
        return windows, following
    begins, holds = windows[-1].pieces[0].start, windows[-1].length
    if holds < FULL_S * RATE_HZ and begins >= len(sound) // 2:
        return windows[:-1], begins
    return windows, following


def _filled(held: Floats, source: Iterator[Floats]) -> tuple[Floats, bool]:
    """One stretch of sound, and whether there may be more."""
    parts, length = [held], len(held)
    while length < STRETCH_S * RATE_HZ:
        block = next(source, None)
        if block is None:
            return np.concatenate(parts), False
        parts.append(block)
        length += len(block)
    return np.concatenate(parts), True


def _from(blocks: Iterable[Floats], start: int) -> Iterator[Floats]:
    for block in blocks:
        skipped = min(start, len(block))
        start -= skipped
        if skipped < len(block):
            yield block[skipped:]
