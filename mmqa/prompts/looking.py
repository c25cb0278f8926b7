"""Prompts that show pictures: which template a question gets, and what stands beside a picture.

Knows: the names of the templates that show pictures; how much of a picture's text is shown.
Refuses to know: pixels, models, and where words about a picture come from.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mmqa.prompts.template import Templates
from mmqa.prompts.wanting import want
from mmqa.records import PICTURE_MARK, Message

READ_CHARACTERS = 400
"""Most characters of the text in a picture that stand in a prompt: about 100 tokens."""


@dataclass(frozen=True, slots=True)
class PictureWords:
    """What is known of a picture in words.

    Attributes:
        words: What it looks like, the likeliest first.
        read: Text in it, as OCR read it; lines are divided by line breaks.
    """

    words: tuple[str, ...] = ()
    read: str = ""


@dataclass(frozen=True, slots=True)
class _Shown:
    """A picture as a template sees it."""

    words: str
    read: str


def template_for(question: str, pictures: int) -> str:
    """Name of the template that a question gets.

    Args:
        question: In English or Chinese; an empty one asks for a description.
        pictures: How many stand in the prompt; several are compared, whatever is asked: "which
            picture shows most?" wants no number, and "are both red?" is one of many ways to ask.

    >>> template_for("How many dogs are there?", 1), template_for("Which has more dogs?", 2)
    ('counting', 'comparison')
    """
    if not question.strip():
        return "description"
    return "comparison" if pictures > 1 else want(question)


def messages(
    templates: Templates, name: str, pictures: Sequence[PictureWords], question: str
) -> tuple[Message, ...]:
    r"""Fill the prompt ``name`` with pictures and a question.

    Args:
        templates: Of the language of the question.
        name: e.g. ``question``; see :func:`template_for`.
        pictures: One for each picture, in order; a mark stands for each in what is returned.
        question: As it was asked; may be empty for ``description``.

    Raises:
        TemplateError: The template is missing, broken, or needs more than this.

    >>> asked = messages(Templates("en"), "counting", [PictureWords(("dog",))], "How many?")
    >>> print(asked[-1].text.replace(PICTURE_MARK, "[picture]"))
    [picture]
    Looks like: dog
    Question: How many?
    Answer with a number.
    """
    return templates.messages(name, **variables(pictures, question))


def variables(pictures: Sequence[PictureWords], question: str) -> dict[str, object]:
    """What templates that show pictures are given, on one line each: ``pictures``, ``question``."""
    shown = [_Shown(_plain(", ".join(p.words)), _read(p.read)) for p in pictures]
    return {"pictures": shown, "question": _plain(question)}


def _plain(text: str) -> str:
    """On one line, without marks: only a template says where a picture stands."""
    return " ".join(text.replace(PICTURE_MARK, " ").split())


def _read(text: str) -> str:
    """Text in a picture on one line, its lines divided by slashes, no longer than is shown."""
    lines = (_plain(line) for line in text.splitlines())
    joined = " / ".join(line for line in lines if line)
    if len(joined) <= READ_CHARACTERS:
        return joined
    return f"{joined[:READ_CHARACTERS].rsplit(' ', 1)[0].rstrip(' /')} …"
