"""From a sign, receipt or slide to the lines that answer, and from a long sentence to its clause.

Knows: that a line shares words with the question, that its value may stand on the next line, and
that a whole block is safer than a wrong line. Refuses to know: how the sentence was found.
"""

from __future__ import annotations

import re
from dataclasses import replace

from mmqa.evidence.asking import Fact, carries, fact
from mmqa.evidence.ranking import covered
from mmqa.evidence.sentences import LINE_BREAK, Sentence
from mmqa.evidence.words import content

LONG = 160
"""Characters above which a sentence is narrowed to its clauses; speech has few full stops."""

_CLAUSE = re.compile(r"(?<=[,;:，；])\s*(?!\d)")
_MONEY_WORDS = frozenset(content("total bill sum amount invoice cost price pay paid altogether"))

_FOCUS = re.compile(
    r"\bhow \w+ (?:is|are|was|were) (?:(?:the|a|an|my|our) )?(?P<a>\w+)"
    r"|^\W*(?:in |on |at |from |by |to )?(?:which|what)"
    r" (?!(?:is|are|was|were|do|does|did|time)\b)(?P<b>\w+)"
    r"|\bwhat(?: is| was| are|'s) (?:the|my|our) (?P<c>[\w-]+(?: \w+)?)(?= (?:of|for|in|on|at)\b)",
    re.IGNORECASE,
)
"""The thing that is asked for, apart from where it is."""

FOCUS_WORDS = 3.0
"""How many other shared words the thing that is asked for is worth."""

CUE_LINES = 1.5
"""How many shared words a fact of the asked kind is worth on a line that shares one."""


def narrow(question: str, sentence: Sentence) -> Sentence:
    """The lines of a block of picture text that answer; the whole when none stands out."""
    if sentence.source == "ocr":
        if fact(question) == "any" and len(sentence.text) <= LONG:
            return sentence  # nothing says which line it is; a short sign is read at a glance
        lines = sentence.text.split(LINE_BREAK)
        return replace(sentence, text=LINE_BREAK.join(answering_lines(question, lines)))
    if len(sentence.text) <= LONG:
        return sentence
    clauses = [clause for clause in _CLAUSE.split(sentence.text) if clause]
    kept = " ".join(answering_lines(question, clauses))
    left = "" if sentence.text.startswith(kept) else "… "
    right = "" if sentence.text.endswith(kept) else " …"
    return replace(sentence, text=f"{left}{kept.rstrip(',;:，；') if right else kept}{right}")


def answering_lines(question: str, lines: list[str]) -> list[str]:
    """The line that shares most with the question, and its neighbour where it gives no fact itself.

    Two lines that share as much are both kept.

    >>> receipt = ["CAFE MISTRAL", "12 Harbour Road", "Almond cake 4.20", "TOTAL EUR 9.80"]
    >>> answering_lines("How much was the cake?", receipt)
    ['Almond cake 4.20']
    >>> answering_lines("What is the address of Cafe Mistral?", receipt)
    ['CAFE MISTRAL', '12 Harbour Road']
    """
    asked, kind = content(question), fact(question)
    if _MONEY_WORDS & set(asked):
        asked += sorted(_MONEY_WORDS - set(asked))
    thing = focus(question)
    shared = [
        covered(asked, line) * len(asked) + FOCUS_WORDS * covered(thing, line) for line in lines
    ]
    if max(shared) == 0:
        return lines
    cues = [carries(line, kind, question) * (kind != "any") for line in lines]
    surest = max(cue for cue, n in zip(cues, shared, strict=True) if n) or 1.0
    worth = [
        n + CUE_LINES * (cue == surest) if n else 0.0 for n, cue in zip(shared, cues, strict=True)
    ]
    best = worth.index(max(worth))
    tied = [line for line, n in zip(lines, worth, strict=True) if n == worth[best]]
    if len(tied) == 2 and all(_tells(question, asked, kind, line) for line in tied):
        return tied
    if _tells(question, asked, kind, lines[best]):
        return [lines[best]]
    for first in (best, max(best - 1, 0)):
        pair = lines[first : first + 2]
        if _tells(question, asked, kind, "\n".join(pair)):
            return pair
    return lines


def focus(question: str) -> list[str]:
    """The stems of the words that name what is asked for; empty where the form of words is unknown.

    >>> focus("How high is the rent of the hall?"), focus("Which room is it in?")
    (['rent'], ['room'])
    >>> focus("What is the Wi-Fi password of the house?"), focus("Where is the key?")
    (['wi-fi', 'password'], [])
    """
    found = _FOCUS.search(question)
    return content(" ".join(filter(None, found.groups()))) if found else []


def _tells(question: str, asked: list[str], kind: Fact, line: str) -> bool:
    """Whether a line says something beyond the question, of the kind that is asked for."""
    new = [word for word in content(line) if covered([word], " ".join(asked)) == 0]
    return bool(new) and carries(line, kind, question) > 0
