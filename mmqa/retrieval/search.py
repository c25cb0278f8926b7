"""One question against one generation of an index: dense and lexical evidence in one score.

Knows: how candidates are gathered, scored exactly and ordered. Refuses to know: which encoder made
the vectors and how anything is stored.

Both halves speak in standard deviations above what unrelated segments score::

    score(s) = (1 − λ) · S(s) + λ · L(s)

S is the calibrated dense score (see ``mmqa.fusion.concat``). L says how surprising it is that an
unrelated segment holds these words. Term t, held by n_t of N segments, brings the information
w_t = −ln p_t nats, where p_t is how likely another segment holds it: the share of the other
segments, drawn toward a prior π = 0.001 that weighs as much as A = 100 segments, because in a small
index a share is mere chance::

    p_t = (max(n_t − 1, 0) + A · π) / (N − 1 + A)

    L(s) = √(2 · I(s)) · I(s) / I(q) · (1 − β + β · m / l)
    I(s) = Σ_{t in s} w_t,   I(q) = Σ_t w_t

A normal deviate of z standard deviations is as unlikely as e^(−z²/2), hence the root; the second
factor is the share of the question that is covered; the third, with m of the question's terms among
the l tokens of the segment and β = 0.2, prefers a segment that says little else. A question without
words has λ = 0, one that is only words (no encoder understands them) λ = 1. Of several wordings of
one question, the one that says most counts. BM25 only picks candidates: it cannot be compared
between questions.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from mmqa.interfaces import Fuser
from mmqa.records import Calibration, Features, Floats, Kind, Modality
from mmqa.retrieval.lexical import Term, any_of, terms

CANDIDATES = 32
"""Fewest candidates taken from either side; at least four times k are."""

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


class Searchable(Protocol):
    """One generation of an index, held still while the search runs."""

    @property
    def count(self) -> int:
        """Number of segments."""
        ...

    def search(
        self, question: Floats, k: int, kinds: Collection[Kind] | None = None
    ) -> tuple[list[int], Floats]:
        """The k best rowids and scores by inner product, best first."""
        ...

    def fused(self, numbers: Sequence[int]) -> Floats:
        """Fused vectors float32 (n, width) of rowids."""
        ...

    def lexical(
        self, match: str, k: int, kinds: Collection[Kind] | None = None
    ) -> list[tuple[int, float]]:
        """The k best rowids for an FTS5 expression with BM25, best first."""
        ...

    def document_frequency(self, expressions: Sequence[str]) -> list[int]:
        """How many segments match each FTS5 expression."""
        ...

    def texts(self, numbers: Sequence[int]) -> dict[int, str]:
        """Rowid → tokenised text."""
        ...

    def contents(self, numbers: Sequence[int]) -> dict[int, tuple[str, int]]:
        """Rowid → (sha256, ordinal); equal ones have the same content."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class QuestionPart:
    """Words, a picture or a recording of a question, as vectors.

    Attributes:
        features: Its vectors.
        weights: Modality → α, from the router.
        calibration: How unrelated segments score for this kind of question.
    """

    features: Features
    weights: Mapping[Modality, float]
    calibration: Mapping[Modality, Calibration]


@dataclass(frozen=True, slots=True)
class Found:
    """A row that was found; ``contributions`` sum to ``score``."""

    rowid: int
    score: float
    contributions: dict[str, float]


def search(
    index: Searchable,
    fuser: Fuser,
    parts: Sequence[QuestionPart] | Callable[[], Sequence[QuestionPart]],
    text: str,
    *,
    k: int,
    kinds: Collection[Kind] | None = None,
    lexical_weight: float = 0.4,
    also: str = "",
) -> list[Found]:
    """The k best rows, best first; equal scores by rowid, the same content only once.

    Args:
        index: What is searched.
        fuser: The fuser the index was made with.
        parts: The question as vectors; the vectors of several parts are averaged. May be empty
            when there are words. A function is called once the words have been looked up, so that
            they may be encoded in the meantime.
        text: The question's words; empty for a picture alone.
        k: How many, from 1.
        kinds: Only these kinds of segment; ``None`` means all.
        lexical_weight: λ, 0–1; 0 leaves words out.
        also: The same question in another language, for words alone.
    """
    wordings = _wordings(index, (text, also) if lexical_weight > 0 else ())
    n = max(CANDIDATES, 4 * k)
    candidates: set[int] = set()
    for words, weights in wordings:
        candidates.update(row for row, _ in index.lexical(_match(words, weights), n, kinds))
    vectors = parts() if callable(parts) else parts
    share = (lexical_weight if vectors else 1.0) if wordings else 0.0
    question = _dense_question(fuser, vectors)
    if vectors:
        candidates.update(index.search(question, n, kinds)[0])
    numbers = sorted(candidates)
    if not numbers:
        return []
    shares: dict[str, Floats] = {
        modality: (1.0 - share) * values
        for modality, values in fuser.contributions(question, index.fused(numbers)).items()
    }
    if wordings:
        said = [_lexical_scores(index, numbers, words, weights) for words, weights in wordings]
        shares["lexical"] = share * np.max(said, axis=0)
    return _best(index, numbers, shares, k)


def _dense_question(fuser: Fuser, parts: Sequence[QuestionPart]) -> Floats:
    if not parts:
        return np.zeros(fuser.width, np.float32)
    asked = [fuser.fuse_question(p.features, p.weights, p.calibration) for p in parts]
    mean: Floats = np.mean(asked, axis=0, dtype=np.float32)
    return mean


def _wordings(index: Searchable, texts: Sequence[str]) -> list[tuple[list[Term], Floats]]:
    """The terms of each text that has any, with the information of each."""
    found = [words for words in map(terms, dict.fromkeys(texts)) if words]
    return [(words, _information(index, words)) for words in found]


def _information(index: Searchable, words: Sequence[Term]) -> Floats:
    """w_t of each term, float32 (t,)."""
    others = max(index.count - 1, 0) + PRIOR_SEGMENTS
    full = [word for word in words if not word.empty]
    counts = index.document_frequency([word.expression for word in full])
    held = (max(count - 1, 0) + PRIOR * PRIOR_SEGMENTS for count in counts)
    found = [math.log(others / one) for one in held]
    return np.array(found + [EMPTY_NATS] * (len(words) - len(full)), np.float32)


def _match(words: Sequence[Term], weights: Floats) -> str:
    """Rows that may be among the best hold one of the rarer words; of all, where none is rare."""
    common = -math.log(COMMON)
    rare = [word for word, weight in zip(words, weights, strict=True) if weight > common]
    return any_of(rare) or any_of(words)


def _lexical_scores(
    index: Searchable, numbers: Sequence[int], words: Sequence[Term], weights: Floats
) -> Floats:
    """L of each row, float32 (n,)."""
    texts = index.texts(numbers)
    padded = [f" {texts.get(number, '')} " for number in numbers]
    held = np.array([word.within(padded) for word in words], np.float32)
    information = weights @ held
    lengths = np.array([max(text.count(" ") - 1, 1) for text in padded])
    brevity = 1.0 - BREVITY + BREVITY * np.minimum(held.sum(axis=0) / lengths, 1.0)
    total = float(weights.sum()) or 1.0
    scores = np.sqrt(2.0 * information) * information / total * brevity
    lexical: Floats = scores.astype(np.float32)
    return lexical


def _best(
    index: Searchable, numbers: Sequence[int], shares: Mapping[str, Floats], k: int
) -> list[Found]:
    scores = np.sum(list(shares.values()), axis=0, dtype=np.float64)
    order = np.lexsort((np.asarray(numbers), -scores))
    seen: set[tuple[str, int]] = set()
    best: list[Found] = []
    for start in range(0, len(order), 2 * k):
        places = order[start : start + 2 * k]
        contents = index.contents([numbers[place] for place in places])
        for place in places:
            content = contents.get(numbers[place])
            if content is None or content in seen:
                continue
            seen.add(content)
            given = {name: float(values[place]) for name, values in shares.items()}
            best.append(Found(numbers[place], sum(given.values()), given))
            if len(best) == k:
                return best
    return best
