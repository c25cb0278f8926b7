"""Text → picture on drawings of concepts that the mapping was never fitted to.

Knows: the protocol. Refuses to know: how anything was fitted; nothing here may be tuned on.

Gallery: one OpenMoji picture for each held-out concept that has a depicted meaning (the first in
the package's order; skin tones, genders, colours, directions and counts of one thing are one
concept, so a concept stands in the gallery once and has one right answer). Question: the picture's
annotation as it is, e.g. ``red apple``. Score: as in the product, ⟨q, x⟩ − h(x), with x the mapped
picture and h its hubness among the text bank; picture → text ranks the same annotations by
⟨x, q⟩ − g(q), with g the text's hubness among the picture bank. Beside it: the same concepts as
drawn in Noto Color Emoji where the font has them, and, of the OpenMoji questions, those of whose
family (head noun) nothing was fitted on.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mmqa.corpora import concepts
from mmqa.evaluation.metrics import Interval, ranks, recall_interval
from mmqa.interfaces import CrossModalMapping, ImageEncoder, Progress, TextEncoder
from mmqa.records import Floats, ImageFeatures
from mmqa.training.drawings import Drawing, collect, encode

CUTS = (1, 5, 10)
REQUIRED = {
    "openmoji: text → picture": {1: 0.25, 10: 0.66},
    "openmoji: picture → text": {10: 0.60},
}
"""Recall at k that the project asks for."""


@dataclass(frozen=True, slots=True)
class Task:
    """Figures of one direction on one gallery.

    Attributes:
        name: What is asked of what.
        n: Questions, and items in the gallery.
        gallery: Items in the gallery.
        recall: k → recall with its interval.
    """

    name: str
    n: int
    gallery: int
    recall: Mapping[int, Interval]

    def chance(self, k: int) -> float:
        """Recall at k of guessing."""
        return min(1.0, k / self.gallery)


@dataclass(frozen=True, slots=True)
class Report:
    """What ``mmqa eval retrieval --suite openmoji`` says."""

    tasks: tuple[Task, ...]
    passed: bool

    def to_json(self) -> dict[str, Any]:
        """Plain values, for ``--json``."""
        return {
            "suite": "openmoji",
            "passed": self.passed,
            "tasks": [asdict(t) for t in self.tasks],
        }

    def lines(self) -> list[str]:
        """A table for people."""
        out = ["Held-out concepts; recall with 95 % bootstrap interval, and (chance)."]
        for task in self.tasks:
            cells = [
                f"R@{k} {r.mean:.3f} [{r.low:.3f}, {r.high:.3f}] ({task.chance(k):.3f})"
                for k, r in task.recall.items()
            ]
            out.append(f"{task.name}: n = {task.n} among {task.gallery}")
            out.extend(f"    {cell}" for cell in cells)
        for task in self.tasks:
            for k, bound in REQUIRED.get(task.name, {}).items():
                word = "met" if task.recall[k].mean >= bound else "NOT met"
                out.append(f"Required of {task.name}: R@{k} ≥ {bound}: {word}.")
        return out


def run(
    image_encoder: ImageEncoder,
    text_encoder: TextEncoder,
    mapping: CrossModalMapping,
    *,
    folder: Path | None = None,
    progress: Progress | None = None,
) -> Report:
    """Measure the mapping on the held-out side.

    Args:
        image_encoder: Pictures → features.
        text_encoder: Annotations → vectors.
        mapping: What is measured.
        folder: Where corpora are kept; ``None`` means the default.
        progress: Told of fetching and encoding.

    Raises:
        CorpusError: A corpus cannot be fetched.
    """
    drawings = collect(folder, progress)
    features = encode(drawings, image_encoder, folder, progress)
    fitted = {concepts.family(d.emoji.annotation) for d in drawings if d.side != "test"}
    tasks: list[Task] = []
    for source in ("openmoji", "noto"):
        chosen = gallery(drawings, "test", source)
        held = [drawings[i] for i in chosen]
        questions = text_encoder.encode([d.emoji.annotation for d in held])
        pictures = mapping.map(_rows(features, chosen))
        forward, backward = score(questions, pictures, mapping)
        found = ranks(forward, np.eye(len(held), dtype=bool))
        tasks.append(_task(f"{source}: text → picture", found, len(held)))
        returned = ranks(backward, np.eye(len(held), dtype=bool))
        tasks.append(_task(f"{source}: picture → text", returned, len(held)))
        far = np.array([concepts.family(d.emoji.annotation) not in fitted for d in held])
        tasks.append(_task(f"{source}: text → picture, unseen family", found[far], len(held)))
    passed = all(
        task.recall[k].mean >= bound
        for task in tasks
        for k, bound in REQUIRED.get(task.name, {}).items()
    )
    return Report(tuple(tasks), passed)


def gallery(drawings: Sequence[Drawing], side: concepts.Side, source: str) -> list[int]:
    """Places of the first drawing of each depicted concept on one side, by one hand."""
    first: dict[str, int] = {}
    for place, drawing in enumerate(drawings):
        if drawing.source == source and drawing.side == side and drawing.depicted:
            first.setdefault(drawing.concept, place)
    return list(first.values())


def score(questions: Floats, pictures: Floats, mapping: CrossModalMapping) -> tuple[Floats, Floats]:
    """Scores (n, m) of pictures for each question, and (m, n) of texts for each picture."""
    forward: Floats = mapping.ask_pictures(questions) @ pictures.T - mapping.hubness(pictures)
    backward: Floats = mapping.ask_words(pictures) @ questions.T
    backward -= mapping.picture_hubness(questions)
    return forward, backward


def _rows(features: ImageFeatures, places: Sequence[int]) -> ImageFeatures:
    assert features.probabilities is not None
    chosen = list(places)
    return ImageFeatures(features.pooled[chosen], features.probabilities[chosen])


def _task(name: str, found: NDArray[np.int64], size: int) -> Task:
    return Task(name, len(found), size, {k: recall_interval(found, k) for k in CUTS})
