"""A language model's answer → the label it says.

Knows: the words that stand for the labels, and what an answer is worth. Refuses to know: models,
prompts, and what was asked about.

The interface of language models gives words, no probabilities, so a label counts as said or not.
An answer with no label, or with several, says nothing.
"""

from __future__ import annotations

import re

from mmqa.applications.sentiment.opinions import LABELS, Chances, Label

QUESTION = {"en": "What is the sentiment of this picture?", "zh": "这张图片的情感是什么?"}
"""Asks about a picture; in words that the prompt template ``sentiment`` is chosen by."""

ANSWER_TOKENS = 8

TRUST = 0.6
"""Probability of the label that a model says; the two others share the rest."""

_WORDS: dict[Label, str] = {
    "negative": r"\bnegative\b|消极|负面",
    "neutral": r"\bneutral\b|中性|中立",
    "positive": r"\bpositive\b|积极|正面",
}
_PATTERNS = {label: re.compile(words, re.IGNORECASE) for label, words in _WORDS.items()}


def said(answer: str) -> Label | None:
    """The one label in an answer; ``None`` where there is none, or more than one.

    >>> said("Positive."), said("消极"), said("It is neither positive nor negative.")
    ('positive', 'negative', None)
    """
    found = [label for label in LABELS if _PATTERNS[label].search(answer)]
    return found[0] if len(found) == 1 else None


def chances(label: Label) -> Chances:
    """What a label that was said is worth.

    >>> [round(p, 2) for p in chances("neutral")]
    [0.2, 0.6, 0.2]
    """
    rest = (1 - TRUST) / 2
    first, second, third = (TRUST if one == label else rest for one in LABELS)
    return (first, second, third)
