"""Messages → the tokens of a prompt, by the chat template of a model.

Knows: the template of a tokenizer, that no message may hold its control tokens, and where the turns
of a conversation begin in its tokens. Refuses to know: pictures, models, and what is done with the
tokens.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from jinja2 import TemplateError

from mmqa.records import PICTURE_MARK, Message
from mmqa.vlm.control_tokens import broken, control_tokens
from mmqa.vlm.prefix import Prefix

SHORTEST_HEAD = 16
"""A head of fewer tokens is not worth a step of its own."""

APART = 128
"""Earlier turns of a conversation are cut off at least so many tokens apart: each cut is a step."""


@dataclass(frozen=True, slots=True)
class ChatPrompt:
    """A prompt as tokens.

    Attributes:
        tokens: All of it, up to where the model is to go on.
        cuts: Where turns begin that other prompts may have in common up to there, rising. The last
            one is where the last message begins: what stands before is what a prompt template
            repeats (its instructions and examples), or what was said so far.
    """

    tokens: list[int]
    cuts: tuple[int, ...]

    @property
    def head(self) -> int:
        """Tokens before the last cut."""
        return self.cuts[-1] if self.cuts else 0

    @property
    def prefix(self) -> Prefix:
        """Where it may be continued from."""
        return Prefix(tuple(self.tokens), self.cuts)


def lay_out(tokenizer: Any, messages: Sequence[Message]) -> ChatPrompt:
    """The prompt that ``messages`` make; marks of pictures are left out, control tokens broken.

    Args:
        tokenizer: Of transformers, with a chat template.
        messages: At least one.
    """
    text = _rendered(tokenizer, messages, ask=True)
    if not tokenizer.is_fast:  # others do not say where in the text a token begins
        return ChatPrompt(tokenizer(text, add_special_tokens=False)["input_ids"], ())
    found = tokenizer(text, add_special_tokens=False, return_offsets_mapping=True)
    begins = [begin for begin, _ in found["offset_mapping"]]
    cuts: list[int] = []
    for count in range(1, len(messages)):
        last = count == len(messages) - 1
        if messages[count].role == "user" or last:
            cut = bisect_left(begins, _length(tokenizer, messages[:count], text))
            apart = cut - cuts[-1] if cuts else cut
            if apart >= (SHORTEST_HEAD if last else APART) and cut < len(begins):
                cuts.append(cut)
    return ChatPrompt(found["input_ids"], tuple(cuts))


def _length(tokenizer: Any, messages: Sequence[Message], text: str) -> int:
    """Characters that ``messages`` take at the beginning of ``text``; 0 where that is not so."""
    try:
        head = _rendered(tokenizer, messages, ask=False)
    except TemplateError:  # some templates refuse a conversation that ends so
        return 0
    return len(head) if text.startswith(head) else 0


def _rendered(tokenizer: Any, messages: Sequence[Message], *, ask: bool) -> str:
    control = control_tokens(tokenizer)
    # unmarked first: a mark inside a control token would hide it
    turns = [{"role": m.role, "content": broken(unmarked(m.text), control)} for m in messages]
    return str(tokenizer.apply_chat_template(turns, add_generation_prompt=ask, tokenize=False))


def unmarked(text: str) -> str:
    """The text without marks of pictures, and without lines that held nothing else.

    >>> unmarked(f"{PICTURE_MARK}{chr(10)}Question: what is it?")
    'Question: what is it?'
    """
    if PICTURE_MARK not in text:
        return text
    lines = [(line, line.replace(PICTURE_MARK, "")) for line in text.split("\n")]
    return "\n".join(rest for line, rest in lines if rest.strip() or line == rest)
