"""Words to the letter: how text is split, and how a question in words becomes a match expression.

Knows: tokens of any script, names and numbers that must stay whole, words that carry no meaning.
Refuses to know: where text is stored, and how a match is weighed.

No stemming: "B-17" must not find "B-18", nor "4.2" "42", and what is stored stays what was written;
dense vectors already know that *leaves* is near *left*. Only plain English plurals are offered as
alternatives, on the question's side. Scripts without spaces between words are indexed character by
character, and asked as phrases of two: every word of one, two or three characters is found.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from mmqa.retrieval.stopwords import CHINESE, ENGLISH

MAX_TERMS = 48
"""Most terms of one question; a pasted document needs no more to be found."""

_CJK = (
    "\u2e80-\u2fdf\u3005-\u3007\u3040-\u30ff\u3100-\u312f\u31a0-\u31ff\u3400-\u4dbf\u4e00-\u9fff"
    "\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff"
)
_LETTER = rf"(?:(?![{_CJK}])[^\W_])"
_TOKEN = re.compile(rf"[{_CJK}]|{_LETTER}+(?:[.\-_/:@]+{_LETTER}+)*")
_RUN = re.compile(rf"[{_CJK}]+|[^{_CJK}]+")
_THOUSANDS = re.compile(r"(?<![\d.,])\d{1,3}(?:,\d{3})+(?![\d,])")
_APOSTROPHE = re.compile(rf"(?<={_LETTER})['’](s\b)?", re.IGNORECASE)
_JOINT = re.compile(r"[.\-_/:@]+")
_SHORT = 4
"""A run of so few characters is a keyword, not a sentence: nothing in it is a function word."""


@dataclass(frozen=True, slots=True)
class Term:
    """One word of a question.

    Attributes:
        forms: What counts as this word, each a token or a phrase of tokens divided by spaces.
        empty: A function word: it picks no candidates, and weighs little.
    """

    forms: tuple[str, ...]
    empty: bool = False

    @property
    def expression(self) -> str:
        """As FTS5 understands it; every form is quoted, so nothing in it is an operator.

        >>> Term(("ferry", "ferries")).expression
        '("ferry" OR "ferries")'
        """
        quoted = [f'"{form}"' for form in self.forms]
        return quoted[0] if len(quoted) == 1 else f"({' OR '.join(quoted)})"

    def within(self, padded: Sequence[str]) -> list[bool]:
        """Which of n tokenised texts, with a space added at either end, hold this word."""
        held = [False] * len(padded)
        for form in self.forms:
            whole = f" {form} "
            held = [old or whole in text for old, text in zip(held, padded, strict=True)]
        return held


def tokenize(text: str) -> str:
    """Tokens divided by single spaces: what is indexed.

    Unicode NFKC, lower case; thousands' commas and possessive *'s* go; each character of a script
    without spaces stands alone. A compound is followed by its parts, except in a number.

    >>> tokenize("Bill INV-2024-001: €1,250 or 4.2 kg")
    'bill inv-2024-001 inv 2024 001 1250 or 4.2 kg'
    >>> tokenize("东京Tower")
    '东 京 tower'
    """
    return " ".join(
        token for compound in _compounds(_prepared(text)) for token in _with_parts(compound)
    )


def terms(question: str) -> list[Term]:
    """The words of a question, each once, at most :data:`MAX_TERMS`.

    Function words are marked as empty, unless nothing else is there; Chinese ones are dropped.

    >>> [term.forms[0] for term in terms("When does the ferry leave?") if not term.empty]
    ['ferry', 'leave']
    >>> [term.forms[0] for term in terms("渡轮几点出发")]
    ['渡 轮', '出 发']
    """
    prepared = _prepared(question)
    found = list(_terms(prepared, everything=False))
    if all(term.empty for term in found):
        found = list(_terms(prepared, everything=True))
    full_first = sorted(dict.fromkeys(found), key=lambda term: term.empty)
    return full_first[:MAX_TERMS]


def match_expression(question: str) -> str | None:
    """The question for FTS5: any of its terms may match; ``None`` if it has no words at all.

    >>> match_expression('Where is the "B-17"?')
    '("b-17" OR "b 17")'
    >>> match_expression("?!") is None
    True
    """
    return any_of(terms(question)) or None


def any_of(words: Sequence[Term]) -> str:
    """An expression for segments that hold any of the words that are not empty."""
    return " OR ".join(word.expression for word in words if not word.empty)


def _prepared(text: str) -> str:
    plain = text.encode("utf-8", "replace").decode()  # a lone surrogate cannot be stored
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", plain).casefold())
    folded = _THOUSANDS.sub(lambda number: number.group().replace(",", ""), folded)
    return _APOSTROPHE.sub("", folded)


def _compounds(prepared: str) -> Iterator[str]:
    for found in _TOKEN.finditer(prepared):
        yield _JOINT.sub(lambda joint: joint.group()[0], found.group())


def _with_parts(compound: str) -> list[str]:
    parts = _JOINT.split(compound)
    if len(parts) == 1 or _is_number(compound):
        return [compound]
    return [compound, *parts]


def _is_number(compound: str) -> bool:
    """``4.2`` and ``10:30`` are single numbers; ``2024-05-01`` may be asked for by its year."""
    return (
        "-" not in compound
        and "/" not in compound
        and compound[0].isdigit()
        and (_JOINT.sub("", compound).isdigit())
    )


def _terms(prepared: str, *, everything: bool) -> Iterator[Term]:
    for run in _RUN.finditer(prepared):
        if re.match(f"[{_CJK}]", run.group()):
            keep = everything or len(run.group()) <= _SHORT
            fragments = [run.group()] if keep else CHINESE.split(run.group())
            for fragment in fragments:
                yield from _pairs(fragment)
        else:
            for word in _compounds(run.group()):
                empty = not everything and word in ENGLISH
                yield Term((word,), empty=True) if empty else Term(_forms(word))


def _pairs(fragment: str) -> Iterator[Term]:
    if len(fragment) == 1:
        yield Term((fragment,))
    for first, second in pairwise(fragment):
        yield Term((f"{first} {second}",))


def _forms(word: str) -> tuple[str, ...]:
    parts = _with_parts(word)[1:]
    if parts:
        return word, " ".join(parts)
    if not word.isascii() or not word.isalpha() or len(word) < 4:
        return (word,)
    return (word, *_other_number(word))


def _other_number(word: str) -> tuple[str, ...]:
    """What may be the singular or plural of an English word."""
    for ending, others in _PLURALS:
        if word.endswith(ending):
            return tuple(word.removesuffix(ending) + other for other in others)
    return (word + "s",)


_PLURALS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("ies", ("y",)),
    *((f"{end}es", (end, f"{end}e")) for end in ("s", "x", "z", "ch", "sh")),
    *((end, (f"{end}es",)) for end in ("ss", "x", "z", "ch", "sh")),
    ("s", ("",)),
    *((f"{vowel}y", (f"{vowel}ys",)) for vowel in "aeiou"),
    ("y", ("ies",)),
)
