"""Messages → the tokens of a prompt, by the chat template of a model.

Knows: the template of a tokenizer, and where the last turn of a conversation begins in its tokens.
Refuses to know: pictures, models, and what is done with the tokens.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from jinja2 import TemplateError

from mmqa.records import PICTURE_MARK, Message
from mmqa.vlm.prefix import Prefix

SHORTEST_HEAD = 16
"""A head of fewer tokens is not worth a step of its own."""


@dataclass(frozen=True, slots=True)
class ChatPrompt:
    """A prompt as tokens.

    Attributes:
        tokens: All of it, up to where the model is to go on.
        head: So many of them stand before the last message: the part that a prompt template
            repeats (its instructions and examples). 0 where that is not known or not worth it.
    """

    tokens: list[int]
    head: int

    @property
    def prefix(self) -> Prefix:
        """Where it may be continued from."""
        return Prefix(tuple(self.tokens), (self.head,) if self.head else ())


def lay_out(tokenizer: Any, messages: Sequence[Message]) -> ChatPrompt:
    """The prompt that ``messages`` make; marks of pictures are left out.

    Args:
        tokenizer: Of transformers, with a chat template.
        messages: At least one.
    """
    text = _rendered(tokenizer, messages, ask=True)
    tokens = _tokens(tokenizer, text)
    return ChatPrompt(tokens, _head(tokenizer, messages[:-1], text, tokens))


def _head(tokenizer: Any, messages: Sequence[Message], text: str, tokens: list[int]) -> int:
    """How many of ``tokens`` those of ``messages`` are; 0 unless they surely are the same."""
    if not messages:
        return 0
    try:
        head = _rendered(tokenizer, messages, ask=False)
    except TemplateError:  # some templates refuse a conversation that ends so
        return 0
    if not text.startswith(head):
        return 0
    first = _tokens(tokenizer, head)
    same = tokens[: len(first)] == first
    return len(first) if same and SHORTEST_HEAD <= len(first) < len(tokens) else 0


def _rendered(tokenizer: Any, messages: Sequence[Message], *, ask: bool) -> str:
    turns = [{"role": m.role, "content": unmarked(m.text)} for m in messages]
    return str(tokenizer.apply_chat_template(turns, add_generation_prompt=ask, tokenize=False))


def _tokens(tokenizer: Any, text: str) -> list[int]:
    tokens: list[int] = tokenizer(text, add_special_tokens=False)["input_ids"]
    return tokens


def unmarked(text: str) -> str:
    """The text without marks of pictures, and without lines that held nothing else.

    >>> unmarked(f"{PICTURE_MARK}{chr(10)}Question: what is it?")
    'Question: what is it?'
    """
    if PICTURE_MARK not in text:
        return text
    lines = [(line, line.replace(PICTURE_MARK, "")) for line in text.split("\n")]
    return "\n".join(rest for line, rest in lines if rest.strip() or line == rest)
