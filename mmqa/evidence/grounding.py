"""Whether a written answer stands in the evidence: numbers, names and words, checked in code.

Small language models copy numbers wrongly (4.2 becomes 1.2) and echo the question. Knows: how to
notice that. Refuses to know: what is done about it.
"""

from __future__ import annotations

import re
from typing import Literal, TypeAlias

from mmqa.evidence.asking import carries, fact
from mmqa.evidence.words import (
    amount_spans,
    amounts,
    content,
    is_chinese,
    names,
    numbers,
    stem,
    tokens,
)

Fault: TypeAlias = Literal[
    "", "empty", "refusal", "number", "place", "name", "words", "echo", "fact"
]
"""What is wrong with an answer; empty when nothing is. ``place``: a number of the evidence, but out
of its place there."""

GLUE = frozenset(
    content(
        "cost costs price total locate located location find found take takes last lasts start"
        " starts begin begins end ends happen happens hold held euro euros dollar dollars hour"
        " minute person people place time day date number amount answer someone must need use make"
        " get go there it's that's"
    )
)
"""Words that an answer may add: they join facts and state none."""

_REFUSAL = re.compile(
    r"\b(?:not (?:mentioned|specified|stated|provided|given|clear|available|possible)"
    r"|no (?:information|mention)|do(?:es)?n['’]t (?:know|say|mention)"
    r"|do(?:es)? not (?:know|say|mention|provide|specify|contain)"
    r"|cannot|can['’]t|unable|unknown|sorry|as an ai)\b",
    re.IGNORECASE,
)


SEAMS = 0.35
"""Share of a Chinese answer's pairs of characters that may be new: where words meet anew."""


def fault(answer: str, evidence: str, question: str) -> Fault:
    """The first thing that is wrong with ``answer``, or the empty string.

    Args:
        answer: As the language model wrote it.
        evidence: The text that the model was to answer from.
        question: The question's words.

    >>> fault("It weighs 1.2 kg.", "The parcel weighs 4.2 kg.", "How heavy is the parcel?")
    'number'
    >>> fault("4.2 kg", "The parcel weighs 4.2 kg.", "How heavy is the parcel?")
    ''
    """
    if _REFUSAL.search(answer):
        return "refusal"
    if not content(answer) and not numbers(answer):
        return "empty"
    affirmed = _DENIED.sub(" ", evidence)
    stand = amounts(answer) <= amounts(f"{affirmed}\n; {question}")
    if not stand or not _number_of_what(answer, evidence, question):
        return "number"
    if not _numbers_in_place(answer, evidence, question):
        return "place"
    if not _names_stand(answer, f"{evidence} {question}"):
        return "name"
    return _words_fault(answer, evidence, question)


def _words_fault(answer: str, evidence: str, question: str) -> Fault:
    asked, stands = set(content(question)), set(content(evidence))
    fresh = [word for word in content(answer) if word not in asked]
    added = [word for word in fresh if word not in stands and word not in GLUE]
    if len(added) > (SEAMS * len(fresh) if is_chinese(answer) else 0):
        return "words"
    if not any(word in stands for word in fresh):
        return "echo"
    if carries(answer, fact(question), question) == 0.0:
        return "fact"
    return ""


_DENIED = re.compile(r"\b(?:not|no longer|instead of|rather than)\b[^.,;:!?\n]*", re.IGNORECASE)
"""What the evidence says is not so: "platform 7, not from platform 2"."""

_NUMBERED = re.compile(r"\b(?:which|what) (\w+)\b", re.IGNORECASE)


def _number_of_what(answer: str, evidence: str, question: str) -> bool:
    """Asked "which pier", a bare number is no answer where the evidence says "pier 4"."""
    asked = _NUMBERED.search(question)
    if asked is None or not amounts(answer) - amounts(question):
        return True
    thing = stem(asked[1].lower())
    named = {stem(token.lower()) for token in tokens(answer)}
    return thing in named or thing not in {stem(token.lower()) for token in tokens(evidence)}


def _numbers_in_place(answer: str, evidence: str, question: str) -> bool:
    """Where the evidence offers several numbers, the answer's have a neighbour as they have there.

    "Leaves at twenty past eight, be there by eight" does not say "it leaves at eight".
    """
    if len(amounts(evidence) - amounts(question)) < 2:
        return True
    there = _neighbours(evidence)
    return all(
        around & there.get(number, set())
        for number, around in _neighbours(answer).items()
        if number not in amounts(question)
    )


def _neighbours(text: str) -> dict[str, set[str]]:
    """Amount → stems of the words right before and after it, wherever it stands."""
    found: dict[str, set[str]] = {}
    for match, amount in amount_spans(text):
        before = tokens(text[: match.start()])[-1:]
        after = tokens(text[match.end() :])[:1]
        found.setdefault(amount, set()).update(stem(word) for word in before + after)
    return found


def _names_stand(answer: str, text: str) -> bool:
    if is_chinese(answer):
        return True  # Chinese marks no names; the words are compared instead
    there = {token.lower() for token in tokens(text)} | {stem(token) for token in tokens(text)}
    return all(name in there or stem(name) in there for name in names(answer))
