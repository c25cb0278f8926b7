"""Tokens → text, as soon as it is certain.

Knows: characters that are spread over several tokens, and strings that end an answer.
Refuses to know: where tokens come from, and which of them end an answer.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

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
        self._stop = stop
        self._tokens: list[int] = []
        self._start = 0  # decoding starts here: one piece back, as spaces depend on what precedes
        self._read = 0  # tokens before this one are text already
        self._held = ""  # may be the beginning of a stop string
        self.ended = False
        """Whether a stop string was met."""

    def add(self, token: int) -> str:
        """The text that has become certain with ``token``; may be empty."""
        self._tokens.append(token)
        new = self._new_text()
        if new.endswith(HALF):
            return ""
        self._start, self._read = self._read, len(self._tokens)
        return self._past_stop(new)

    def finish(self) -> str:
        """The text that was held back; half a character at the end is dropped."""
        if self.ended:
            return ""
        text = self._past_stop(self._new_text().rstrip(HALF))
        held, self._held = self._held, ""
        return text + held

    def _new_text(self) -> str:
        known = self._decode(self._tokens[self._start : self._read])
        return self._decode(self._tokens[self._start :])[len(known) :]

    def _past_stop(self, new: str) -> str:
        """What of the held and the new text is certain to stand before any stop string."""
        if self.ended:
            return ""
        text = self._held + new
        found = [at for at in (text.find(stop) for stop in self._stop) if at >= 0]
        self.ended = bool(found)
        if self.ended:
            self._held = ""
            return text[: min(found)]
        certain = len(text) - self._beginning(text)
        self._held = text[certain:]
        return text[:certain]

    def _beginning(self, text: str) -> int:
        """How many characters at the end of ``text`` may be the beginning of a stop string."""
        longest = min(len(text), max(map(len, self._stop), default=1) - 1)
        ends = (text[len(text) - n :] for n in range(longest, 0, -1))
        found = (end for end in ends if any(stop.startswith(end) for stop in self._stop))
        return len(next(found, ""))
