"""Tokens → text, as soon as it is certain.

Knows: characters that are spread over several tokens, and that a stop string ends an answer.
Refuses to know: where tokens come from, and which of them end an answer.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from mmqa.vlm.stop_strings import StopCut

HALF = "\ufffd"
"""What a decoder makes of bytes that are no whole character."""


class Wording:
    """The text of one answer, given out piece by piece.

    The pieces join to what decoding all tokens at once gives, up to the first stop string.

    Args:
        decode: Token ids → text, special tokens left out.
        stop: The text ends before the first of these strings; none is empty.

    >>> wording = Wording(lambda tokens: "".join(map(chr, tokens)), ["END"])
    >>> [wording.add(ord(letter)) for letter in "oh, Eve. END"]
    ['o', 'h', ',', ' ', '', 'Ev', 'e', '.', ' ', '', '', '']
    >>> wording.ended, wording.finish()
    (True, '')
    """

    def __init__(self, decode: Callable[[list[int]], str], stop: Sequence[str] = ()) -> None:
        self._decode = decode
        self._cut = StopCut(stop)
        self._tokens: list[int] = []
        self._start = 0  # decoding starts here: one piece back, as spaces depend on what precedes
        self._read = 0  # tokens before this one are text already

    @property
    def ended(self) -> bool:
        """Whether a stop string was met."""
        return self._cut.found

    def add(self, token: int) -> str:
        """The text that has become certain with ``token``; may be empty."""
        self._tokens.append(token)
        new = self._new_text()
        if not new or new.endswith(HALF):
            return ""
        self._start, self._read = self._read, len(self._tokens)
        return self._cut.feed(new)

    def finish(self) -> str:
        """The text that was held back; half a character at the end is dropped."""
        return self._cut.feed(self._new_text().rstrip(HALF)) + self._cut.rest()

    def _new_text(self) -> str:
        known = self._decode(self._tokens[self._start : self._read])
        return self._decode(self._tokens[self._start :])[len(known) :]
