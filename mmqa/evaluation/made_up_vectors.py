"""Vectors that lie as real embeddings do, as many as wanted, in no file.

Knows: the statistics of real embeddings that decide how hard neighbours are to find, and a mixture
that has them. Refuses to know: indexes.

A common direction, 300 topics, 12,000 subtopics whose sizes fall off with their rank (Zipf), files
of six segments on average that resemble each other, and noise whose strength differs by subtopic;
each part has a spectrum that falls off slowly. 6,000 vectors of all-MiniLM-L6-v2 (384 dimensions,
descriptions of functions in Python packages) beside 6,000 of these (198 dimensions, one a file), as
:func:`statistics` measures them:

=======================================  =======  =======
..                                       real     made up
=======================================  =======  =======
cosine of two at random, mean            .156     .179
cosine of two at random, deviation       .132     .131
cosine to the nearest                    .763     .754
cosine to the 10th nearest               .599     .628
cosine to the 100th nearest              .467     .460
intrinsic dimension (20 nearest)         14.3     22.6
dimensions that hold half the variance   28       29
=======================================  =======  =======

The intrinsic dimension (maximum likelihood; Levina and Bickel 2004, eq. 8) is higher than the real
one, which makes neighbours harder to find, not easier.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mmqa.records import Floats

TOPICS = 300
SUBTOPICS = 12_000
SEGMENTS_A_FILE = 6
MOST_SEGMENTS = 60
FILES_AT_ONCE = 2_000
VISUAL_SHARE = 0.67
TEXT_SHARE = 0.7
"""Of the segments that have a visual vector; those without always have one of text."""

_COMMON, _TOPIC, _SUBTOPIC, _NOISE = 0.45, 0.6, 0.6, 0.5


@dataclass(frozen=True, slots=True, eq=False)
class MadeUpFile:
    """One file.

    Attributes:
        topic: 0 to ``TOPICS`` − 1.
        visual: float32 (n, d), unit rows; zero where a segment has none.
        text: float32 (n, d), as ``visual``; no segment lacks both.
    """

    topic: int
    visual: Floats
    text: Floats


class MadeUpCorpus:
    """A world that files and questions are drawn from; the same seed gives the same world.

    Args:
        width: Length d of a vector.
        seed: Of the world.
    """

    def __init__(self, width: int, seed: int = 0) -> None:
        rng = np.random.default_rng(seed)
        self.width = width
        self._turn = np.linalg.qr(rng.standard_normal((width, width)))[0].astype(np.float32)
        self._noise_spectrum = _spectrum(width, 0.6)
        shape = _spectrum(width, 0.6)
        topics = _TOPIC * shape * rng.standard_normal((TOPICS, width), np.float32)
        self.parents = rng.integers(0, TOPICS, SUBTOPICS)
        own = _SUBTOPIC * shape * rng.standard_normal((SUBTOPICS, width), np.float32)
        self._centres = topics[self.parents] + own
        self._centres[:, 0] += _COMMON
        shares = 1.0 / np.arange(1, SUBTOPICS + 1)
        self._shares = shares / shares.sum()
        strength = np.exp(rng.normal(np.log(_NOISE), 0.3, SUBTOPICS)).astype(np.float32)
        self._strength = strength * np.float32(np.sqrt(0.5))

    def files(self, segments: int, seed: int) -> Iterator[MadeUpFile]:
        """Files with so many segments in all."""
        rng = np.random.default_rng([1, seed])
        while segments > 0:
            sizes = np.minimum(rng.geometric(1 / SEGMENTS_A_FILE, FILES_AT_ONCE), MOST_SEGMENTS)
            ends = np.minimum(np.cumsum(sizes), segments)
            subtopics, places = self._places(rng, FILES_AT_ONCE)
            owner = np.repeat(np.arange(FILES_AT_ONCE), np.diff(ends, prepend=0))
            visual, text = (self._vectors(rng, subtopics[owner], places[owner]) for _ in range(2))
            seen = rng.random(len(owner)) < VISUAL_SHARE
            said = ~seen | (rng.random(len(owner)) < TEXT_SHARE)
            visual[~seen], text[~said] = 0.0, 0.0
            for number, (start, end) in enumerate(zip([0, *ends[:-1]], ends, strict=True)):
                if start < end:
                    topic = int(self.parents[subtopics[number]])
                    yield MadeUpFile(topic, visual[start:end], text[start:end])
            segments -= int(ends[-1])

    def questions(self, n: int, seed: int) -> Floats:
        """Vectors float32 (n, d) of files that are in no index."""
        rng = np.random.default_rng([2, seed])
        return self._vectors(rng, *self._places(rng, n))

    def _places(self, rng: np.random.Generator, n: int) -> tuple[NDArray[np.int64], Floats]:
        subtopics = rng.choice(SUBTOPICS, n, p=self._shares)
        return subtopics, self._centres[subtopics] + self._noise(rng, subtopics)

    def _vectors(
        self, rng: np.random.Generator, subtopics: NDArray[np.int64], places: Floats
    ) -> Floats:
        turned = (places + self._noise(rng, subtopics)) @ self._turn
        unit: Floats = turned / np.linalg.norm(turned, axis=1, keepdims=True)
        return unit

    def _noise(self, rng: np.random.Generator, subtopics: NDArray[np.int64]) -> Floats:
        drawn = rng.standard_normal((len(subtopics), self.width), np.float32)
        noise: Floats = self._strength[subtopics, None] * self._noise_spectrum * drawn
        return noise


def _spectrum(width: int, exponent: float) -> Floats:
    """Deviations that fall off with the number of the dimension; their squares sum to 1."""
    variance = (np.arange(1, width + 1) + 4.0) ** -exponent
    deviations: Floats = np.sqrt(variance / variance.sum()).astype(np.float32)
    return deviations


def statistics(vectors: Floats, seed: int = 0) -> dict[str, float]:
    """The numbers of the table above, of unit vectors (n, d), n from 201; 500 of them are asked."""
    rng = np.random.default_rng(seed)
    asked = vectors[rng.permutation(len(vectors))[:500]]
    nearest = -np.partition(-(asked @ vectors.T), 100, axis=1)[:, :101]
    nearest = -np.sort(-nearest, axis=1)
    some = vectors[rng.permutation(len(vectors))[:2000]]
    pairs = (some @ some.T)[np.triu_indices(len(some), 1)]
    distance = np.sqrt(np.maximum(2.0 - 2.0 * nearest[:, 1:21], 1e-9))
    spread = np.linalg.eigvalsh(np.cov(vectors[:20_000].T))[::-1]
    return {
        "random": float(pairs.mean()),
        "random_deviation": float(pairs.std()),
        "nearest": float(nearest[:, 1].mean()),
        "nearest_10": float(nearest[:, 10].mean()),
        "nearest_100": float(nearest[:, 100].mean()),
        "intrinsic_dimension": float(
            np.median(-1.0 / np.log(distance[:, :-1] / distance[:, -1:]).mean(axis=1))
        ),
        "half_variance": float(np.searchsorted(np.cumsum(spread) / spread.sum(), 0.5)),
    }
