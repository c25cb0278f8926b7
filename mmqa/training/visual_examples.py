"""What a connector learns from: pictures with questions about them and their answers.

Knows: the record that all sources of examples give. Refuses to know: how any source draws its
pictures or words its questions, and what is trained.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, TypeAlias

from mmqa.records import Picture

Split: TypeAlias = Literal["train", "development", "test"]

AnswerKind: TypeAlias = Literal[
    "count",
    "colour",
    "shape",
    "position",
    "relation",
    "size",
    "yes-no",
    "name",
    "read",
    "chart",
    "compare",
    "describe",
]


@dataclass(frozen=True, slots=True)
class Asked:
    """One question and what is to be answered.

    Attributes:
        question: As a person would type it.
        answer: As short as can be: ``yes``, ``3``, ``red``, ``left of``, ``a cat``; lower case
            unless it is read off the picture.
        kind: What is asked for.
        phrasing: Key of the wording, so that phrasings can be kept out of training.
    """

    question: str
    answer: str
    kind: AnswerKind
    phrasing: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Example:
    """Pictures that stand in one prompt, and what is asked about them.

    Attributes:
        key: Names it within its source for good: features are kept under (source, key).
        source: Name of the source, e.g. ``easy-vqa``.
        pictures: Each draws or reads one picture; one, or several for a comparison.
        asked: At least one question.
        read: Per picture, the words that stand in it as OCR would give them; empty for none.
        group: What is kept together by a split, e.g. ``red triangle`` or a concept; may be empty.
    """

    key: str
    source: str
    pictures: tuple[Callable[[], Picture], ...]
    asked: tuple[Asked, ...]
    read: tuple[str, ...] = ()
    group: str = ""
