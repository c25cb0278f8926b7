"""A collection made ready for comparing systems, with the models of one configuration.

Knows: how the product's own parts encode questions, weigh them and look up words, and how pictures
would be mapped by ConSE alone. Refuses to know: which systems are compared.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mmqa import extraction, questions, registry
from mmqa.evaluation.collection import Collection
from mmqa.evaluation.systems import Ground, without
from mmqa.index.catalogue import Catalogue
from mmqa.interfaces import Router
from mmqa.mapping.closed_form import ClosedFormMapping, conse, normalize
from mmqa.media.reader import FileReader
from mmqa.parts import Parts
from mmqa.questions import Asking, Encoded, named, understood
from mmqa.records import Features, Filter, Floats, Picture, Question, Weighing
from mmqa.retrieval.wording import Words


def ground(collection: Collection, parts: Parts) -> Ground:
    """The questions of a collection as vectors and words; encoded when first asked for.

    Args:
        collection: What is searched and asked.
        parts: The models that made its vectors.
    """
    return Ground(
        collection,
        parts.mapping,
        lambda prompt: encode(collection, parts, prompt),
        lambda: lexical(collection, parts),
    )


def encode(collection: Collection, parts: Parts, prompt: str = "") -> list[Encoded]:
    """The questions as vectors, evenly weighed.

    Args:
        collection: Gives the questions.
        parts: The models.
        prompt: A name of the role ``query_prompt``, or empty.

    Raises:
        ConfigError: No prompt has that name.
        MediaError: A picture that asks cannot be read.
    """
    prompts = (registry.load("query_prompt", prompt)(parts),) if prompt else ()
    asking = Asking(
        lambda: parts.text_encoder,
        lambda: parts.image_encoder,
        parts.mapping,
        prompts=lambda: prompts,
        languages=parts.languages,
    )
    asked = [one for one, _ in collection.questions]
    words = asking.encoded_many([one.question for one in asked])
    return [
        asking.encoded(Question(one.question, (_picture(one.image),))) if one.image else encoded
        for one, encoded in zip(asked, words, strict=True)
    ]


def _picture(path: Path) -> Picture:
    (first, *_) = FileReader().read(path).parts
    assert isinstance(first, Picture)
    return first


# --------------------------------------------------------------------------------------- weights


def routed(
    parts: Parts, router: Router | None, *, said: bool, trust: float = 1.0
) -> Callable[[Ground], list[Weighing]]:
    """What weighs questions: a router, the user's explicit words, or both.

    Args:
        parts: Says which words the encoder understands.
        router: ``None``: uniform unless the words say otherwise.
        said: Whether explicit words ("in the picture") decide where there are any.
        trust: How much of the weights is learned, 0–1; the rest is uniform.
    """
    given = (lambda: router) if router is not None else None

    def weigh(ground: Ground) -> list[Weighing]:
        texts = [one.question for one, _ in ground.collection.questions]
        pairs = zip(texts, ground.questions(), strict=True)
        return [one(text, encoded) for text, encoded in pairs]

    def one(text: str, question: Encoded) -> Weighing:
        asked_for = named(text) if said else None
        if asked_for is not None:
            return asked_for
        words, vector = understood(text, parts.languages).words, question.words.get("text")
        return questions.routed(given, text, words, vector, trust)

    return weigh


# ----------------------------------------------------------------------------------------- words


def lexical(collection: Collection, parts: Parts) -> Floats:
    """L of every segment for every question, float32 (q, n); see ``mmqa.retrieval.search``."""
    with closing(Catalogue(collection.index)) as catalogue:
        held = _Held(catalogue)
        found = np.zeros((len(collection.questions), len(held.numbers)), np.float32)
        for row, (asked, _) in enumerate(collection.questions):
            also = understood(asked.question, parts.languages).words
            words = Words(held, [asked.question, *([also] if also else [])])
            if words:
                found[row] = words.scores(held.numbers)
    return found


class _Held:
    """The words of an index, read once."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self.numbers = [number for numbers, _ in catalogue.iter_vectors() for number in numbers]
        self._texts = catalogue.texts(self.numbers)

    @property
    def count(self) -> int:
        return len(self.numbers)

    def document_frequency(self, expressions: Sequence[str]) -> list[int]:
        return self._catalogue.document_frequency(expressions)

    def holding(self, expression: str, where: Filter | None = None) -> NDArray[np.int64]:
        raise NotImplementedError("every segment is scored; none is looked for")

    def texts(self, numbers: Sequence[int]) -> dict[int, str]:
        return {number: self._texts[number] for number in numbers}


# --------------------------------------------------------------------------------------- mapping


def by_conse(
    collection: Collection, mapping: object
) -> Callable[[Sequence[Features]], list[Features]] | None:
    """Features with pictures mapped by ConSE alone (Norouzi et al. 2014), nothing else changed.

    Returns:
        ``None`` where the mapping has no class embeddings, or the index no class probabilities.
    """
    if not isinstance(mapping, ClosedFormMapping):
        return None
    chances = _probabilities(collection)
    vectors: dict[int, Floats] = {}
    for place, segment in enumerate(collection.segments):
        if segment.kind == "image" and segment.sha256 in chances:
            weights = mapping.weights
            row = chances[segment.sha256][None]
            vectors[place] = normalize(conse(row, weights.classes, weights.temperature))[0]
    if not vectors:
        return None
    stacked = np.stack(list(vectors.values()))
    hubs = dict(zip(vectors, mapping.hubness(stacked).tolist(), strict=True))
    among = dict(zip(vectors, mapping.picture_hubness(stacked).tolist(), strict=True))

    def change(features: Sequence[Features]) -> list[Features]:
        return [
            Features(
                {**one.vectors, "visual": vectors[place]},
                {**one.hubness, "visual": hubs[place]},
                {**one.picture_hubness, "visual": among[place]},
            )
            if "visual" in one.vectors and place in vectors
            else one
            for place, one in enumerate(features)
        ]

    return change


def _probabilities(collection: Collection) -> Mapping[str, Floats]:
    """sha256 → class probabilities of pictures, as the index keeps them."""
    found: dict[str, Floats] = {}
    wanted = {segment.sha256 for segment in collection.segments if segment.kind == "image"}
    with closing(Catalogue(collection.index)) as catalogue:
        for sha256, fingerprint in catalogue.all("SELECT sha256, fingerprint FROM extractions"):
            if sha256 in wanted and sha256 not in found:
                payload = catalogue.extraction(sha256, fingerprint)
                extracts = extraction.unpack(payload) if payload else []
                if extracts and extracts[0].probabilities is not None:
                    found[sha256] = extracts[0].probabilities
    return found


def no_pictures(features: Sequence[Features]) -> list[Features]:
    """Features as an index without any mapping would have them: words only."""
    return [without(one, "visual") for one in features]
