"""Where pictures stand among the words of a conversation.

Knows: marks, and what becomes of a picture that has none. Refuses to know: what stands for a
picture (pixels, an address, a number), and what a model takes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, TypeVar

from mmqa.records import PICTURE_MARK, Message

Shown = TypeVar("Shown")


def placed(messages: Sequence[Message], pictures: Sequence[Shown]) -> list[list[str | Shown]]:
    r"""The pieces of n messages, text and pictures in order; no two texts side by side.

    Args:
        messages: Their n-th mark stands for the n-th picture; marks without a picture are dropped.
        pictures: Whatever stands for each; no strings, which stand for text. Those without a mark
            stand before the text of the last message of the user's, or of the last at all.

    >>> placed([Message("user", f"Is {PICTURE_MARK} red?"), Message("user", "And this?")], [1, 2])
    [['Is ', 1, ' red?'], [2, 'And this?']]
    """
    left = iter(pictures)
    made = [_pieces(message.text, left) for message in messages]
    unmarked = list(left)
    if unmarked:
        of_user = [n for n, message in enumerate(messages) if message.role == "user"]
        last = of_user[-1] if of_user else len(messages) - 1
        made[last] = [*unmarked, *made[last]]
    return made


def content(pieces: Sequence[str | dict[str, Any]]) -> Any:
    """Pieces as OpenAI and LangChain take them: a string where no picture stands, else blocks."""
    if all(isinstance(piece, str) for piece in pieces):
        return "".join(str(piece) for piece in pieces)
    return [{"type": "text", "text": p} if isinstance(p, str) else p for p in pieces]


def _pieces(text: str, left: Iterator[Shown]) -> list[str | Shown]:
    """Pieces of one message; takes from ``left`` as far as there are marks."""
    pieces: list[str | Shown] = []
    for n, words in enumerate(text.split(PICTURE_MARK)):
        if n:
            pieces.extend(shown for shown in [next(left, None)] if shown is not None)
        if words and pieces and isinstance(pieces[-1], str):
            pieces[-1] += words
        elif words:
            pieces.append(words)
    return pieces
