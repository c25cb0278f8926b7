"""The suites of questions about pictures: easy-VQA's test, scenes, written words.

Knows: what each suite asks and its targets. Refuses to know: how an answer is marked (``vqa``), and
which model answers.

* ``easy-vqa``: the whole public test part (``vqa_easy``).
* ``scenes``: generated, with wordings and pairs of colour and shape that training never saw.
* ``words``: rendered words that training never saw, read by OCR; the model has to hand them on.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

import numpy as np

from mmqa.evaluation import vqa, vqa_easy, vqa_figures
from mmqa.evaluation.report import Report
from mmqa.evaluation.vqa import Answerer, Case, Prompter
from mmqa.interfaces import Progress
from mmqa.training import scene_questions, written_words

SCENES_TARGET = 0.85
WORDS_TARGET = 0.95

SCENES = 400
"""Pictures of ``scenes``, with some nine questions each."""

WORDS = 300
"""Pictures of ``words``."""


class Suite(Protocol):
    """Puts its questions and reports."""

    def __call__(
        self,
        model: Answerer,
        prompter: Prompter,
        *,
        limit: int | None = None,
        seed: int = 0,
        progress: Progress | None = None,
    ) -> Report:
        """Put at most ``limit`` questions; ``seed`` is of what is drawn."""
        ...


def scenes(
    model: Answerer,
    prompter: Prompter,
    *,
    limit: int | None = None,
    seed: int = 0,
    progress: Progress | None = None,
) -> Report:
    """Put questions about scenes; arguments as :class:`Suite`'s."""
    asked = vqa.cases(scene_questions.examples("test", SCENES, seed=seed), limit)
    said = vqa.answers(model, prompter, asked, progress=progress)
    return scenes_report(model, asked, said)


def scenes_report(model: Answerer, asked: Sequence[Case], said: Sequence[str]) -> Report:
    """Figures of what was said to n questions about scenes."""
    marked = vqa.marks(asked, said)
    kinds = np.array([c.asked.kind for c in asked])
    held = np.array([c.example.group == "held-out" for c in asked], bool)
    chosen = {"overall": np.ones(len(asked), bool)}
    chosen |= {f"{kind} questions": kinds == kind for kind in sorted(set(kinds))}
    chosen |= {"scenes with pairs never seen": held, "scenes with pairs seen": ~held}
    guessed = vqa_figures.majority(asked, asked, lambda one: one.kind)
    return Report(
        "vqa: scenes",
        tuple(vqa_figures.shares(marked, guessed, chosen, {"overall": SCENES_TARGET})),
        {
            **vqa_figures.how(model),
            "chance": "always the commonest answer, in this very test, to its kind of question",
            "pictures": len({c.example.key for c in asked}),
        },
        vqa_figures.misses(asked, said, marked),
    )


def words(
    model: Answerer,
    prompter: Prompter,
    *,
    limit: int | None = None,
    seed: int = 0,
    progress: Progress | None = None,
) -> Report:
    """Put questions about written words; arguments as :class:`Suite`'s."""
    examples = written_words.examples("test", WORDS, seed=seed, progress=progress)
    asked = vqa.cases(examples, limit)
    said = vqa.answers(model, prompter, asked, progress=progress)
    return words_report(model, asked, said)


def words_report(model: Answerer, asked: Sequence[Case], said: Sequence[str]) -> Report:
    """Figures of what was said to n questions about written words."""
    marked = vqa.marks(asked, said)
    kinds = np.array([c.asked.kind for c in asked])
    single = np.array([len(c.example.group.split()) == 1 for c in asked], bool)
    letter = np.array([s == c.asked.answer for s, c in zip(said, asked, strict=True)], bool)
    chosen = {
        "read": kinds == "read",
        "read, one word": (kinds == "read") & single,
        "read, several words": (kinds == "read") & ~single,
        "says it this or that (yes/no)": kinds == "yes-no",
        "colour of the letters": kinds == "colour",
    }
    guessed = vqa_figures.majority(asked, asked, lambda one: one.kind)
    figures = vqa_figures.shares(marked, guessed, chosen, {"read": WORDS_TARGET})
    figures += vqa_figures.shares(letter, None, {"read, to the letter": kinds == "read"}, {})
    return Report(
        "vqa: words",
        tuple(figures),
        {
            **vqa_figures.how(model),
            "words": f"up to {written_words.LETTERS[1]} letters; no word of training is among them",
            "chance": "always the commonest answer, in this very test, to its kind of question",
            "to the letter": "as written, case and marks included",
        },
        vqa_figures.misses(asked, said, marked),
    )


SUITES: Mapping[str, Suite] = {"easy-vqa": vqa_easy.run, "scenes": scenes, "words": words}
"""Name → what puts its questions."""
