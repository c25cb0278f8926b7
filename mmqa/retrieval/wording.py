"""What the words of a question say about segments: which may matter, and how much.

Knows: how much information a word brings, which rows hold the most of it, and the score L of a row
(see ``mmqa.retrieval.search``). Refuses to know: vectors, and where words are stored.

Rows with the most information are found as MaxScore finds them (Turtle and Flood 1995): words from
the rarest on, until those left could not lift a row that holds none of the words before. The best
of them are read and scored exactly.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from mmqa.records import Filter, Floats
from mmqa.retrieval.lexical import Term, terms

COMMON = 0.2
"""A term in a larger share of all segments picks no candidates where rarer terms can."""

PRIOR = 0.001
"""How likely a segment of an index that nobody has seen holds a given word."""

PRIOR_SEGMENTS = 100
"""How many segments it takes to weigh as much as the prior."""

BREVITY = 0.2
"""β: how much is lost at most by saying other things too."""

EMPTY_NATS = 0.2
"""What a function word weighs, wherever it occurs: enough to tell a sentence said word for word."""

READ = 4
"""So many times as many rows as are wanted are read at most, to find the best of them."""

_LONGEST_LOSS = (1.0 - BREVITY) ** (2 / 3)
"""What saying other things too costs at most, as a share of I: L grows with its power 1.5."""


class Holding(Protocol):
    """One generation of an index, asked for words."""

    @property
    def count(self) -> int:
        """Number of segments."""
        ...

    def document_frequency(self, expressions: Sequence[str]) -> list[int]:
        """How many segments match each FTS5 expression."""
        ...

    def holding(self, expression: str, where: Filter | None = None) -> NDArray[np.int64]:
        """Rowids of the segments that match an FTS5 expression, ascending."""
        ...

    def texts(self, numbers: Sequence[int]) -> dict[int, str]:
        """Rowid → tokenised text."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class Wording:
    """A question in words: its terms, and the information w_t of each, float32 (t,)."""

    words: tuple[Term, ...]
    weights: Floats

    def picking(self) -> list[int]:
        """Places of the terms that pick candidates, rarest first: common ones only among common."""
        full = [place for place, word in enumerate(self.words) if not word.empty]
        rare = [place for place in full if self.weights[place] > -math.log(COMMON)]
        return sorted(rare or full, key=lambda place: -float(self.weights[place]))

    def scores(self, texts: Sequence[str]) -> Floats:
        """L of each of n tokenised texts, float32 (n,)."""
        padded = [f" {text} " for text in texts]
        held = np.array([word.within(padded) for word in self.words], np.float32)
        information = self.weights @ held
        lengths = np.array([max(text.count(" ") - 1, 1) for text in padded])
        brevity = 1.0 - BREVITY + BREVITY * np.minimum(held.sum(axis=0) / lengths, 1.0)
        total = float(self.weights.sum()) or 1.0
        scores = np.sqrt(2.0 * information) * information / total * brevity
        lexical: Floats = scores.astype(np.float32)
        return lexical


def wordings(index: Holding, texts: Sequence[str]) -> list[Wording]:
    """Each text that has any words, once."""
    found = [tuple(words) for words in map(terms, dict.fromkeys(texts)) if words]
    return [Wording(words, _information(index, words)) for words in found]


def _information(index: Holding, words: Sequence[Term]) -> Floats:
    """w_t of each term, float32 (t,); empty ones are last."""
    others = max(index.count - 1, 0) + PRIOR_SEGMENTS
    full = [word for word in words if not word.empty]
    counts = index.document_frequency([word.expression for word in full])
    held = (max(count - 1, 0) + PRIOR * PRIOR_SEGMENTS for count in counts)
    found = [math.log(others / one) for one in held]
    return np.array(found + [EMPTY_NATS] * (len(words) - len(full)), np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class Candidates:
    """Rows that may matter by their words.

    Attributes:
        rows: Rowids, those with the highest L first.
        holders: int64, ascending: rows that hold any of the words that were looked up.
        crowded: Whether so many rows come next with the same words that none of them was read.
    """

    rows: list[int]
    holders: NDArray[np.int64]
    crowded: bool


class Words:
    """The wordings of one question over one generation; a row's text is read once.

    Args:
        index: The generation.
        texts: The question, and the same in other languages; the one that says most counts.
    """

    def __init__(self, index: Holding, texts: Sequence[str]) -> None:
        self._index = index
        self._wordings = wordings(index, texts)
        self._scores: dict[int, float] = {}

    def __bool__(self) -> bool:
        return bool(self._wordings)

    def expression(self) -> str:
        """For FTS5: rows that hold any word that picks candidates."""
        picked = (w.words[place].expression for w in self._wordings for place in w.picking())
        return " OR ".join(picked)

    def candidates(self, n: int, where: Filter | None = None) -> Candidates:
        """The n rows with the highest L; ties by rowid."""
        best: set[int] = set()
        holders, crowded = np.zeros(0, np.int64), False
        for wording in self._wordings:
            rows, held = _holders(self._index, wording, n, where)
            read = _worth_reading(rows, held, n)
            best.update(read.tolist())
            crowded |= len(read) < min(n, len(rows))
            holders = np.union1d(holders, rows) if len(holders) else rows
        numbers = sorted(best)
        order = np.argsort(-self.scores(numbers), kind="stable")[:n]
        return Candidates([numbers[place] for place in order], holders, crowded)

    def scores(self, numbers: Sequence[int]) -> Floats:
        """L of each row, float32 (n,)."""
        fresh = [number for number in numbers if number not in self._scores]
        if fresh:
            texts = self._index.texts(fresh)
            said = [texts.get(number, "") for number in fresh]
            best = np.max([wording.scores(said) for wording in self._wordings], axis=0)
            self._scores.update(zip(fresh, best.tolist(), strict=True))
        return np.array([self._scores[number] for number in numbers], np.float32)


def _holders(
    index: Holding, wording: Wording, n: int, where: Filter | None
) -> tuple[NDArray[np.int64], Floats]:
    """Rows that hold words, the n with the highest L among them, and their information so far."""
    places = wording.picking()
    left = float(wording.weights[places].sum())
    rows, held = np.zeros(0, np.int64), np.zeros(0, np.float32)
    for place in places:
        if n <= len(rows) <= READ * n and left <= _LONGEST_LOSS * float(_highest(held, n)):
            break  # a row that holds none of the words so far cannot be among the best n
        weight = float(wording.weights[place])
        more = index.holding(wording.words[place].expression, where)
        rows, held = _joined(rows, held, more, weight)
        left -= weight
    return rows, held


def _worth_reading(rows: NDArray[np.int64], held: Floats, n: int) -> NDArray[np.int64]:
    """Rows that may be among the n with the highest L; without the last of equals if too many."""
    if len(rows) <= READ * n:
        return rows
    lowest = _highest(held, n)
    equal = rows[held >= lowest]
    return equal if len(equal) <= READ * n else rows[held > lowest]


def _highest(values: Floats, n: int) -> np.float32:
    """The nth highest of at least n values."""
    return np.float32(np.partition(values, len(values) - n)[len(values) - n])


def _joined(
    rows: NDArray[np.int64], held: Floats, more: NDArray[np.int64], weight: float
) -> tuple[NDArray[np.int64], Floats]:
    """Information by row, ascending, once the rows that hold another word are known."""
    every = np.concatenate([rows, more])
    order = np.argsort(every, kind="stable")  # two sorted runs are merged in one pass
    every = every[order]
    first = np.flatnonzero(np.diff(every, prepend=-1))
    gains = np.concatenate([held, np.full(len(more), weight, np.float32)])[order]
    return every[first], (np.add.reduceat(gains, first) if len(first) else gains)
