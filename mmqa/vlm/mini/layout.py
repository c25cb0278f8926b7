"""Messages with pictures → token ids, with a place for each visual token.

Knows: the chat template, that no message may hold its control tokens, and where pictures stand in
it. Refuses to know: vectors, and models.

Training and answering go through :class:`Layout` both, so that what is asked is what was learned.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mmqa.errors import GenerationError
from mmqa.records import PICTURE_MARK, Message
from mmqa.vlm.control_tokens import broken, control_tokens

VISUAL = -1
"""Stands for one visual token among token ids."""
_BEGINNING = "\ue000"
"""Shows where a template puts the first message; of Unicode's private use."""


class Layout:
    """Lays prompts out for one tokenizer.

    Args:
        tokenizer: With a chat template.
        tokens: Visual tokens of one picture.
    """

    def __init__(self, tokenizer: Any, tokens: int) -> None:
        self._tokenizer = tokenizer
        self._tokens = tokens
        self._control = control_tokens(tokenizer)

    def ids(self, messages: Sequence[Message], pictures: int) -> list[int]:
        """Token ids of a prompt, up to where the answer begins; :data:`VISUAL` for visual tokens.

        Args:
            messages: With a mark for each picture; see :class:`mmqa.records.Prompt`.
            pictures: How many pictures there are.

        Raises:
            GenerationError: There are more marks than pictures.
        """
        text = self.text(placed(messages, pictures))
        found: list[int] = []
        for place, piece in enumerate(text.split(PICTURE_MARK)):
            found += [VISUAL] * self._tokens if place else []
            found += self._tokenizer(piece, add_special_tokens=False)["input_ids"] if piece else []
        return found

    def text(self, messages: Sequence[Message]) -> str:
        """The prompt as the chat template writes it, without a system message nobody gave.

        Control tokens in messages are broken; messages without any are taken to the letter.
        """
        turns = [{"role": m.role, "content": broken(m.text, self._control)} for m in messages]
        given = messages[0].role == "system"
        if not given:  # its words may stand in the template's own system message, too
            turns[0]["content"] = _BEGINNING + turns[0]["content"]
        text: str = self._tokenizer.apply_chat_template(
            turns, add_generation_prompt=True, tokenize=False
        )
        before, _, after = text.partition(_BEGINNING)
        return text if given else before[max(before.rfind("<|im_start|>"), 0) :] + after


def placed(messages: Sequence[Message], pictures: int) -> tuple[Message, ...]:
    r"""Messages with a mark for every picture; those that lack one stand before the last question.

    Raises:
        GenerationError: There are more marks than pictures.

    >>> placed([Message("user", "What is it?")], 1)[0].text == PICTURE_MARK + "\nWhat is it?"
    True
    """
    marked = sum(m.text.count(PICTURE_MARK) for m in messages)
    if marked > pictures:
        raise GenerationError(
            f"the prompt shows {marked} pictures, but {pictures} were given",
            "Give a picture for each mark.",
        )
    users = [place for place, m in enumerate(messages) if m.role == "user"]
    if marked == pictures or not users:
        return tuple(messages)
    last = users[-1]
    text = f"{PICTURE_MARK * (pictures - marked)}\n{messages[last].text}"
    return (*messages[:last], Message("user", text), *messages[last + 1 :])
