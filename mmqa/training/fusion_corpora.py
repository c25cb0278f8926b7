"""What the shipped fusers are fitted to: the fitting sides of the mixed collection.

Knows: which side teaches and which chooses, and that no picture may be seen as the mapping sees
what it was fitted to. Refuses to know: the test side; it is never opened here.

Learned from are the questions of the side ``train`` of :mod:`mmqa.evaluation.mixed`, and weak ones
of its files (``fusion_questions``); training stops by the questions of the side ``development``.
The shipped mapping was fitted to the drawings of both, so its vectors of them are better than those
of a picture that it never saw: a fuser that learned from them, or anything that is chosen by them,
would trust pictures too much. Each drawing therefore takes the vector of a fit that did not see its
concept (``mapping.unseen``); photographs (Tux Paint's stamps) were never fitted to.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from mmqa.corpora.concepts import Side
from mmqa.corpora.fetch import fetch
from mmqa.evaluation import mixed, mixed_sources
from mmqa.evaluation.collection import Collection
from mmqa.evaluation.mixed_plan import plan
from mmqa.interfaces import CrossModalMapping, Progress
from mmqa.parts import Parts
from mmqa.records import Features, Floats, Modality
from mmqa.segmenting import with_hubness
from mmqa.training.drawings import Drawing
from mmqa.training.fusion_data import FusionData
from mmqa.training.fusion_questions import Worded, encoded, weak
from mmqa.training.kernel_ridge import Settings as Ridge
from mmqa.training.mapping import fitting_set, texts_of, unseen
from mmqa.training.texts import class_texts

Source = tuple[str, str]
"""Where a picture comes from: the corpus, and which one of it."""


def gather(
    parts: Parts, folder: Path | None = None, progress: Progress | None = None
) -> FusionData:
    """The data of the shipped fusers, by the configured models.

    Args:
        parts: Gives encoders and mapping; the mapping must be the shipped closed form.
        folder: Where corpora are kept; ``None`` means the default.
        progress: Told of fetching, adding and encoding.

    Raises:
        CorpusError: A corpus cannot be fetched.
    """
    taught, chosen_by = fitting_sides(parts, folder, progress)
    return joined(taught, chosen_by, parts)


def fitting_sides(
    parts: Parts, folder: Path | None = None, progress: Progress | None = None
) -> tuple[Collection, Collection]:
    """The sides ``train`` and ``development``, each drawing as a mapping sees what is new to it.

    Raises:
        CorpusError: A corpus cannot be fetched.
    """
    unfitted = unfitted_vectors(parts, folder, progress)
    sides: tuple[Side, Side] = ("train", "development")
    taught, chosen_by = (
        with_unfitted(
            mixed.load(side, parts.config, folder, progress),
            origins(side, folder),
            unfitted,
            parts.mapping,
        )
        for side in sides
    )
    return taught, chosen_by


def origins(side: Side, folder: Path | None = None) -> dict[str, Source]:
    """File name → where its content comes from."""
    sources = mixed_sources.collect(side, folder)
    planned = plan(
        mixed.words()[side],
        sources.pictured,
        sources.spoken,
        sources.definitions,
        mixed.SIZES[side],
        seed=f"mmqa mixed {mixed.VERSION} {side}",
    )
    return {one.path.rpartition("/")[2]: (one.source, one.key) for one in planned}


def unfitted_vectors(
    parts: Parts, folder: Path | None = None, progress: Progress | None = None
) -> dict[Source, Floats]:
    """Vectors of the drawings of the fitting sides, each by a fit that did not see its concept."""
    settings, encoder = Ridge(), parts.text_encoder
    fitted = fitting_set(parts.image_encoder, encoder, folder, progress)
    classes = class_texts(fetch("imagenet-classes", folder=folder, progress=progress))
    texts = texts_of(fitted.drawings, encoder, classes, settings)
    found = unseen(fitted.drawings, fitted.features, texts, settings)
    return {_source(one): row for one, row in zip(fitted.drawings, found, strict=True)}


def _source(drawing: Drawing) -> Source:
    key = drawing.emoji.hexcode
    if drawing.source == "openclipart":
        key = f"{drawing.emoji.group}/{key}"  # folders hold files of the same name
    return drawing.source, key


def with_unfitted(
    collection: Collection,
    origin: Mapping[str, Source],
    unfitted: Mapping[Source, Floats],
    mapping: CrossModalMapping,
) -> Collection:
    """The collection with those vectors in place of the mapping's own, and hubness to match."""
    vectors: list[dict[Modality, Floats]] = []
    for segment, features in zip(collection.segments, collection.features, strict=True):
        found = unfitted.get(origin.get(segment.path.name, ("", "")))
        row = dict(features.vectors)
        if found is not None and "visual" in row:
            row["visual"] = found
        vectors.append(row)
    return replace(collection, features=tuple(with_hubness(vectors, mapping)))


def joined(taught: Collection, chosen_by: Collection, parts: Parts, *, seed: int = 0) -> FusionData:
    """One pool of both sides' segments; the questions of the second are kept back."""
    segments = [*taught.segments, *chosen_by.segments]
    features: list[Features] = [*taught.features, *chosen_by.features]
    first = len(taught.segments)
    asked = [*_asked(taught, 0), *_asked(chosen_by, first)]
    asked += weak(taught.segments, random.Random(seed))
    questions = encoded(asked, parts.text_encoder)
    kept = np.array([min(one.segments) >= first for one in questions])
    groups = np.arange(len(segments), dtype=np.int64)
    return FusionData(tuple(features), groups, tuple(questions), kept)


def _asked(collection: Collection, first: int) -> list[Worded]:
    """Questions in words, of segments that are counted from ``first``."""
    places: dict[Path, list[int]] = {}
    for number, segment in enumerate(collection.segments, start=first):
        places.setdefault(segment.path, []).append(number)
    return [
        Worded(one.question, tuple(sorted(number for path in paths for number in places[path])))
        for one, paths in collection.questions
        if one.question and one.image is None
    ]


def corpora_notes(names: Sequence[Side] = ("train", "development")) -> dict[str, str]:
    """What is kept with the weights, for people."""
    return {"collection": f"mixed {mixed.VERSION}: {', '.join(names)}"}
