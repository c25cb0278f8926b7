"""easy-VQA's public test as a suite, and the same questions with a wrong picture.

Knows: the suite's targets, and which wrong picture a question gets. Refuses to know: how an answer
is marked (``vqa``), and which model answers.

The wrong picture has another colour and another shape: whoever still answers right has not looked,
or was asked for something that neither picture shows. What a perfect eye gets is told beside it.
"""

from __future__ import annotations

import random
from collections.abc import Sequence

import numpy as np

from mmqa.corpora.easy_vqa import COLOURS, SHAPES
from mmqa.evaluation import vqa, vqa_figures
from mmqa.evaluation.report import Report
from mmqa.evaluation.vqa import Answerer, Case, Marks, Prompter
from mmqa.interfaces import Progress
from mmqa.training import easy_vqa
from mmqa.training.visual_examples import Asked, Example

TARGETS = {"overall": 0.985, "yes/no": 0.97, "held-out pairs": 0.95, "wrong picture": 0.55}
"""Name of a figure → what is to be reached; of ``wrong picture`` an upper limit."""


def run(
    model: Answerer,
    prompter: Prompter,
    *,
    limit: int | None = None,
    seed: int = 0,
    progress: Progress | None = None,
) -> Report:
    """Put every question of the test part twice: with its picture, and with a wrong one.

    Args:
        model: Answers.
        prompter: Makes the prompts.
        limit: Only the first so many questions; ``None`` for all.
        seed: Draws the wrong pictures.
        progress: Told of fetching and asking.

    Raises:
        CorpusError: The package cannot be fetched.
        GenerationError: The model failed.
    """
    examples = easy_vqa.examples("test", progress=progress)
    known = vqa.cases(easy_vqa.examples("train", progress=progress))
    asked = vqa.cases(examples, limit)
    wrong = with_wrong_pictures(asked, examples, seed)
    put = [*asked, *wrong]
    said = list(zip(put, vqa.answers(model, prompter, put, progress=progress), strict=True))
    return report(model, said[: len(asked)], said[len(asked) :], known)


def with_wrong_pictures(
    asked: Sequence[Case], examples: Sequence[Example], seed: int = 0
) -> list[Case]:
    """The same questions with another picture, which has another colour and another shape.

    All questions of a picture get the same other one; which, is drawn by its key.
    """
    chosen: dict[str, Example] = {}
    for case in asked:
        one = case.example
        if one.key not in chosen:
            rng = random.Random(f"mmqa wrong picture\0{seed}\0{one.key}")
            unlike = [e for e in examples if not set(e.group.split()) & set(one.group.split())]
            chosen[one.key] = rng.choice(unlike)
    return [Case(c.example, c.asked, chosen[c.example.key]) for c in asked]


def report(
    model: Answerer,
    asked: Sequence[tuple[Case, str]],
    misled: Sequence[tuple[Case, str]],
    known: Sequence[Case],
) -> Report:
    """Figures of what was said to n questions.

    Args:
        model: What answered.
        asked: n cases, each with what was said.
        misled: The same questions with wrong pictures.
        known: Of training: what one knows who does not look.
    """
    put, said = [case for case, _ in asked], [answer for _, answer in asked]
    wrong, misheard = [case for case, _ in misled], [answer for _, answer in misled]
    marked = vqa.marks(put, said)
    guessed = vqa_figures.majority(put, known, lambda one: one.question)
    figures = vqa_figures.shares(marked, guessed, _chosen(put), TARGETS)
    figures.append(
        vqa_figures.share(
            "wrong picture",
            vqa.marks(wrong, misheard),
            target=TARGETS["wrong picture"],
            lower_is_better=True,
        )
    )
    perfect = np.mean([truth(c.asked, c.shown.group.split()) == c.asked.answer for c in wrong])
    return Report(
        "vqa: easy-vqa",
        tuple(figures),
        {
            **vqa_figures.how(model),
            "chance": "always the commonest answer of training to the very same question",
            "held-out pairs": f"all questions of pictures of {', '.join(easy_vqa.HELD_OUT)}",
            "a perfect eye with the wrong pictures": round(float(perfect), 3),
        },
        vqa_figures.misses(put, said, marked),
    )


def _chosen(put: Sequence[Case]) -> dict[str, Marks]:
    yes_no = np.array([c.asked.kind == "yes-no" for c in put], bool)
    held = np.array([c.example.group in easy_vqa.HELD_OUT for c in put], bool)
    return {
        "overall": np.ones(len(put), bool),
        "yes/no": yes_no,
        "other": ~yes_no,
        "held-out pairs": held,
        "pairs that were trained on": ~held,
    }


def truth(asked: Asked, shown: Sequence[str]) -> str:
    """The true answer to a yes/no question of easy-VQA; ``""`` for any other.

    >>> truth(Asked("is there not a red shape?", "", "yes-no"), ["red", "circle"])
    'no'
    """
    if asked.kind != "yes-no":
        return ""
    words = asked.question.rstrip("?").split()
    there = any(word in shown for word in words if word in COLOURS or word in SHAPES)
    denied = bool({"no", "not"} & set(words))
    return "yes" if there != denied else "no"
