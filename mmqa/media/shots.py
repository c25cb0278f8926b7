"""Small looks at a film, in order → where its shots begin and end, and the sharpest look of each.

Knows: how alike two looks are, what a cut is, and what is too short to be a shot. Refuses to know:
files, decoders, and how frames are turned into pictures: whoever looks hands frames through.

One pass, two frames held. A cut is a change that stands out from those just before it (an adaptive
threshold, as in PySceneDetect's AdaptiveDetector), over the whole frame or at a few places of it: a
slide changes by a line of text. What changes slowly is cut once it has settled as something else.
A flash is no cut, and nothing shorter than half a second is a shot; the more shots there are
already, the longer a further one has to be, so that no film makes more than a few thousand.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np
from PIL import Image

from mmqa.media.quality import DARK_LEVEL, laplacian_variance
from mmqa.records import Pixels

LOOKS_PER_S = 8.0
"""How often a film is looked at."""
SMALL_SIDE = 256
"""Longest side of a look, pixels; sharpness is measured on it, as that of pictures is."""
CELLS = 32
"""A look is compared as so many cells a side, each of its mean colour."""
SHORTEST_S = 0.5
"""What is shorter belongs to a neighbour: nobody can read or name it."""
DOUBLED_AT = 500
"""After so many shots, and again after so many more, the shortest doubles."""

_OVERALL = 8.0
_PLACES = 16.0
"""Least change of a cut in grey levels: over the whole frame, and at the places that change most (a
twentieth of the cells). Noise of codecs changes these by 1 and 3; a line of text by 20 and more."""
_STANDS_OUT = 3.5
"""A cut changes this many times as much as the looks just before it."""
_PLACE_SHARE = 0.05
_FADING = 0.25
"""Weight of the newest look in what counts as just before: the last second, mostly."""
_QUIET_PLACES = 6.0
_DRIFTED = 14.0
_DRIFTED_PLACES = 40.0
"""How unlike its beginning a shot has become by slow change, over all and at places, to be cut."""
_MOVING_S = 20.0
"""A shot that never comes to rest is cut when it has drifted, but not before."""
_ALIKE = 6.0
_SETTLING_S = 0.25
"""Frames this near to a cut may still be mixed with what came before it."""

Frame = TypeVar("Frame")


@dataclass(frozen=True, slots=True, eq=False)
class Look(Generic[Frame]):
    """One look at a film.

    Attributes:
        at_s: When, seconds from its start.
        small: uint8 (rows, columns, 3), longest side about :data:`SMALL_SIDE`.
        frame: What is to be kept if this look is the sharpest.
    """

    at_s: float
    small: Pixels
    frame: Frame


@dataclass(frozen=True, slots=True, eq=False)
class Found(Generic[Frame]):
    """A shot: where it begins and ends, and its sharpest look, in seconds and as a frame."""

    start_s: float
    end_s: float
    frame_s: float
    frame: Frame


@dataclass(slots=True, eq=False)
class _Open(Generic[Frame]):
    """A shot that may go on."""

    start_s: float
    first: Pixels
    last: Pixels
    frame_s: float
    frame: Frame
    sharpness: float
    dark: bool

    def take(self, look: Look[Frame], cells: Pixels, sharpness: float, *, dark: bool) -> None:
        """Go on with a look, and keep its frame if it is the sharpest."""
        self.last = cells
        if sharpness > self.sharpness:
            self.sharpness, self.frame, self.frame_s = sharpness, look.frame, look.at_s
        self.dark = self.dark and dark


class Shots(Generic[Frame]):
    """Finds the shots of one film."""

    def __init__(self) -> None:
        self._open: _Open[Frame] | None = None
        self._before: _Open[Frame] | None = None  # over, but a flash may bring it back
        self._usual = np.zeros(2)
        self._dark: Found[Frame] | None = None
        self.count = 0

    @property
    def shortest_s(self) -> float:
        """How long a shot has to be by now."""
        return SHORTEST_S * 2.0 ** (self.count // DOUBLED_AT)

    def see(self, look: Look[Frame]) -> Iterator[Found[Frame]]:
        """Take one look; gives the shots that are over for good."""
        cells, sharpness, dark = _cells(look.small), _sharpness(look.small), _is_dark(look.small)
        one = self._open
        if one is None:
            self._begin(look, cells, sharpness, dark=dark)
            return
        lasted_s = look.at_s - one.start_s
        if self._is_cut(one, cells, lasted_s):
            if lasted_s >= self.shortest_s:
                yield from self._over(one.start_s)
                self._before = one
                self._begin(look, cells, sharpness, dark=dark)
                return
            if self._before is not None and _change(self._before.last, cells)[0] < _ALIKE:
                one, self._before = self._before, None  # that was a flash
                self._open = one
            else:
                one.first = cells
        settled = lasted_s >= _SETTLING_S
        one.take(look, cells, sharpness if settled else sharpness / 2, dark=dark)
        if lasted_s >= self.shortest_s:
            yield from self._over(one.start_s)

    def end(self, end_s: float) -> Iterator[Found[Frame]]:
        """The shots that are left when the film is over at ``end_s``."""
        if self._open is not None:
            yield from self._over(self._open.start_s)
            self._before, self._open = self._open, None
            yield from self._over(end_s)
        if not self.count and self._dark is not None:
            yield self._dark

    def _begin(self, look: Look[Frame], cells: Pixels, sharpness: float, *, dark: bool) -> None:
        self._open = _Open(look.at_s, cells, cells, look.at_s, look.frame, sharpness / 2, dark)

    def _over(self, end_s: float) -> Iterator[Found[Frame]]:
        """What came before the open shot can come back no more; black between shots is none."""
        one, self._before = self._before, None
        if one is None:
            return
        found = Found(one.start_s, max(end_s, one.start_s), one.frame_s, one.frame)
        if one.dark:
            self._dark = self._dark or found
        else:
            self.count += 1
            yield found

    def _is_cut(self, one: _Open[Frame], cells: Pixels, lasted_s: float) -> bool:
        change = np.array(_change(one.last, cells))
        least = np.array([_OVERALL, _PLACES])
        stands_out = bool(np.any(change > np.maximum(least, _STANDS_OUT * self._usual)))
        # a cut is not usual, but a camera that begins to move goes on moving
        self._usual += _FADING * (np.minimum(change, 2 * least) - self._usual)
        if stands_out:
            return True
        overall, places = _change(one.first, cells)
        if overall < _DRIFTED and places < _DRIFTED_PLACES:
            return False
        return bool(self._usual[1] < _QUIET_PLACES) or lasted_s > _MOVING_S


def _cells(small: Pixels) -> Pixels:
    image = Image.fromarray(small).resize((CELLS, CELLS), Image.Resampling.BOX)
    return np.asarray(image)


def _change(before: Pixels, now: Pixels) -> tuple[float, float]:
    """Mean change in grey levels, over all cells and over those that change most.

    >>> black, white = np.zeros((32, 32, 3), np.uint8), np.full((32, 32, 3), 255, np.uint8)
    >>> _change(black, white)
    (255.0, 255.0)
    """
    levels = np.abs(before.astype(np.int16) - now).mean(axis=2).ravel()
    most = max(1, round(_PLACE_SHARE * levels.size))
    return float(levels.mean()), float(np.partition(levels, -most)[-most:].mean())


def _sharpness(small: Pixels) -> float:
    grey = np.asarray(Image.fromarray(small).convert("L"))
    return laplacian_variance(grey) if min(grey.shape) > 2 else 0.0


def _is_dark(small: Pixels) -> bool:
    return bool(np.mean(small < DARK_LEVEL) > 0.999)
