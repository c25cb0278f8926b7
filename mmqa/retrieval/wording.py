"""What the words of a question say about segments: which may matter, and how much.

Knows: how much information a word brings, which rows hold the most of it, and the score L of a row
(see ``mmqa.retrieval.search``). Refuses to know: vectors, and where words are stored.

Rows with the most information are found as MaxScore finds them (Turtle and Flood 1995): words are
looked up from the rarest on; those that many rows hold, only as long as they could lift a row that
holds none of the words before. The best rows are read and scored exactly.
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

MANY = 16_384
"""A word that more rows hold takes milliseconds to look up; only where it could change the best."""

SEARCHED = 4096
"""Most rows that are searched for the nearest among them; words that more rows hold say little."""

_NONE = np.zeros(0, np.int64)

_FEW = 64
"""Below one row in so many, sorting them is faster than looking at all."""

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


class Words:
    """The wordings of one question over one generation; a row's text is read once.

    Args:
        index: The generation.
        texts: The question, and the same in other languages; the one that says most counts.

    Attributes:
        holders: int64, ascending, once candidates were asked for: rows that hold words, at most
            :data:`SEARCHED` a wording, those that hold more; of equals either all or none.
    """

    def __init__(self, index: Holding, texts: Sequence[str]) -> None:
        self._index = index
        self._wordings = wordings(index, texts)
        self._holders: list[_Holders] = []
        self.holders = _NONE
        self._scores: dict[int, float] = {}

    def __bool__(self) -> bool:
        return bool(self._wordings)

    def expression(self) -> str:
        """For FTS5: rows that hold any word that picks candidates."""
        picked = (w.words[place].expression for w in self._wordings for place in w.picking())
        return " OR ".join(picked)

    def candidates(self, n: int, where: Filter | None = None) -> list[int]:
        """The n rows with the most information, highest L first; ties by rowid.

        Where the last of them say as much as others that would be too many, they are left out.
        """
        self._holders = [_holders(self._index, one, n, where) for one in self._wordings]
        most = [one.best(SEARCHED) for one in self._holders]
        self.holders = most[0] if len(most) == 1 else np.unique(np.concatenate([_NONE, *most]))
        read = {row for one in self._holders for row in one.best(n).tolist()}
        numbers = sorted(read)
        order = np.argsort(-self.scores(numbers), kind="stable")[:n]
        return [numbers[place] for place in order]

    def crowded(self, n: int) -> bool:
        """Whether so many rows hold the same words that fewer than n of them were candidates."""
        return any(len(one.best(n)) < min(n, len(one.rows)) for one in self._holders)

    def estimates(self, numbers: NDArray[np.int64]) -> Floats:
        """About L of each row, float32 (n,), without reading it; after :meth:`candidates`."""
        none = np.zeros(len(numbers), np.float32)
        found: Floats = np.max([none, *(one.estimates(numbers) for one in self._holders)], axis=0)
        return found

    def scores(self, numbers: Sequence[int]) -> Floats:
        """L of each row, float32 (n,)."""
        fresh = [number for number in numbers if number not in self._scores]
        if fresh:
            texts = self._index.texts(fresh)
            said = [texts.get(number, "") for number in fresh]
            best = np.max([wording.scores(said) for wording in self._wordings], axis=0)
            self._scores.update(zip(fresh, best.tolist(), strict=True))
        return np.array([self._scores[number] for number in numbers], np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class _Holders:
    """Rows that hold any of the words looked up: rowids ascending, and their information.

    Attributes:
        rows: int64 (r,).
        held: float32 (r,), I of each, of the words looked up.
        total: I of the question.
    """

    rows: NDArray[np.int64]
    held: Floats
    total: float

    def best(self, n: int) -> NDArray[np.int64]:
        """The n with the most information, or fewer: equals are either all among them or none."""
        if len(self.rows) <= n:
            return self.rows
        return self.rows[self.held > _highest(self.held, n + 1)]

    def estimates(self, numbers: NDArray[np.int64]) -> Floats:
        """About L of each row, float32 (n,)."""
        if not len(self.rows):
            return np.zeros(len(numbers), np.float32)
        places = np.minimum(np.searchsorted(self.rows, numbers), len(self.rows) - 1)
        held = np.where(self.rows[places] == numbers, self.held[places], np.float32(0))
        return (np.sqrt(2.0 * held) * held / self.total).astype(np.float32)


def _holders(index: Holding, wording: Wording, n: int, where: Filter | None) -> _Holders:
    """The n rows with the highest L are among them."""
    places = wording.picking()
    left = float(wording.weights[places].sum())
    total = float(wording.weights.sum()) or 1.0
    found: list[tuple[NDArray[np.int64], np.float32]] = []
    for place in places:
        expression = wording.words[place].expression
        many = index.document_frequency([expression])[0] > MANY
        if many and found and _settled(_joined(found)[1], n, left):
            break  # a row that holds none of the words so far cannot be among the best n
        found.append((index.holding(expression, where), wording.weights[place]))
        left -= float(wording.weights[place])
    return _Holders(*_joined(found), total)


def _settled(held: Floats, n: int, left: float) -> bool:
    """Whether n rows say more than another row could that holds nothing but what is left."""
    return len(held) >= n and left <= _LONGEST_LOSS * float(_highest(held, n))


def _highest(values: Floats, n: int) -> np.float32:
    """The nth highest of at least n values."""
    return np.float32(np.partition(values, len(values) - n)[len(values) - n])


def _joined(
    found: Sequence[tuple[NDArray[np.int64], np.float32]],
) -> tuple[NDArray[np.int64], Floats]:
    """Rows ascending, and the sum of the weights of the words that each holds."""
    found = [(rows, weight) for rows, weight in found if len(rows)]
    size = max((int(rows[-1]) + 1 for rows, _ in found), default=0)
    sums = np.zeros(size, np.float32)  # untouched pages cost nothing
    for rows, weight in found:
        sums[rows] += weight
    few = sum(len(rows) for rows, _ in found) * _FEW < size
    every = [rows for rows, _ in found]
    rows = np.unique(np.concatenate([_NONE, *every])) if few else np.flatnonzero(sums > 0)
    return rows, sums[rows]
