"""What each way to word a question anew brings, alone and together, against the question as it is.

Knows: the galleries, the frames in which people ask, and the comparison. Refuses to know: how a
wording is found; nothing here is fitted. Which techniques to use by default is chosen on
``openmoji-development`` alone.

Galleries of pictures: ``openmoji-development`` has the development side's concepts, mapped by fits
that did not see them (rows of the mapping's bank of pictures); ``openmoji``, ``openclipart`` and
``photographs`` are those of ``mmqa.evaluation.retrieval_*``. Each is asked twice: with its names as
they are ("red apple"), and as people ask, the names put into :data:`FRAMES` in turn ("which picture
shows red apple?"). Score: as in the product, a question's vector by ``mmqa.questions.Asking`` less
the pictures' hubness. Every technique is compared with none question by question, by nDCG@10.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from mmqa.corpora import concepts
from mmqa.evaluation import photographs, retrieval_openclipart
from mmqa.evaluation.metrics import Values, measure
from mmqa.evaluation.report import Figure, Report
from mmqa.evaluation.retrieval_openmoji import gallery
from mmqa.evaluation.significance import compare
from mmqa.interfaces import CrossModalMapping, ImageEncoder, Progress, QueryPrompt, TextEncoder
from mmqa.questions import Asking
from mmqa.records import Chunk, Floats, ImageFeatures
from mmqa.training import clipart
from mmqa.training.drawings import collect, encode
from mmqa.training.prompt_vocabulary import shown_pictures

FRAMES = (
    "{}",
    "show me {}",
    "which picture shows {}?",
    "do I have a photo of {}?",
    "what does the {} look like?",
    "find the picture with the {}",
)
"""How people ask for a picture of something."""

NONE = "none"


@dataclass(frozen=True, slots=True, eq=False)
class Gallery:
    """Pictures, and what is asked of them.

    Attributes:
        name: What reports call it.
        asked: q names.
        pictures: float32 (m, d), mapped.
        relevant: (q, m), which pictures a name is right of; at least one each.
    """

    name: str
    asked: Sequence[str]
    pictures: Floats
    relevant: NDArray[np.bool_]

    def first(self, limit: int | None) -> Gallery:
        """The same with only so many questions."""
        return Gallery(self.name, self.asked[:limit], self.pictures, self.relevant[:limit])


@dataclass(frozen=True, slots=True)
class Measured:
    """One technique on one gallery: measures of each question, by name."""

    technique: str
    values: dict[str, Values]


@dataclass(frozen=True, slots=True)
class Tools:
    """What wordings are measured with.

    Attributes:
        image_encoder: Pictures → features.
        text_encoder: Words → vectors.
        mapping: Features → vectors, and how words ask pictures.
    """

    image_encoder: ImageEncoder
    text_encoder: TextEncoder
    mapping: CrossModalMapping


def run(
    tools: Tools,
    prompts: Sequence[QueryPrompt],
    suite: str,
    *,
    limit: int | None = None,
    progress: Progress | None = None,
) -> Report:
    """Measure each technique and all their combinations on one suite.

    Args:
        tools: Encoders and mapping.
        prompts: The techniques.
        suite: A key of :data:`GALLERIES`.
        limit: Only the first so many questions.
        progress: Told of each combination.

    Raises:
        CorpusError: A corpus cannot be fetched.
    """
    shown = GALLERIES[suite](tools, progress).first(limit)
    figures: list[Figure] = []
    for way, frames in (("names", ("{}",)), ("asked", FRAMES)):
        texts = framed(shown.asked, frames)
        found = measured(tools, prompts, shown, texts, progress)
        figures += figures_of(way, found)
    how: dict[str, str | int | float] = {
        "pictures": len(shown.pictures),
        "frames of asked": " | ".join(FRAMES),
        "difference": "nDCG@10 against none, question by question; p by paired randomisation",
    }
    return Report(f"prompts: {suite}", tuple(figures), how)


def measured(
    tools: Tools,
    prompts: Sequence[QueryPrompt],
    shown: Gallery,
    texts: Sequence[str],
    progress: Progress | None = None,
) -> list[Measured]:
    """Every combination of the techniques, none first."""
    found = []
    sets = subsets(prompts)
    hubs = tools.mapping.hubness(shown.pictures)
    for number, chosen in enumerate(sets, start=1):
        name = " + ".join(p.name for p in chosen) or NONE
        scores = asked_with(tools, chosen, texts) @ shown.pictures.T - hubs
        found.append(Measured(name, values(scores, shown.relevant)))
        if progress is not None:
            progress(Chunk("word questions", number, len(sets), "steps"))
    return found


def subsets(prompts: Sequence[QueryPrompt]) -> list[tuple[QueryPrompt, ...]]:
    """All subsets, the smallest first; the order within follows ``prompts``."""
    return [c for size in range(len(prompts) + 1) for c in combinations(prompts, size)]


def asked_with(tools: Tools, prompts: Sequence[QueryPrompt], texts: Sequence[str]) -> Floats:
    """How each text asks pictures, float32 (q, d), by the product's own code."""
    asking = Asking(
        lambda: tools.text_encoder,
        lambda: tools.image_encoder,
        tools.mapping,
        prompts=lambda: tuple(prompts),
    )
    return np.stack([one.words["visual"] for one in asking.encoded_many(texts)])


def framed(names: Sequence[str], frames: Sequence[str]) -> list[str]:
    """Each name in the frame whose turn it is.

    >>> framed(["dog", "cat", "sea"], ["{}", "show me {}"])
    ['dog', 'show me cat', 'sea']
    """
    return [frames[n % len(frames)].format(name) for n, name in enumerate(names)]


def values(scores: Floats, relevant: NDArray[np.bool_]) -> dict[str, Values]:
    """nDCG@10 and Success@10 of each question, from (q, m) scores."""
    order = np.argsort(-scores, axis=1, kind="stable")[:, :100]
    rankings = [[str(place) for place in row] for row in order]
    right = [{str(place) for place in np.flatnonzero(row)} for row in relevant]
    return measure(rankings, right, ("nDCG@10", "Success@10"))


def figures_of(way: str, found: Sequence[Measured]) -> list[Figure]:
    """Measures of every technique, and its paired difference to none."""
    reference = found[0].values["nDCG@10"]
    figures = []
    for one in found:
        n = len(reference)
        label = f"{way}, {one.technique}"
        figures += [
            Figure(f"{label}: {name}", float(values_.mean()), n)
            for name, values_ in one.values.items()
        ]
        if one is not found[0]:
            gained = compare(one.values["nDCG@10"], reference)
            gap = gained.difference
            name = f"{label}: gained (p = {gained.p:.4f})"
            figures.append(Figure(name, gap.mean, n, gap.low, gap.high))
    return figures


# ------------------------------------------------------------------------------------ galleries


def _development(tools: Tools, progress: Progress | None) -> Gallery:
    shown = shown_pictures(collect(progress=progress), tools.mapping)
    kept = [n for n, e in enumerate(shown.emoji) if concepts.side(e.annotation) == "development"]
    names = [shown.emoji[n].annotation for n in kept]
    return Gallery(
        "openmoji-development", names, shown.vectors[kept], np.eye(len(kept), dtype=bool)
    )


def _openmoji(tools: Tools, progress: Progress | None) -> Gallery:
    drawings = collect(progress=progress)
    chosen = gallery(drawings, "test", "openmoji")
    pictures = _mapped(tools, encode(drawings, tools.image_encoder, progress=progress), chosen)
    names = [drawings[place].emoji.annotation for place in chosen]
    return Gallery("openmoji", names, pictures, np.eye(len(chosen), dtype=bool))


def _openclipart(tools: Tools, progress: Progress | None) -> Gallery:
    held = clipart.tested(clipart.depicted(progress=progress))
    features = clipart.encode(held, tools.image_encoder, progress=progress)
    asked = retrieval_openclipart.questions(held)
    right = np.array([[held[n].concept == d.concept for d in held] for n in asked])
    names = [held[n].name for n in asked]
    return Gallery("openclipart", names, tools.mapping.map(features), right)


def _photographs(tools: Tools, progress: Progress | None) -> Gallery:
    listed = photographs.listed()
    names = photographs.labels(listed)
    features = photographs.encode(listed, tools.image_encoder, progress=progress)
    right = np.array([[p.label == name for p in listed] for name in names])
    return Gallery("photographs", names, tools.mapping.map(features), right)


def _mapped(tools: Tools, features: ImageFeatures, chosen: Sequence[int]) -> Floats:
    assert features.probabilities is not None
    rows = list(chosen)
    return tools.mapping.map(ImageFeatures(features.pooled[rows], features.probabilities[rows]))


GALLERIES: dict[str, Callable[[Tools, Progress | None], Gallery]] = {
    "openmoji-development": _development,
    "openmoji": _openmoji,
    "openclipart": _openclipart,
    "photographs": _photographs,
}
"""Suite → its gallery."""
