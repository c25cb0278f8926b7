"""Text → picture and picture → text on photographs of objects, animals, food and places.

Knows: the protocol, and what the closed form of commit f3fe4e7 scored on each question. Refuses to
know: how anything was fitted; nothing here may be tuned on.

Text → picture asks each label once; every photograph with that label is right, and the first right
one counts. Picture → text ranks the labels for each photograph. Scores as in the product: a
question's similarity less the hubness of what is found, in the text bank where words ask and in the
picture bank where a picture does.

Beside it: ConSE alone (no regression, no fit to any picture), and the closed form as it was before
fits to drawings were extended. The latter's rank of every question is frozen in
``data/photographs_closed_form.json``, so that the comparison is paired: the mapping has *not lost*
where the difference is at least zero within its 95 % interval.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from math import comb
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mmqa.corpora.fetch import fetch
from mmqa.evaluation import photographs
from mmqa.evaluation.metrics import bootstrap_interval, ranks
from mmqa.evaluation.photographs import Photograph
from mmqa.evaluation.report import Figure, Report
from mmqa.interfaces import CrossModalMapping, ImageEncoder, Progress, TextEncoder
from mmqa.mapping.closed_form import conse, hubness, normalize
from mmqa.records import Floats, ImageFeatures
from mmqa.training.kernel_ridge import Settings, without
from mmqa.training.texts import class_texts, class_vectors

CUTS = (1, 5, 10)
FROZEN = "photographs_closed_form.json"
DIRECTIONS = ("text → picture", "picture → text")


@dataclass(frozen=True, slots=True)
class Found:
    """Rank from 1 of the first right item, for each question of each direction.

    Attributes:
        ranks: Direction → question → rank. A question is a label, or a package and file.
        chance: Direction → recall at k of guessing, for each of :data:`CUTS`.
    """

    ranks: Mapping[str, Mapping[str, int]]
    chance: Mapping[str, Mapping[int, float]]


def run(
    image_encoder: ImageEncoder,
    text_encoder: TextEncoder,
    mapping: CrossModalMapping,
    *,
    folder: Path | None = None,
    progress: Progress | None = None,
) -> Report:
    """Measure a mapping on the photographs.

    Args:
        image_encoder: Pictures → features.
        text_encoder: Labels → vectors.
        mapping: What is measured.
        folder: Where corpora are kept; ``None`` means the default.
        progress: Told of fetching and encoding.

    Raises:
        CorpusError: A package cannot be fetched.
    """
    listed = photographs.listed()
    features = photographs.encode(listed, image_encoder, folder, progress)
    questions = text_encoder.encode(photographs.labels(listed))
    found = measure(listed, mapping.map(features), questions, mapping)
    alone = ConseAlone(text_encoder, mapping.bank, folder, progress)
    yardstick = measure(listed, alone.map(features), questions, alone)
    return report(found, yardstick, frozen())


class ConseAlone:
    """ConSE without the regression: a picture is the mean of its class names' vectors.

    Args:
        text_encoder: Embeds the class names.
        bank: float32 (n, d), the text bank for hubness.
        folder: Where corpora are kept.
        progress: Told of fetching.
    """

    def __init__(
        self,
        text_encoder: TextEncoder,
        bank: Floats,
        folder: Path | None = None,
        progress: Progress | None = None,
    ) -> None:
        texts = class_texts(fetch("imagenet-classes", folder=folder, progress=progress))
        self._classes = without(class_vectors(texts, text_encoder), bank.mean(axis=0))
        self._bank = bank
        self._temperature = Settings().temperature

    def map(self, features: ImageFeatures) -> Floats:
        """n pictures → float32 (n, d), unit rows."""
        assert features.probabilities is not None
        return normalize(conse(features.probabilities, self._classes, self._temperature))

    def hubness(self, vectors: Floats) -> Floats:
        """Of each of (n, d) rows, in the text bank."""
        return hubness(vectors, self._bank)

    def picture_hubness(self, vectors: Floats) -> Floats:
        """There is no bank of pictures: as in the text bank."""
        return hubness(vectors, self._bank)

    def ask_pictures(self, vectors: Floats) -> Floats:
        """Words ask as they are."""
        return vectors

    def ask_words(self, vectors: Floats) -> Floats:
        """Pictures ask as they are."""
        return vectors


def measure(
    listed: Sequence[Photograph],
    pictures: Floats,
    questions: Floats,
    mapping: CrossModalMapping | ConseAlone,
) -> Found:
    """Ranks in both directions.

    Args:
        listed: n photographs.
        pictures: float32 (n, d), mapped.
        questions: float32 (q, d), the labels in alphabetical order.
        mapping: Gives hubness and how one side asks the other.
    """
    names = photographs.labels(listed)
    right = np.array([[p.label == name for p in listed] for name in names])
    forward = mapping.ask_pictures(questions) @ pictures.T - mapping.hubness(pictures)[None, :]
    backward = (
        mapping.ask_words(pictures) @ questions.T - mapping.picture_hubness(questions)[None, :]
    )
    keys = [f"{p.package}/{p.file}" for p in listed]
    found = zip((names, keys), (forward, backward), (right, right.T), strict=True)
    by_direction = [
        (dict(zip(asked, map(int, ranks(scores, relevant)), strict=True)), _chances(relevant))
        for asked, scores, relevant in found
    ]
    return Found(
        {d: r for d, (r, _) in zip(DIRECTIONS, by_direction, strict=True)},
        {d: c for d, (_, c) in zip(DIRECTIONS, by_direction, strict=True)},
    )


def frozen() -> dict[str, dict[str, int]]:
    """Direction → question → rank, as the closed form of commit f3fe4e7 had them."""
    file = resources.files("mmqa.evaluation").joinpath("data", FROZEN)
    ranks_: dict[str, dict[str, int]] = json.loads(file.read_text(encoding="utf-8"))["ranks"]
    return ranks_


def report(found: Found, alone: Found, before: Mapping[str, Mapping[str, int]]) -> Report:
    """Recall of the mapping and of ConSE alone, and the paired difference to the frozen ranks."""
    figures = []
    for direction in DIRECTIONS:
        now, then = found.ranks[direction], before[direction]
        for k in CUTS:
            chance = found.chance[direction][k]
            figures.append(_recall(f"{direction} R@{k}", now, k, chance))
            figures.append(_recall(f"{direction} R@{k}, ConSE alone", alone.ranks[direction], k))
            figures.append(_recall(f"{direction} R@{k}, closed form of f3fe4e7", then, k))
            figures.append(_difference(f"{direction} R@{k}, gained since f3fe4e7", now, then, k))
    return Report(
        "retrieval: photographs",
        tuple(figures),
        {
            "photographs": len(found.ranks[DIRECTIONS[1]]),
            "labels": len(found.ranks[DIRECTIONS[0]]),
            "labels are": "written by hand from contact sheets, before any model was asked",
            "not lost": "the difference to the frozen ranks, paired, is not below 0 by more than "
            "half its 95 % interval (its upper end is 0 or more)",
        },
    )


def _recall(name: str, found: Mapping[str, int], k: int, chance: float | None = None) -> Figure:
    hits = (np.array(list(found.values())) <= k).astype(np.float32)
    interval = bootstrap_interval(hits)
    return Figure(name, interval.mean, len(hits), interval.low, interval.high, chance)


def _difference(name: str, now: Mapping[str, int], then: Mapping[str, int], k: int) -> Figure:
    """Paired by question; the target says that its upper end reaches zero."""
    asked = sorted(now.keys() & then.keys())
    gained = np.array([float(now[q] <= k) - float(then[q] <= k) for q in asked], np.float32)
    found = bootstrap_interval(gained)
    target = found.mean - found.high
    return Figure(name, found.mean, len(asked), found.low, found.high, target=target)


def _chances(relevant: NDArray[np.bool_]) -> dict[int, float]:
    """Mean over questions of the share of draws of k from m that hold one of r right ones."""
    m = relevant.shape[1]
    rights = [int(count) for count in relevant.sum(axis=1)]
    return {
        k: float(np.mean([1 - comb(m - r, min(k, m)) / comb(m, min(k, m)) for r in rights]))
        for k in CUTS
    }
