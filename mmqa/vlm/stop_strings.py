"""Ending a text before the first of some strings, while it still comes in pieces.

Knows: that a string may begin in one piece and end in another. Refuses to know: tokens, and where
the pieces come from.
"""

from __future__ import annotations

from collections.abc import Sequence


class StopCut:
    """Lets text through until a stop string begins; none of that is let through.

    Args:
        stop: What ends the text; none of them empty.

    >>> cut = StopCut(["END"])
    >>> cut.feed("one E"), cut.feed("D two EN"), cut.feed("D three"), cut.found
    ('one ', 'ED two ', '', True)
    """

    def __init__(self, stop: Sequence[str]) -> None:
        self._stop = tuple(stop)
        self._held = ""
        self.found = False

    def feed(self, piece: str) -> str:
        """What may be shown now: all but what may be the beginning of a stop string."""
        if self.found:
            return ""
        text = self._held + piece
        starts = [at for at in map(text.find, self._stop) if at >= 0]
        if starts:
            self.found, self._held = True, ""
            return text[: min(starts)]
        keep = max((_overlap(text, stop) for stop in self._stop), default=0)
        self._held = text[len(text) - keep :]
        return text[: len(text) - keep]

    def rest(self) -> str:
        """What was held back when the text is over: it was no stop string after all."""
        held, self._held = self._held, ""
        return held


def _overlap(text: str, stop: str) -> int:
    """Length of the longest end of ``text`` that ``stop`` begins with."""
    longest = min(len(text), len(stop) - 1)
    return next((n for n in range(longest, 0, -1) if text.endswith(stop[:n])), 0)
