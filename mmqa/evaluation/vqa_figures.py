"""Figures of answers to questions about pictures: shares, what guessing gives, what went wrong.

Knows: marks of answers, and what one gets right who does not look. Refuses to know: how an answer
is marked (``vqa``), and what was asked.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from mmqa.evaluation.report import Figure, wilson
from mmqa.evaluation.vqa import RULE, Answerer, Case, Marks, right
from mmqa.training.visual_examples import Asked

MISSES = 10
"""Most misses of a kind that are told."""


def shares(
    marked: Marks,
    guessed: Marks | None,
    chosen: Mapping[str, Marks],
    targets: Mapping[str, float],
) -> list[Figure]:
    """One figure for each choice of questions that is not empty.

    Args:
        marked: bool (n,), whether each answer is right.
        guessed: bool (n,), the same of one who guesses; ``None`` gives no chance.
        chosen: Name of a figure → bool (n,), which questions it is of.
        targets: Name of a figure → what is to be reached.
    """
    return [
        share(
            name,
            marked[those],
            target=targets.get(name),
            chance=None if guessed is None else float(guessed[those].mean()),
        )
        for name, those in chosen.items()
        if those.any()
    ]


def share(
    name: str,
    marked: Marks,
    *,
    target: float | None = None,
    chance: float | None = None,
    lower_is_better: bool = False,
) -> Figure:
    """The share of right answers with Wilson's interval.

    Raises:
        ValueError: There are no answers.
    """
    if not len(marked):
        raise ValueError(f"{name!r} rests on no answers")
    low, high = wilson(int(marked.sum()), len(marked))
    return Figure(
        name,
        float(marked.mean()),
        len(marked),
        low,
        high,
        chance=chance,
        target=target,
        lower_is_better=lower_is_better,
    )


def majority(
    put: Sequence[Case],
    known: Sequence[Case],
    key: Callable[[Asked], str],
) -> Marks:
    """What one gets right who does not look: always the commonest answer to such a question.

    Args:
        put: n cases.
        known: What is known of answers.
        key: Which questions are alike, e.g. the question itself.

    Returns:
        bool (n,); a question unlike any that is known is answered by the commonest of all answers.
    """
    counted: Mapping[str, Counter[str]] = defaultdict(Counter)
    for case in known:
        counted[key(case.asked)][case.asked.answer] += 1
    overall: Counter[str] = sum(counted.values(), Counter())
    guess = {like: _commonest(found) for like, found in counted.items()}
    fallback = _commonest(overall)
    return np.array(
        [right(guess.get(key(c.asked), fallback), c.asked.answer) for c in put], dtype=bool
    )


def _commonest(counted: Counter[str]) -> str:
    """The first in the alphabet of the commonest, so that ties do not depend on an order."""
    return min(counted, key=lambda answer: (-counted[answer], answer), default="")


def misses(put: Sequence[Case], said: Sequence[str], marked: Marks) -> tuple[str, ...]:
    """What went wrong, at most :data:`MISSES` of a kind, kind after kind."""
    wrong: dict[str, list[str]] = defaultdict(list)
    for case, answer, fine in zip(put, said, marked, strict=True):
        if not fine and len(wrong[case.asked.kind]) < MISSES:
            asked, where = case.asked, f"{case.example.source} {case.example.key}"
            wrong[asked.kind].append(
                f"{asked.kind}, {where}: {asked.question!r} → {answer!r}, not {asked.answer!r}"
            )
    return tuple(line for kind in sorted(wrong) for line in wrong[kind])


def how(model: Answerer) -> dict[str, str | int | float]:
    """What all suites say of how they measured."""
    return {
        "right": RULE,
        "asked": "through the product's prompt, with prompt words and text read in the picture",
        "the model": "sees the pixels" if model.sees else "sees no pixels, only words about them",
    }
