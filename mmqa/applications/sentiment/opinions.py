"""The nouns of sentiment: chances of three labels, opinions, and what they come to.

Knows: the labels, the valence, and when two modalities contradict each other. Refuses to know:
where an opinion comes from, and how opinions are weighed.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from pathlib import Path
from typing import Any, Literal, TypeAlias, overload

from mmqa.records import Modality

Label: TypeAlias = Literal["negative", "neutral", "positive"]
LABELS: tuple[Label, ...] = ("negative", "neutral", "positive")

Chances: TypeAlias = tuple[float, float, float]
"""Probabilities of the labels in their order, summing to 1."""

Way: TypeAlias = Literal["lexicon", "prompt words", "language model", "voice", "trained"]
"""Where an opinion comes from."""

CONTRADICTS = 0.25
"""Valence from which a modality counts as glad, or below minus it as sad, when two are compared."""

_CUT, _SLOPE = 0.3, 0.34
"""Likeliest on the development side of the rated sentences (``mmqa.corpora.rated_sentences``)."""


def chances_of(valence: float) -> Chances:
    """What a single number says of the labels: an ordered logistic model with one cut each side.

    Args:
        valence: −1…1, as a lexicon gives it.

    >>> [round(chance, 2) for chance in chances_of(0.8)]
    [0.04, 0.15, 0.81]
    """
    positive = 1 / (1 + math.exp((_CUT - valence) / _SLOPE))
    negative = 1 / (1 + math.exp((_CUT + valence) / _SLOPE))
    return (negative, 1 - negative - positive, positive)


def valence_of(chances: Chances) -> float:
    """P(positive) − P(negative), −1…1.

    >>> valence_of((0.125, 0.25, 0.625))
    0.5
    """
    return chances[2] - chances[0]


def label_of(chances: Chances) -> Label:
    """The most probable label; of several, the one nearer to neutral.

    >>> label_of((0.4, 0.4, 0.2)), label_of((0.2, 0.2, 0.6))
    ('neutral', 'positive')
    """
    order = (1, 2, 0)
    return LABELS[max(order, key=lambda place: chances[place])]


@dataclass(frozen=True, slots=True)
class Opinion:
    """What one way says of one modality.

    Attributes:
        modality: What it is about: how it looks, what is written or said, how it sounds.
        by: Which way said it.
        chances: Of the labels.
        weight: Its share of what was fused, 0–1; 0 where a trained head decided.
        why: Words or numbers that it rests on, for people.
    """

    modality: Modality
    by: Way
    chances: Chances
    weight: float = 0.0
    why: tuple[str, ...] = ()

    @property
    def valence(self) -> float:
        """−1…1."""
        return valence_of(self.chances)

    @property
    def label(self) -> Label:
        """The most probable label."""
        return label_of(self.chances)

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "modality": self.modality,
            "by": self.by,
            **judged_json(self.chances),
            "weight": round(self.weight, 4),
            "why": list(self.why),
        }


@dataclass(frozen=True, slots=True)
class Sentiment:
    """How one segment, or some words, feel.

    Attributes:
        chances: Of the labels, fused; one third each where nothing said anything.
        modalities: Modality → its own chances.
        weights: Modality → its share of what was fused, summing to 1; empty where a trained head
            decided, which weighs every feature by itself.
        opinions: All that was said, by modality and way.
        by: ``trained`` or ``untrained``; ``nothing`` where there was nothing to go by.
        path: The file; ``None`` of bare words.
        id: Of the segment; empty of bare words.
        start_s: Start within a recording or video, seconds.
        end_s: End of it.
        page: Page of a document.
        words: What is written or said there, for people.
    """

    chances: Chances
    modalities: Mapping[Modality, Chances] = field(default_factory=dict)
    weights: Mapping[Modality, float] = field(default_factory=dict)
    opinions: tuple[Opinion, ...] = ()
    by: Literal["trained", "untrained", "nothing"] = "untrained"
    path: Path | None = None
    id: str = ""
    start_s: float | None = None
    end_s: float | None = None
    page: int | None = None
    words: str = ""

    @property
    def valence(self) -> float:
        """−1…1."""
        return valence_of(self.chances)

    @property
    def label(self) -> Label:
        """The most probable label."""
        return label_of(self.chances)

    @property
    def disagreement(self) -> float:
        """Half the greatest distance of the valences of two modalities, 0–1."""
        valences = [valence_of(chances) for chances in self.modalities.values()]
        return max((abs(a - b) / 2 for a, b in combinations(valences, 2)), default=0.0)

    @property
    def contradiction(self) -> tuple[Modality, Modality] | None:
        """The gladdest and the saddest modality, where one is glad and the other sad.

        It makes the segment a candidate for irony, or for a picture that does not fit its words; a
        machine that weighs words cannot tell which.
        """
        if len(self.modalities) < 2:
            return None
        order = sorted(self.modalities, key=lambda name: valence_of(self.modalities[name]))
        sad, glad = order[0], order[-1]
        low, high = (valence_of(self.modalities[name]) for name in (sad, glad))
        return (glad, sad) if low <= -CONTRADICTS and high >= CONTRADICTS else None

    def to_json(self) -> dict[str, Any]:
        """Plain values, for ``--json``."""
        return {
            "path": None if self.path is None else str(self.path),
            "id": self.id,
            "start_s": self.start_s,
            "end_s": self.end_s,
            "page": self.page,
            **judged_json(self.chances),
            "by": self.by,
            "weights": {name: round(share, 4) for name, share in self.weights.items()},
            "modalities": {name: judged_json(one) for name, one in self.modalities.items()},
            "opinions": [opinion.to_json() for opinion in self.opinions],
            "disagreement": round(self.disagreement, 4),
            "contradiction": list(self.contradiction or ()),
            "words": self.words,
        }


@dataclass(frozen=True, slots=True)
class Sentiments(Sequence[Sentiment]):
    """The sentiments of some segments, in order, and what should be known about them.

    Attributes:
        each: One a segment.
        notes: Sentences: files that were refused, voices that could not be measured.
    """

    each: tuple[Sentiment, ...] = ()
    notes: tuple[str, ...] = ()

    @overload
    def __getitem__(self, index: int) -> Sentiment: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[Sentiment, ...]: ...
    def __getitem__(self, index: int | slice) -> Sentiment | tuple[Sentiment, ...]:
        return self.each[index]

    def __len__(self) -> int:
        return len(self.each)

    def overall(self) -> Chances:
        """The mean of all, each as much as it is long (a picture, a note: as one second).

        Segments about which nothing said anything do not count.
        """
        said = [one for one in self.each if one.by != "nothing"]
        lengths = [_length_s(one) for one in said]
        if not said:
            return UNKNOWN
        total = sum(lengths)
        mean = [
            sum(length * one.chances[place] for one, length in zip(said, lengths, strict=True))
            for place in range(3)
        ]
        return (mean[0] / total, mean[1] / total, mean[2] / total)

    def svg(self, title: str = "Sentiment") -> str:
        """The curve as an SVG picture; see :mod:`mmqa.applications.sentiment.curve`."""
        from mmqa.applications.sentiment.curve import svg

        return svg(self.each, title)

    def plot(self, path: Path, title: str = "Sentiment") -> Path:
        """Write the curve, as PNG or, where the name ends so, as SVG.

        Raises:
            UsageError: The name ends otherwise, or the file cannot be written.
        """
        from mmqa.applications.sentiment.curve import write

        return write(self.each, path, title)


UNKNOWN: Chances = (1 / 3, 1 / 3, 1 / 3)
"""Where nothing says anything."""


def judged_json(chances: Chances) -> dict[str, Any]:
    """Label, valence and chances as plain values."""
    return {
        "label": label_of(chances),
        "valence": round(valence_of(chances), 4),
        "chances": {name: round(p, 4) for name, p in zip(LABELS, chances, strict=True)},
    }


def _length_s(one: Sentiment) -> float:
    if one.start_s is None or one.end_s is None:
        return 1.0
    return max(one.end_s - one.start_s, 1e-3)
