"""Questions about pictures, asked through the product's own prompt, and whether answers are right.

Knows: how questions are put, and how an answer is compared with the right one. Refuses to know:
where pictures and questions come from (``vqa_suites``), what figures are made of the marks
(``vqa_figures``), and which model answers.

An answer is *right* when it is the expected one, word for word, after the normaliser of
``text_normalizer`` (case, punctuation and accents dropped, digits are number words); articles are
dropped too, and ``grey`` is ``gray``. "It is red." is not "red": what was asked for is an answer
as short as can be.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from mmqa.evaluation.text_normalizer import normalize
from mmqa.interfaces import Progress
from mmqa.records import Chunk, Picture, Prompt
from mmqa.training.visual_examples import Asked, Example

Marks = NDArray[np.bool_]
"""(n,), whether each answer is right."""

BATCH = 64
"""Prompts given to the model at once."""

MAX_TOKENS = 24
"""Longest answer; the longest expected ones are three words read off a picture."""

RULE = (
    "word for word, greedy; case, punctuation, accents and articles dropped, digits are number "
    "words, grey is gray"
)

_ARTICLES = frozenset({"a", "an", "the"})


class Prompter(Protocol):
    """Makes the product's prompt of a question about pictures (``mmqa.looking.Looker``)."""

    def prompt(self, question: str, pictures: Sequence[Picture]) -> Prompt:
        """Template, prompt words and text of the pictures, and the question."""
        ...


class Answerer(Protocol):
    """What is measured; see :class:`mmqa.interfaces.VisionLanguageModel`."""

    @property
    def sees(self) -> bool:
        """Whether pixels reach it."""
        ...

    def complete(
        self, prompts: Sequence[Prompt], *, max_tokens: int = 96, stop: Sequence[str] = ()
    ) -> list[str]:
        """The answers to n prompts, greedily."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class Case:
    """One question that is put.

    Attributes:
        example: Whose question it is.
        asked: The question with its right answer.
        shown: The example whose pictures are shown with it; not always the same.
    """

    example: Example
    asked: Asked
    shown: Example


def cases(examples: Sequence[Example], limit: int | None = None) -> list[Case]:
    """Every question of every example with its own pictures; at most ``limit`` of them."""
    every = (Case(one, asked, one) for one in examples for asked in one.asked)
    return list(islice(every, limit))


def plain(text: str) -> tuple[str, ...]:
    """The words of an answer that are compared.

    >>> plain("A Grey circle."), plain("3"), plain("Picture 2")
    (('gray', 'circle'), ('three',), ('picture', 'two'))
    """
    words = ("gray" if word == "grey" else word for word in normalize(text))
    return tuple(word for word in words if word not in _ARTICLES)


def right(said: str, answer: str) -> bool:
    """Whether what was said is the answer; see the module.

    >>> right("Yes.", "yes"), right("Yes, it is.", "yes"), right("three", "3")
    (True, False, True)
    """
    return plain(said) == plain(answer)


def answers(
    model: Answerer,
    prompter: Prompter,
    put: Sequence[Case],
    *,
    max_tokens: int = MAX_TOKENS,
    progress: Progress | None = None,
) -> list[str]:
    """What the model says to n cases, in their order.

    Questions about the same pictures are put one after another, so that each picture is looked at
    once and what its prompts have in common can be used again.
    """
    said = [""] * len(put)
    waiting = _prompts(prompter, put)
    done = 0
    while batch := list(islice(waiting, BATCH)):
        places = [place for place, _ in batch]
        told = model.complete([prompt for _, prompt in batch], max_tokens=max_tokens)
        for place, answer in zip(places, told, strict=True):
            said[place] = answer.strip()
        done += len(batch)
        if progress is not None:
            progress(Chunk("ask", done, len(put), "steps"))
    return said


def _prompts(prompter: Prompter, put: Sequence[Case]) -> Iterator[tuple[int, Prompt]]:
    """Place and prompt of every case, those with the same pictures together."""
    alike: dict[tuple[str, str], list[int]] = defaultdict(list)
    for place, case in enumerate(put):
        alike[case.shown.source, case.shown.key].append(place)
    for places in alike.values():
        shown = [draw() for draw in put[places[0]].shown.pictures]
        for place in places:
            yield place, prompter.prompt(put[place].asked.question, shown)


def marks(put: Sequence[Case], said: Sequence[str]) -> Marks:
    """Whether each of n answers is right, bool (n,)."""
    return np.array([right(s, c.asked.answer) for c, s in zip(put, said, strict=True)], bool)
