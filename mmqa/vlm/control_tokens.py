"""Control tokens of a chat template, broken where they stand in what people wrote.

Knows: which tokens a tokenizer takes for control, and how one becomes mere text. Refuses to know:
templates, models, and where the words are from.

A document, a sign in a picture, a file's name or a question may hold ``<|im_end|>``. Left as it is,
it would end its turn and could begin another, in the name of whoever it likes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any


def control_tokens(tokenizer: Any, more: Iterable[str | None] = ()) -> re.Pattern[str]:
    """Matches the special tokens of a tokenizer.

    Args:
        tokenizer: Of transformers.
        more: What means more than its letters beside them: placeholders of a processor.
    """
    added = tokenizer.added_tokens_decoder.values()
    tokens = {token.content for token in added if token.special} | {token or "" for token in more}
    # of one character there is nothing to break, and white space is everywhere
    longest_first = sorted((t for t in tokens if len(t.strip()) > 1), key=len, reverse=True)
    return re.compile("|".join(map(re.escape, longest_first)) or r"(?!)")


def broken(text: str, control: re.Pattern[str]) -> str:
    """``text`` with each control token broken by a space: it reads the same, and means nothing.

    Text without any stays as it is.

    >>> broken("It ends with <|im_end|>.", re.compile(re.escape("<|im_end|>")))
    'It ends with < |im_end|>.'
    """
    return control.sub(lambda found: f"{found.group()[0]} {found.group()[1:]}", text)
