"""Rewriting by the language model: a question as the caption of the picture that would answer it.

Knows: the prompt, and how a caption is checked against its question. Refuses to know: which model
writes, vectors, and what was found.

A small model invents: a caption that holds a number or a name that the question does not have, that
says nothing, that answers instead of describing, or that is longer than a caption is thrown away,
and the question then stands alone. Each question is rewritten once and remembered.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from threading import RLock
from typing import Protocol

from mmqa.prompts.template import Templates
from mmqa.records import Floats, Message, Modality, Wording

WEIGHT = 0.5
"""Of the caption, against the question itself."""
LONGEST = 14
"""Words of a caption."""
TOKENS = 24
REMEMBERED = 1024
"""Questions."""

_NUMBER = re.compile(r"\d+(?:[.,:]\d+)*")
_WORD = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")
_REFUSES = re.compile(
    r"\b(?:i|i'm|sorry|cannot|can't|unable|language model|assistant|question|answer|you)\b", re.I
)
_NUMBER_WORDS = frozenset(
    "two three four five six seven eight nine ten eleven twelve dozen hundred thousand".split()  # noqa: SIM905
)


class Writer(Protocol):
    """A language model."""

    def stream(self, messages: Sequence[Message], *, max_tokens: int = ...) -> Iterator[str]:
        """Yield what it writes, piece by piece."""
        ...


class WritingParts(Protocol):
    """What rewriting needs of the parts of a configuration."""

    @property
    def language_model(self) -> Writer:
        """The language model; loaded when it is first asked for."""
        ...

    def templates(self, language: str) -> Templates:
        """Prompt templates, the user's own before those of the package."""
        ...


class Rewriting:
    """The query prompt ``rewriting``; safe to use from several threads.

    Args:
        model: Gives the language model when a question is first rewritten.
        templates: Hold the prompt ``caption``.
        weight: Of the caption, against the question itself.
        modalities: What is asked with it.
    """

    name = "rewriting"

    def __init__(
        self,
        model: Callable[[], Writer],
        templates: Templates | None = None,
        *,
        weight: float = WEIGHT,
        modalities: tuple[Modality, ...] = ("visual",),
    ) -> None:
        self._model = model
        self._templates = templates or Templates("en")
        self._weight = weight
        self._modalities = modalities
        self._kept: OrderedDict[str, str] = OrderedDict()
        self._lock = RLock()

    def wordings(self, text: str, vector: Floats | None) -> tuple[Wording, ...]:
        """The caption, where one passed the check.

        Raises:
            GenerationError: The model failed.
        """
        del vector
        caption = self.caption(text)
        return (Wording(caption, self._weight, self._modalities),) if caption else ()

    def caption(self, text: str) -> str:
        """A caption for the question; empty where none passed the check."""
        with self._lock:
            if text not in self._kept:
                self._kept[text] = self._written(text)
                if len(self._kept) > REMEMBERED:
                    self._kept.popitem(last=False)
            self._kept.move_to_end(text)
            return self._kept[text]

    def _written(self, text: str) -> str:
        messages = self._templates.messages("caption", question=text)
        pieces = "".join(self._model().stream(messages, max_tokens=TOKENS))
        return checked(pieces, text)


def load(parts: WritingParts) -> Rewriting:
    """The query prompt ``rewriting`` by the configured language model and templates."""
    return Rewriting(lambda: parts.language_model, parts.templates("en"))


def checked(written: str, question: str) -> str:
    r"""The first line of what was written, if it may stand for the question; else nothing.

    >>> checked("A red bicycle against a wall.\nMore", "where is the red bicycle?")
    'A red bicycle against a wall'
    >>> checked("Three red bicycles in Paris", "where is the red bicycle?")
    ''
    """
    first = written.strip().splitlines()[0] if written.strip() else ""
    caption = first.removeprefix("Caption:").strip(" \"'“”.*")
    words = _WORD.findall(caption)
    if not words or len(words) > LONGEST or _REFUSES.search(caption) or caption.endswith("?"):
        return ""
    known = {w.lower() for w in _WORD.findall(question)}
    invented = [w for w in words[1:] if w[0].isupper() and w.lower() not in known]
    counted = {w.lower() for w in words} & _NUMBER_WORDS - known
    numbers = set(_NUMBER.findall(caption)) - set(_NUMBER.findall(question))
    same = caption.lower() == question.strip(" ?!.").lower()
    return "" if invented or counted or numbers or same else caption
