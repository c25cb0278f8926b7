"""Ways to search one collection, compared on vectors: exhaustive, exact, question by question.

Knows: single modalities, rank fusion (RRF), fusers with weights from anywhere, words to the letter,
and that a file is as good as its best segment. Refuses to know: which systems are compared (see
``ablation``), measures, and significance.

A system turns questions into scores of files; the index's approximations take no part, so
differences are those of the systems. What a system cannot see (a file without the modality) is not
in its ranking. ``Ground.withheld`` takes a modality from the segments that answer a question, and
from no other: what is left of a system when the best clue is missing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from mmqa.calibrating import of_unrelated
from mmqa.evaluation.collection import Collection
from mmqa.evaluation.metrics import DEPTH
from mmqa.evaluation.questions_file import AskedFor
from mmqa.interfaces import CrossModalMapping, Fuser
from mmqa.questions import Encoded, question_parts
from mmqa.records import (
    MODALITIES,
    Calibration,
    Channel,
    Features,
    Floats,
    Modality,
    Weighing,
)

Rankings: TypeAlias = list[list[str]]
"""One a question: paths of files, best first."""

ABSENT = np.float32(-np.inf)
"""The score of what a system cannot see."""

RRF_K = 60
"""The constant of Cormack et al. 2009, §2."""

Source: TypeAlias = Modality | Literal["lexical"]


class Ground:
    """A collection with its questions as vectors: what every system is given.

    Args:
        collection: Segments, vectors and questions.
        mapping: That of the vectors; its text bank stands for unrelated questions.
        encode: Questions → vectors, by name of what finds further wordings (``""``: none).
        lexical: Gives (q, n): what the words of each question say about each segment (see
            ``mmqa.retrieval.search``); 0 where nothing.
    """

    def __init__(
        self,
        collection: Collection,
        mapping: CrossModalMapping,
        encode: Callable[[str], Sequence[Encoded]],
        lexical: Callable[[], Floats],
    ) -> None:
        self.collection = collection
        self.mapping = mapping
        self._encode = encode
        self._lexical = lexical
        self._kept: dict[str, Sequence[Encoded]] = {}
        self._words: Floats | None = None
        names = [path.as_posix() for path in collection.files]
        self.files = sorted(set(names))
        places = {name: place for place, name in enumerate(self.files)}
        self.file_of = np.array([places[name] for name in names], np.int64)
        self.relevant = [
            frozenset(path.as_posix() for path in paths) for _, paths in collection.questions
        ]
        self.gold = np.array([[n in right for n in names] for right in self.relevant], np.bool_)

    def questions(self, prompt: str = "") -> Sequence[Encoded]:
        """The questions as vectors, with further wordings by ``prompt``."""
        if prompt not in self._kept:
            self._kept[prompt] = self._encode(prompt)
        return self._kept[prompt]

    def lexical(self) -> Floats:
        """What the words say, (q, n)."""
        if self._words is None:
            self._words = self._lexical()
        return self._words

    def oracle(self) -> list[Weighing]:
        """Equal weights on the modalities that each question needs; uniform where it does not say.

        No router can know that much; it is what perfect routing would bring.
        """
        found = []
        for asked, _ in self.collection.questions:
            needs = asked.needs or MODALITIES
            weights = {m: (1 / len(needs) if m in needs else 0.0) for m in MODALITIES}
            found.append(Weighing(weights, "learned"))
        return found

    def by_file(self, scores: Floats) -> Floats:
        """Scores (q, n) of segments → (q, f) of files: the best segment counts."""
        found = np.full((len(scores), len(self.files)), ABSENT, np.float32)
        np.maximum.at(found.T, self.file_of, scores.T)
        return found

    def rankings(self, scores: Floats) -> Rankings:
        """Files by score, best first, equal ones by name, the absent ones left out."""
        order = np.argsort(-scores, axis=1, kind="stable")[:, :DEPTH]
        return [
            [self.files[place] for place in row if scores[question, place] > ABSENT]
            for question, row in enumerate(order)
        ]


class System(Protocol):
    """One way to search."""

    @property
    def name(self) -> str:
        """What reports call it."""
        ...

    def scores(self, ground: Ground, features: Sequence[Features]) -> list[Floats]:
        """Scores of segments, one or several lists of (q, n); :data:`ABSENT` where unseen."""
        ...

    def join(self, ground: Ground, lists: list[Floats]) -> Floats:
        """The lists as (q, f) of files → one score of each file, (q, f)."""
        ...


def rank(system: System, ground: Ground) -> Rankings:
    """What a system finds for each question."""
    return _rank(system, ground, system.scores(ground, ground.collection.features))


def rank_withheld(system: System, ground: Ground, modality: Modality) -> Rankings:
    """What it finds when the segments that answer a question have lost ``modality``."""
    stripped = [without(one, modality) for one in ground.collection.features]
    whole = system.scores(ground, ground.collection.features)
    partly = system.scores(ground, stripped)
    lists = [
        np.where(ground.gold, less, all_).astype(np.float32)
        for less, all_ in zip(partly, whole, strict=True)
    ]
    return _rank(system, ground, lists)


def _rank(system: System, ground: Ground, lists: Sequence[Floats]) -> Rankings:
    return ground.rankings(system.join(ground, [ground.by_file(one) for one in lists]))


def without(features: Features, modality: Modality) -> Features:
    """The same segment, a modality less.

    >>> sorted(without(Features({"text": np.ones(1), "visual": np.ones(1)}), "text").vectors)
    ['visual']
    """
    return Features(
        {m: v for m, v in features.vectors.items() if m != modality},
        features.hubness,
        features.picture_hubness,
    )


# ------------------------------------------------------------------------------------- the systems


@dataclass(frozen=True, slots=True)
class Single:
    """One modality alone: ⟨q, x⟩ − h; segments without it are not found."""

    source: Modality
    hubs: bool = True

    @property
    def name(self) -> str:
        """The modality."""
        return self.source

    def scores(self, ground: Ground, features: Sequence[Features]) -> list[Floats]:
        """See :class:`System`."""
        return [modality_scores(ground, features, self.source, hubs=self.hubs)]

    def join(self, ground: Ground, lists: list[Floats]) -> Floats:
        """See :class:`System`."""
        del ground
        return lists[0]


@dataclass(frozen=True, slots=True)
class Lexical:
    """Words to the letter alone."""

    name: str = "lexical"

    def scores(self, ground: Ground, features: Sequence[Features]) -> list[Floats]:
        """See :class:`System`; the words of a segment do not change with its features."""
        del features
        return [_said(ground)]

    def join(self, ground: Ground, lists: list[Floats]) -> Floats:
        """See :class:`System`."""
        del ground
        return lists[0]


@dataclass(frozen=True, slots=True)
class RankFusion:
    """Reciprocal rank fusion (Cormack et al. 2009): Σ_m w_m / (k + rank_m), late fusion.

    Attributes:
        name: What reports call it.
        sources: Which lists take part.
        k: How much less the first places matter, from 0.
        depth: So many places of each list count.
        hubs: Whether lists are ordered by ⟨q, x⟩ − h, or by ⟨q, x⟩ alone.
        weights: w of each question; ``None``: all 1.
    """

    name: str = "RRF"
    sources: tuple[Source, ...] = MODALITIES
    k: float = RRF_K
    depth: int = 1000
    hubs: bool = True
    weights: Callable[[Ground], Sequence[Weighing]] | None = field(default=None, repr=False)

    def scores(self, ground: Ground, features: Sequence[Features]) -> list[Floats]:
        """See :class:`System`."""
        return [
            _said(ground)
            if source == "lexical"
            else modality_scores(ground, features, source, hubs=self.hubs)
            for source in self.sources
        ]

    def join(self, ground: Ground, lists: list[Floats]) -> Floats:
        """See :class:`System`."""
        total = np.zeros_like(lists[0])
        for source, scores in zip(self.sources, lists, strict=True):
            order = np.argsort(-scores, axis=1, kind="stable")
            ranks = np.empty_like(order)
            np.put_along_axis(ranks, order, np.arange(scores.shape[1])[None], axis=1)
            counts = (scores > ABSENT) & (ranks < self.depth)
            share = np.where(counts, 1.0 / (self.k + 1.0 + ranks), 0.0)
            total += (share * self._of(ground, source)).astype(np.float32)
        return np.where(total > 0, total, ABSENT).astype(np.float32)

    def _of(self, ground: Ground, source: Source) -> NDArray[np.float64]:
        if self.weights is None or source == "lexical":
            return np.ones((len(ground.relevant), 1))
        # times the number of modalities, so that uniform weights are 1 like that of words
        weights = [len(MODALITIES) * w.weights.get(source, 0.0) for w in self.weights(ground)]
        return np.array(weights)[:, None]


@dataclass(frozen=True, slots=True)
class Fused:
    """A fuser, asked as the product asks it.

    Attributes:
        name: What reports call it.
        fuser: Which one.
        weights: The weighing of each question; ``None``: uniform.
        calibrated: Whether it knows how unrelated questions score.
        hubs: Whether hubness counts.
        lexical: Share λ of words to the letter, 0–1.
        prompt: What finds further wordings of questions; ``""``: nothing.
        change: Makes other features of the collection's, e.g. those of another mapping.
    """

    name: str
    fuser: Fuser = field(repr=False)
    weights: Callable[[Ground], Sequence[Weighing]] | None = field(default=None, repr=False)
    calibrated: bool = True
    hubs: bool = True
    lexical: float = 0.0
    prompt: str = ""
    change: Callable[[Sequence[Features]], Sequence[Features]] | None = field(
        default=None, repr=False
    )

    def scores(self, ground: Ground, features: Sequence[Features]) -> list[Floats]:
        """See :class:`System`."""
        known: Mapping[Channel, Calibration] = {}
        if self.calibrated:
            whole = self._changed(ground.collection.features)
            known = of_unrelated(self.fuser, ground.mapping, whole)
        asked = np.stack([self._question(ground, one, known) for one in self._asked(ground)])
        scores: Floats = asked @ self.fuser.fuse(self._changed(features)).T
        if self.lexical:
            share = np.array([self.lexical if q.question else 0.0 for q in _asked_for(ground)])
            words = share[:, None] * ground.lexical()
            scores = ((1.0 - share[:, None]) * scores + words).astype(np.float32)
        return [scores]

    def join(self, ground: Ground, lists: list[Floats]) -> Floats:
        """See :class:`System`."""
        del ground
        return lists[0]

    def _changed(self, features: Sequence[Features]) -> list[Features]:
        changed = features if self.change is None else self.change(features)
        return [one if self.hubs else Features(one.vectors) for one in changed]

    def _asked(self, ground: Ground) -> list[Encoded]:
        questions = ground.questions(self.prompt)
        if self.weights is None:
            return list(questions)
        pairs = zip(questions, self.weights(ground), strict=True)
        return [replace(question, weighing=weighing) for question, weighing in pairs]

    def _question(
        self, ground: Ground, question: Encoded, known: Mapping[Channel, Calibration]
    ) -> Floats:
        parts = question_parts(question, ground.mapping, known)
        if not parts:
            return np.zeros(self.fuser.width, np.float32)
        asked = [
            self.fuser.fuse_question(
                part.features,
                part.weights,
                part.calibration if self.calibrated else {},
                asked_by=part.asked_by,
            )
            for part in parts
        ]
        mean: Floats = np.mean(asked, axis=0, dtype=np.float32)
        return mean


def modality_scores(
    ground: Ground, features: Sequence[Features], modality: Modality, *, hubs: bool = True
) -> Floats:
    """⟨q, x⟩ − h of one modality, (q, n); of several pictures that ask, and words, the mean."""
    found = np.full((len(ground.relevant), len(features)), ABSENT, np.float32)
    rows = [place for place, one in enumerate(features) if modality in one.vectors]
    if not rows:
        return found
    vectors = np.stack([features[place].vectors[modality] for place in rows])
    by_words = np.array([features[place].hubness.get(modality, 0.0) for place in rows])
    by_pictures = np.array([features[place].picture_hubness.get(modality, 0.0) for place in rows])
    for number, question in enumerate(ground.questions()):
        lists = []
        for part in question_parts(question, ground.mapping, {}):
            if modality in part.features.vectors:
                hub = by_words if part.asked_by == "words" else by_pictures
                lists.append(vectors @ part.features.vectors[modality] - (hub if hubs else 0.0))
        if lists:
            found[number, rows] = np.mean(lists, axis=0)
    return found


def _said(ground: Ground) -> Floats:
    words = ground.lexical()
    return np.where(words > 0, words, ABSENT).astype(np.float32)


def _asked_for(ground: Ground) -> list[AskedFor]:
    return [asked for asked, _ in ground.collection.questions]
