"""Text → picture and picture → text on openclipart's drawings that nothing was fitted on.

Knows: the protocol. Refuses to know: how anything was fitted; nothing here may be tuned on.

Gallery: every drawing of the test side whose folder shows what its names say (among them those
without an English name, which are never asked for but may be found wrongly). Question: each concept
once, by the name of its first drawing; every drawing of that concept is right, and the first right
one counts. Picture → text ranks the same questions for each drawing that has a name. Names are weak
captions (``mmqa.corpora.openclipart``): many name what is not to be seen. Scores as in the product.

Beside it, in the same run: ConSE alone, no regression and no fit to any picture. What is promised
is the ratio of the two; its interval resamples the questions, the same ones for both.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mmqa.corpora.fetch import fetch
from mmqa.corpora.openclipart import Drawing
from mmqa.evaluation.metrics import bootstrap_interval, ranks
from mmqa.evaluation.report import Figure, Report
from mmqa.evaluation.retrieval_photographs import ConseAlone
from mmqa.interfaces import CrossModalMapping, ImageEncoder, Progress, TextEncoder
from mmqa.records import Floats
from mmqa.training import clipart

CUTS = (1, 5, 10)
REQUIRED_RATIO = 1.5
"""Of text → picture recall at 10, against ConSE alone."""

LEAST_FILES = 1_500
"""Never fitted on; fewer in the gallery would be another test than was promised."""

_RESAMPLES = 2000


def run(
    image_encoder: ImageEncoder,
    text_encoder: TextEncoder,
    mapping: CrossModalMapping,
    *,
    folder: Path | None = None,
    progress: Progress | None = None,
) -> Report:
    """Measure a mapping on the test side.

    Args:
        image_encoder: Pictures → features.
        text_encoder: Names → vectors.
        mapping: What is measured.
        folder: Where corpora are kept; ``None`` means the default.
        progress: Told of fetching and encoding.

    Raises:
        CorpusError: A package cannot be fetched.
    """
    gallery = clipart.tested(clipart.depicted(folder, progress))
    shown = clipart.encode(gallery, image_encoder, folder, progress)
    asked = questions(gallery)
    vectors = text_encoder.encode([gallery[i].name for i in asked])
    alone = ConseAlone(text_encoder, mapping.bank, folder, progress)
    return report(
        gallery,
        measure(gallery, asked, vectors, mapping.map(shown), mapping),
        measure(gallery, asked, vectors, alone.map(shown), alone),
        fetch("openclipart", folder=folder).name,
    )


def questions(gallery: Sequence[Drawing]) -> list[int]:
    """Places of the first named drawing of each concept, in order."""
    first: dict[str, int] = {}
    for place, drawing in enumerate(gallery):
        if drawing.name:
            first.setdefault(drawing.concept, place)
    return list(first.values())


def measure(
    gallery: Sequence[Drawing],
    asked: Sequence[int],
    vectors: Floats,
    pictures: Floats,
    mapping: CrossModalMapping | ConseAlone,
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Ranks (q,) of the first right picture, and (n named,) of the right name.

    Args:
        gallery: m drawings.
        asked: Places of the q drawings whose names are the questions.
        vectors: float32 (q, d), the questions.
        pictures: float32 (m, d), mapped.
        mapping: Gives hubness and how one side asks the other.
    """
    concepts = np.array([d.concept for d in gallery])
    right = concepts[list(asked)][:, None] == concepts[None, :]
    forward = mapping.ask_pictures(vectors) @ pictures.T - mapping.hubness(pictures)
    named = np.array([bool(d.name) for d in gallery])
    backward = mapping.ask_words(pictures[named]) @ vectors.T - mapping.picture_hubness(vectors)
    return ranks(forward, right), ranks(backward, right.T[named])


def report(
    gallery: Sequence[Drawing],
    found: Sequence[NDArray[np.int64]],
    alone: Sequence[NDArray[np.int64]],
    package: str,
) -> Report:
    """Recall of the mapping and of ConSE alone, and their ratios."""
    sizes = len(gallery), len(found[0])
    figures = []
    for number, direction in enumerate(("text → picture", "picture → text")):
        for k in CUTS:
            ours, theirs = found[number] <= k, alone[number] <= k
            chance = k / sizes[number]
            figures.append(_recall(f"{direction} R@{k}", ours, chance))
            figures.append(_recall(f"{direction} R@{k}, ConSE alone", theirs))
            target = REQUIRED_RATIO if (number, k) == (0, 10) else None
            figures.append(ratio(f"{direction} R@{k}, ratio", ours, theirs, target))
    files = Figure("files never fitted on", sizes[0], sizes[0], target=LEAST_FILES)
    how = {
        "package": package,
        "names": "weak captions: file names, of which an English word list knows the words",
        "chance": "k of the gallery; some concepts have several drawings",
    }
    return Report("retrieval: openclipart", (*figures, files), how)


def ratio(
    name: str,
    ours: NDArray[np.bool_],
    theirs: NDArray[np.bool_],
    target: float | None,
    seed: int = 0,
) -> Figure:
    """Mean of ``ours`` over that of ``theirs``, its interval by resampling the questions of both.

    Where ConSE finds nothing the ratio has no value; such a resample counts as infinite.

    >>> ratio("R@1", np.array([True, True]), np.array([True, False]), 1.5).value
    2.0
    """
    draws = np.random.default_rng(seed).integers(0, len(ours), (_RESAMPLES, len(ours)))
    with np.errstate(divide="ignore", invalid="ignore"):
        ratios = ours[draws].mean(axis=1) / theirs[draws].mean(axis=1)
        value = float(np.mean(ours) / np.mean(theirs))
    low, high = np.quantile(np.nan_to_num(ratios, nan=np.inf), [0.025, 0.975])
    return Figure(name, value, len(ours), float(low), float(high), target=target)


def _recall(name: str, hits: NDArray[np.bool_], chance: float | None = None) -> Figure:
    interval = bootstrap_interval(hits.astype(np.float32))
    return Figure(name, interval.mean, len(hits), interval.low, interval.high, chance)
