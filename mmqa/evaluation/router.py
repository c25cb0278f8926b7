"""Whether a question looks, reads or listens first where it should: the router on unseen questions.

Knows: the file of hand-written questions, and what a right decision is. Refuses to know: how the
router was fitted; the questions were written by somebody who had not seen its phrasings.

The protocol is the product's: words that say where to look decide; else the router weighs what the
text encoder takes in (for a language that it does not know: the glossary's English). A decision is
right when the modality with the largest weight is the one that the question's author named; even
weights are wrong. Questions that a frame of the training phrasings could have made word for word
(contents apart) are counted too, and the accuracy is given without them beside it.
"""

from __future__ import annotations

import tomllib
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mmqa.errors import ConfigError
from mmqa.evaluation.report import Figure, Report, wilson
from mmqa.fusion.router import told
from mmqa.interfaces import Progress, Router, TextEncoder
from mmqa.prompts.explicit import explicit
from mmqa.questions import understood
from mmqa.records import MODALITIES, Chunk, Floats, Modality, Weighing
from mmqa.training.phrasings import comes_from

QUESTIONS = Path(__file__).parent / "data" / "router_questions.toml"
TARGET = 0.9
LANGUAGES = {"english": "en", "chinese": "zh"}
"""Table of the file → language of its questions."""


@dataclass(frozen=True, slots=True)
class Question:
    """One question, its language, and the modality that should come first."""

    text: str
    language: str
    first: Modality


@dataclass(frozen=True, slots=True)
class Decision:
    """How one question was weighed."""

    question: Question
    weighing: Weighing

    @property
    def first(self) -> Modality | None:
        """The modality with the largest weight; ``None`` where the weights are even."""
        if self.weighing.by == "uniform":
            return None
        return max(self.weighing.weights, key=lambda m: self.weighing.weights[m])

    @property
    def right(self) -> bool:
        """Whether it is the one that the question's author named."""
        return self.first == self.question.first


def read(path: Path = QUESTIONS) -> list[Question]:
    """The questions of a file: tables ``english``, ``chinese``, each with a list a modality.

    Raises:
        ConfigError: The file cannot be read, or names another language or modality.
    """
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
        return [
            Question(text, LANGUAGES[language], _modality(name))
            for language, lists in tables.items()
            for name, texts in lists.items()
            for text in texts
        ]
    except (OSError, ValueError, KeyError, AttributeError) as error:
        raise ConfigError(
            f"the questions {str(path)!r} cannot be read: {error}",
            f"Tables: {', '.join(LANGUAGES)}; lists: {', '.join(MODALITIES)}.",
        ) from error


def _modality(name: str) -> Modality:
    if name not in MODALITIES:
        raise ValueError(f"{name!r} is no modality")
    return name


def decide(
    questions: Sequence[Question],
    router: Router,
    text_encoder: TextEncoder,
    languages: Collection[str],
) -> list[Decision]:
    """How each question is weighed, as in the product."""
    words = [understood(q.text, languages).words for q in questions]
    rows = iter(text_encoder.encode([w for w in words if w]))
    vectors = [next(rows) if w else None for w in words]
    return [
        Decision(q, _weighing(q.text, w, v, router))
        for q, w, v in zip(questions, words, vectors, strict=True)
    ]


def _weighing(text: str, words: str, vector: Floats | None, router: Router) -> Weighing:
    weights = told(explicit(text))
    return Weighing(weights, "words") if weights else router.weigh(words, vector)


def run(
    router: Router,
    text_encoder: TextEncoder,
    languages: Collection[str],
    *,
    path: Path = QUESTIONS,
    progress: Progress | None = None,
) -> Report:
    """Measure the router on the questions of a file.

    Args:
        router: What is measured.
        text_encoder: Whose vectors it weighs.
        languages: ISO 639-1 codes of what the encoder knows; empty means any.
        path: The questions.
        progress: Told once all are decided.

    Raises:
        ConfigError: The questions cannot be read.
    """
    decisions = decide(read(path), router, text_encoder, languages)
    if progress is not None:
        progress(Chunk("weigh questions", len(decisions), len(decisions), "steps"))
    english = [d for d in decisions if d.question.language == "en"]
    figures = [_figure("right first modality, English", english, TARGET)]
    for by in ("words", "learned"):
        figures += _some(f"of them decided by {by}", [d for d in english if d.weighing.by == by])
    unlike = [d for d in english if comes_from(d.question.text, "en") is None]
    figures += _some("of them unlike every frame of the training", unlike)
    figures += _some("right first modality, Chinese", [d for d in decisions if d not in english])
    return Report(
        "router", tuple(figures), _how(english), tuple(_miss(d) for d in decisions if not d.right)
    )


def _some(name: str, decisions: Sequence[Decision]) -> list[Figure]:
    return [_figure(name, decisions, None)] if decisions else []


def _figure(name: str, decisions: Sequence[Decision], target: float | None) -> Figure:
    right, n = sum(d.right for d in decisions), len(decisions)
    if not n:
        raise ConfigError(f"there is no question for the figure {name!r}", "Give some.")
    low, high = wilson(right, n)
    return Figure(name, right / n, n, low, high, chance=1 / len(MODALITIES), target=target)


def _how(decisions: Sequence[Decision]) -> dict[str, str | float]:
    counts = Counter((str(d.question.first), str(d.first or "even")) for d in decisions)
    rows = {
        f"asked to {name}": ", ".join(
            f"{first} {counts[name, first]}" for first in (*MODALITIES, "even")
        )
        for name in MODALITIES
    }
    learned = [d for d in decisions if d.weighing.by == "learned"]
    sure = {right: _mean_first(d for d in learned if d.right is right) for right in (True, False)}
    return {
        **{f"confusion, {name}": row for name, row in rows.items()},
        "mean largest weight where learned and right": sure[True],
        "mean largest weight where learned and wrong": sure[False],
    }


def _mean_first(decisions: Iterable[Decision]) -> float:
    largest = [max(d.weighing.weights.values()) for d in decisions]
    return round(float(np.mean(largest)), 3) if largest else 0.0


def _miss(decision: Decision) -> str:
    weights = ", ".join(f"{m} {w:.2f}" for m, w in decision.weighing.weights.items())
    wanted = decision.question.first
    return (
        f"{decision.question.text!r} should put {wanted} first: {weights} by {decision.weighing.by}"
    )
