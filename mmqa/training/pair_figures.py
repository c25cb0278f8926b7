"""How well words find pictures and pictures find words among the pairs of one side.

Knows: which pictures and texts of a side belong together, and that scores are made as search makes
them, hubness included. Refuses to know: how a mapping was trained.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mmqa.evaluation.metrics import Interval, bootstrap_interval, ranks
from mmqa.interfaces import CrossModalMapping
from mmqa.records import Floats, ImageFeatures
from mmqa.training.pair_split import Side
from mmqa.training.pair_table import Numbers, PairData

AT = (1, 5, 10)
LIKELIHOOD_TEMPERATURE = 0.1
LEAST_RECORDINGS = 4
"""On fewer held-out recordings there is no figure."""
Direction = str
DIRECTIONS: tuple[Direction, Direction] = ("text to picture", "picture to text")


@dataclass(frozen=True, slots=True, eq=False)
class Gallery:
    """The pictures and texts of one side, each once.

    Attributes:
        pictures: int64 (p,), rows of pictures; no copies.
        texts: int64 (t,), rows of texts.
        relevant: bool (t, p), which belong together.
    """

    pictures: Numbers
    texts: Numbers
    relevant: NDArray[np.bool_]

    @staticmethod
    def of(data: PairData, side: Side) -> Gallery:
        """The gallery of a side."""
        links = data.seen.on(side)
        origins = data.origin[links.left]
        pictures, picture = np.unique(origins, return_inverse=True)
        texts, text = np.unique(links.right, return_inverse=True)
        relevant = np.zeros((len(texts), len(pictures)), np.bool_)
        relevant[text, picture] = True
        return Gallery(pictures, texts, relevant)


@dataclass(frozen=True, slots=True, eq=False)
class Vectors:
    """A gallery as a mapping sees it.

    Attributes:
        pictures: float32 (p, d), mapped.
        texts: float32 (t, d), as encoded.
        asked_pictures: float32 (t, d), the texts as they ask pictures.
        asked_words: float32 (p, d), the pictures as they ask words.
        picture_hubs: float32 (p,), taken from a picture's score when words ask.
        text_hubs: float32 (t,), taken from a text's score when a picture asks.
    """

    pictures: Floats
    texts: Floats
    asked_pictures: Floats
    asked_words: Floats
    picture_hubs: Floats
    text_hubs: Floats

    def scores(self) -> tuple[Floats, Floats]:
        """What search scores: texts with pictures (t, p), and pictures with texts (p, t)."""
        by_words = self.asked_pictures @ self.pictures.T - self.picture_hubs[None, :]
        by_pictures = self.asked_words @ self.texts.T - self.text_hubs[None, :]
        return by_words, by_pictures

    def ranks(self, relevant: NDArray[np.bool_]) -> dict[Direction, NDArray[np.int64]]:
        """Direction → rank from 1 of the best right answer to each question."""
        (there, back), (by_words, by_pictures) = DIRECTIONS, self.scores()
        return {there: ranks(by_words, relevant), back: ranks(by_pictures, relevant.T)}

    def likelihood(self, relevant: NDArray[np.bool_]) -> float:
        """How probable right answers are, 0–1: what training is stopped by.

        The geometric mean over questions, of both directions alike, of the share that right answers
        have in softmax(scores / 0.1). On a side of some dozens of pictures ranks hardly move while
        a mapping gets better; every score moves this.
        """
        means = [
            np.log((_softmax(scores / LIKELIHOOD_TEMPERATURE) * right).sum(axis=1)).mean()
            for scores, right in zip(self.scores(), (relevant, relevant.T), strict=True)
        ]
        return float(np.exp(np.mean(means)))


def vectors(mapping: CrossModalMapping, data: PairData, gallery: Gallery) -> Vectors:
    """What a mapping makes of a gallery, as an index would hold it."""
    mapped = mapping.map(rows(data.pictures, gallery.pictures))
    texts = data.vectors[gallery.texts]
    return Vectors(
        pictures=mapped,
        texts=texts,
        asked_pictures=mapping.ask_pictures(texts),
        asked_words=mapping.ask_words(mapped),
        picture_hubs=mapping.hubness(mapped),
        text_hubs=mapping.picture_hubness(texts),
    )


def rows(features: ImageFeatures, numbers: Numbers) -> ImageFeatures:
    """Some rows of the features."""
    chances = features.probabilities
    return ImageFeatures(features.pooled[numbers], None if chances is None else chances[numbers])


def _softmax(logits: Floats) -> NDArray[np.float64]:
    raised = np.exp(logits.astype(np.float64) - logits.max(axis=1, keepdims=True))
    shares: NDArray[np.float64] = raised / raised.sum(axis=1, keepdims=True)
    return shares


def gain(
    before: Mapping[Direction, NDArray[np.int64]], after: Mapping[Direction, NDArray[np.int64]]
) -> Interval:
    """What 1 / rank gained over the questions of both directions together: the one verdict.

    >>> before, after = ({"a": np.array([a]), "b": np.array([b])} for a, b in ((2, 4), (1, 2)))
    >>> gain(before, after).mean
    0.375
    """
    gained = [1 / after[name] - 1 / before[name] for name in before]
    return bootstrap_interval(np.concatenate(gained))


@dataclass(frozen=True, slots=True)
class Compared:
    """One figure before and after training, on the same questions.

    Attributes:
        name: ``text to picture R@10``.
        before: With the mapping that training started from.
        after: With the trained one.
        gain: after − before, with the interval of paired questions.
        chance: What guessing would give.
    """

    name: str
    before: Interval
    after: Interval
    gain: Interval
    n: int
    chance: float


def compared(
    before: Mapping[Direction, NDArray[np.int64]],
    after: Mapping[Direction, NDArray[np.int64]],
    relevant: NDArray[np.bool_],
) -> tuple[Compared, ...]:
    """R@1, R@5 and R@10 both ways, with 95 % bootstrap intervals over questions."""
    return tuple(
        _compared(f"{direction} R@{k}", (before[direction], after[direction]), share, k)
        for direction, share in zip(DIRECTIONS, (relevant, relevant.T), strict=True)
        for k in AT
    )


def compared_speech(
    before: CrossModalMapping, after: CrossModalMapping, data: PairData, side: Side
) -> tuple[Compared, ...]:
    """How often what was heard, asking as words ask pictures, lies nearest to what was said.

    It checks the transcriber on the user's own recordings, and what the text tower does about its
    slips. Empty where a side has hardly any recordings.
    """
    links = data.heard.on(side)
    heard, left = np.unique(links.left, return_inverse=True)
    said, right = np.unique(links.right, return_inverse=True)
    if len(heard) < LEAST_RECORDINGS:
        return ()
    relevant = np.zeros((len(heard), len(said)), np.bool_)
    relevant[left, right] = True
    both = [
        ranks(
            one.ask_pictures(data.vectors[heard]) @ one.ask_pictures(data.vectors[said]).T, relevant
        )
        for one in (before, after)
    ]
    return (_compared("heard to said R@1", (both[0], both[1]), relevant, 1),)


def _compared(
    name: str,
    both: tuple[NDArray[np.int64], NDArray[np.int64]],
    relevant: NDArray[np.bool_],
    k: int,
) -> Compared:
    old, new = ((found <= k).astype(np.float32) for found in both)
    before, after, gain = (bootstrap_interval(values) for values in (old, new, new - old))
    return Compared(name, before, after, gain, len(old), _chance(relevant, k))


def leave_one_out_hubness(vectors: Floats, bank: Floats, same: NDArray[np.bool_]) -> Floats:
    """Hubness of rows (n, d) in a bank (m, d) that holds them too: ``same`` (n, m) is left out."""
    kept = np.where(same, -np.inf, vectors @ bank.T)
    k = min(10, int((~same).sum(axis=1).min()))
    nearest = np.partition(kept, -k, axis=1)[:, -k:] if k else np.zeros((len(vectors), 1))
    return np.asarray(nearest.mean(axis=1) / 2, np.float32)


def _chance(relevant: NDArray[np.bool_], k: int) -> float:
    """Share of questions that k answers drawn at random would hit (hypergeometric)."""
    total = relevant.shape[1]
    k = min(k, total)
    chances = []
    for right in relevant.sum(axis=1):
        missed = 1.0
        for drawn in range(k):
            missed *= max(0, total - int(right) - drawn) / (total - drawn)
        chances.append(1 - missed)
    return float(np.mean(chances))
