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
one question, the one that says most counts.

Candidates are the rows that say the most of the question's words; and of the nearest rows, and the
nearest that hold any of the words, those that score best once their words are estimated from the
full-text index. Without vectors BM25 chooses among rows that hold the same words.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from mmqa.interfaces import Fuser
from mmqa.records import (
    Asker,
    Calibration,
    Channel,
    Features,
    Filter,
    Floats,
    Modality,
    Segment,
)
from mmqa.retrieval.wording import Holding, Words

CANDIDATES = 32
"""Fewest rows that are scored exactly; at least 3 k are, and a quarter as many by words alone."""

AHEAD = 8
"""Rows that are read at once while the nearest are still being found."""

DEPTH = 5
"""So many times more of the nearest rows are looked at than are scored exactly."""


class Searchable(Holding, Protocol):
    """One generation of an index, held still while the search runs."""

    @property
    def oversampling(self) -> int:
        """How many times more candidates it wants scored again than exact search would."""
        ...

    def prepare(self, where: Filter | None) -> None:
        """Work out which rows a filter lets through; searching then needs no catalogue."""
        ...

    def search(
        self, question: Floats, k: int, where: Filter | None = None
    ) -> tuple[list[int], Floats]:
        """The k best rowids and scores by inner product, best first."""
        ...

    def search_many(
        self, questions: Floats, k: int, where: Filter | None = None
    ) -> list[tuple[list[int], Floats]]:
        """The same for each of (b, width) questions, at once."""
        ...

    def search_among(
        self, question: Floats, k: int, among: NDArray[np.int64]
    ) -> tuple[list[int], Floats]:
        """As :meth:`search`, among some rowids only."""
        ...

    def lexical(self, match: str, k: int, where: Filter | None = None) -> list[tuple[int, float]]:
        """The k best rowids for an FTS5 expression with BM25, best first."""
        ...

    def features(self, numbers: Sequence[int]) -> list[Features]:
        """Stored vectors of rowids, in the order asked."""
        ...

    def segments(self, numbers: Sequence[int]) -> list[Segment]:
        """Segments by rowid, in the order asked."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class QuestionPart:
    """Words, a picture or a recording of a question, as vectors.

    Attributes:
        features: Its vectors.
        weights: Modality → what its share of the score is multiplied with, ≥ 0.
        calibration: How unrelated segments score for this kind of question.
        asked_by: Its kind.
    """

    features: Features
    weights: Mapping[Modality, float]
    calibration: Mapping[Channel, Calibration]
    asked_by: Asker = "words"


@dataclass(frozen=True, slots=True)
class Found:
    """A row that was found; ``contributions`` sum to ``score``."""

    rowid: int
    score: float
    contributions: dict[str, float]
    segment: Segment


Parts: TypeAlias = Sequence[QuestionPart]

Near: TypeAlias = tuple[list[int], Floats]
"""Rowids and scores, best first."""


@dataclass(frozen=True, slots=True, eq=False)
class Asked:
    """One question of several.

    Attributes:
        parts: It as vectors; the vectors of several parts are averaged. May be empty when there are
            words.
        text: Its words; empty for a picture alone.
        also: The same question in another language, for words alone.
    """

    parts: Parts
    text: str
    also: str = ""


def search(
    index: Searchable,
    fuser: Fuser,
    parts: Parts,
    text: str,
    *,
    k: int,
    where: Filter | None = None,
    lexical_weight: float = 0.4,
    also: str = "",
    aside: Executor | None = None,
) -> list[Found]:
    """The k best rows, best first; equal scores by rowid, the same content only once.

    Args:
        index: What is searched.
        fuser: The fuser the index was made with.
        parts: See :class:`Asked`.
        text: See :class:`Asked`.
        k: How many, from 1.
        where: Only segments that it lets through; ``None`` means all.
        lexical_weight: λ, 0–1; 0 leaves words out.
        also: See :class:`Asked`.
        aside: Where vectors are searched while words are looked up here.
    """
    run = _Run(index, fuser, k, where, lexical_weight)
    question = run.question(parts)
    waiting = aside.submit(run.near, question) if aside is not None and parts else None
    words = run.words(text, also)
    said = words.candidates(run.n, where)
    near: list[Near] = []
    if parts:
        holding = run.near_holders(question, words)
        if waiting is not None:
            run.read_ahead(words, said, holding, waiting.done)
        near = [run.near(question) if waiting is None else waiting.result(), holding]
    return run.best(question, words, said, near)


def search_many(
    index: Searchable,
    fuser: Fuser,
    questions: Sequence[Asked],
    *,
    k: int,
    where: Filter | None = None,
    lexical_weight: float = 0.4,
) -> list[list[Found]]:
    """What :func:`search` finds for each question; the vectors of all are searched at once."""
    run = _Run(index, fuser, k, where, lexical_weight)
    vectors = {place: run.question(one.parts) for place, one in enumerate(questions) if one.parts}
    near: dict[int, Near] = {}
    if vectors:
        found = index.search_many(np.stack(list(vectors.values())), run.depth, where)
        near = dict(zip(vectors, found, strict=True))
    results = []
    for place, one in enumerate(questions):
        words = run.words(one.text, one.also)
        said = words.candidates(run.n, where)
        question = vectors.get(place, run.question(()))
        nearest = []
        if place in near:
            nearest = [near[place], run.near_holders(question, words)]
        results.append(run.best(question, words, said, nearest))
    return results


class _Run:
    """The steps of a search over one generation; see :func:`search` for what is passed."""

    def __init__(
        self,
        index: Searchable,
        fuser: Fuser,
        k: int,
        where: Filter | None,
        lexical_weight: float,
    ) -> None:
        index.prepare(where)
        self._index = index
        self._fuser = fuser
        self._k = k
        self._where = where
        self._lexical_weight = lexical_weight
        self._features: dict[int, Features] = {}
        self._segments: dict[int, Segment] = {}
        self.n = max(CANDIDATES, 3 * k)
        self._read = self.n * index.oversampling
        self.depth = max(DEPTH * self.n, self._read)

    def words(self, *texts: str) -> Words:
        """The question's words; none where they have no weight."""
        return Words(self._index, texts if self._lexical_weight > 0 else ())

    def question(self, parts: Parts) -> Floats:
        """The question as one vector float32 (width,); zero without parts."""
        if not parts:
            return np.zeros(self._fuser.width, np.float32)
        asked = [
            self._fuser.fuse_question(
                part.features, part.weights, part.calibration, asked_by=part.asked_by
            )
            for part in parts
        ]
        mean: Floats = np.mean(asked, axis=0, dtype=np.float32)
        return mean

    def near(self, question: Floats) -> Near:
        """The nearest rows and their scores."""
        return self._index.search(question, self.depth, self._where)

    def near_holders(self, question: Floats, words: Words) -> Near:
        """The nearest rows that hold any of the words; none where all are candidates anyway."""
        if len(words.holders) <= self.n:
            return [], np.zeros(0, np.float32)
        return self._index.search_among(question, self.depth, words.holders)

    def read_ahead(
        self, words: Words, said: Sequence[int], near: Near, enough: Callable[[], bool]
    ) -> None:
        """Read what will be scored in any case, or most likely, until it is enough."""
        numbers, estimates = self._estimated(words, [near], self._share(words, [near]))
        best = numbers[np.argsort(-estimates, kind="stable")[: self.n]].tolist()
        likely = list(dict.fromkeys([*said[: self.n // 4], *best]))
        for start in range(0, len(likely), AHEAD):
            if enough():
                return
            self._stored(likely[start : start + AHEAD])
            words.scores(likely[start : start + AHEAD])
        self._described(best[: self._k])

    def best(
        self, question: Floats, words: Words, said: Sequence[int], near: Sequence[Near]
    ) -> list[Found]:
        """The candidates scored exactly, and of them the k best with distinct content.

        Args:
            question: As vector, float32 (width,).
            words: Its words.
            said: Candidates by words, best first.
            near: The nearest rows of all and of some; empty for a question without vectors.
        """
        share = self._share(words, near)
        numbers = sorted(self._candidates(words, said, near, share))
        if not numbers:
            return []
        stored = self._stored(numbers)
        shares: dict[str, Floats] = {
            modality: (1.0 - share) * values
            for modality, values in self._fuser.contributions(question, stored).items()
        }
        if words:
            shares["lexical"] = share * words.scores(numbers)
        return self._distinct(numbers, shares)

    def _candidates(
        self, words: Words, said: Sequence[int], near: Sequence[Near], share: float
    ) -> set[int]:
        if not near:
            rows = set(said)
            if words.crowded(self.n):
                ranked = self._index.lexical(words.expression(), self.n, self._where)
                rows.update(row for row, _ in ranked)
            return rows
        numbers, estimates = self._estimated(words, near, share)
        best = np.argsort(-estimates, kind="stable")[: self._read]
        few = len(words.holders) <= self.n
        return {*(said if few else said[: self.n // 4]), *numbers[best].tolist()}

    def _share(self, words: Words, near: Sequence[Near]) -> float:
        """λ of this question."""
        return (self._lexical_weight if near else 1.0) if words else 0.0

    @staticmethod
    def _estimated(
        words: Words, near: Sequence[Near], share: float
    ) -> tuple[NDArray[np.int64], Floats]:
        """Rowids, ascending, and about what each scores."""
        numbers = np.concatenate([np.array(rows, np.int64) for rows, _ in near])
        scores = np.concatenate([scores for _, scores in near])
        numbers, places = np.unique(numbers, return_index=True)
        estimates: Floats = (1.0 - share) * scores[places] + share * words.estimates(numbers)
        return numbers, estimates

    def _stored(self, numbers: Collection[int]) -> list[Features]:
        """Stored vectors; each is read once."""
        fresh = [number for number in numbers if number not in self._features]
        if fresh:
            self._features.update(zip(fresh, self._index.features(fresh), strict=True))
        return [self._features[number] for number in numbers]

    def _described(self, numbers: Sequence[int]) -> list[Segment]:
        """Segments by rowid; each is read once."""
        fresh = [number for number in numbers if number not in self._segments]
        if fresh:
            self._segments.update(zip(fresh, self._index.segments(fresh), strict=True))
        return [self._segments[number] for number in numbers]

    def _distinct(self, numbers: Sequence[int], shares: Mapping[str, Floats]) -> list[Found]:
        scores = np.sum(list(shares.values()), axis=0, dtype=np.float64)
        order = np.lexsort((np.asarray(numbers), -scores))
        best: dict[tuple[str, int], Found] = {}
        for start in range(0, len(order), self._k):
            places = order[start : start + self._k]
            segments = self._described([numbers[place] for place in places])
            for place, segment in zip(places, segments, strict=True):
                given = {name: float(values[place]) for name, values in shares.items()}
                one = Found(numbers[place], sum(given.values()), given, segment)
                best.setdefault((segment.sha256, segment.ordinal), one)
            if len(best) >= self._k:
                break
        return list(best.values())[: self._k]
