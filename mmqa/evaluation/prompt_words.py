"""Whether a right word is among the first that are said of a drawing nobody fitted to.

Knows: what right means, and the yardsticks that look at no picture. Refuses to know: how words are
chosen; nothing here may be tuned on.

Pictures: one OpenMoji drawing for each held-out concept that has a depicted meaning, as in
``retrieval_openmoji``. A word is *right* when, in lower case and with every word in the singular,
it equals the drawing's annotation, the head noun of that annotation, or one of the drawing's own
tags; being part of one ("bear" of "teddy bear") is not enough. *Strictly right* leaves tags out.
Beside it, for the same words: what ten words drawn at random would give, and the ten words that are
right of the most drawings of the fitting sides, said of every picture.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from math import comb

import numpy as np

from mmqa.corpora import concepts
from mmqa.corpora.openmoji import Emoji
from mmqa.evaluation.report import Figure, Report, wilson
from mmqa.evaluation.retrieval_openmoji import gallery
from mmqa.interfaces import CrossModalMapping, ImageEncoder, Progress
from mmqa.mapping.prompt_words import VocabularyWords
from mmqa.records import ImageFeatures
from mmqa.training.drawings import Drawing, collect, encode
from mmqa.training.prompt_vocabulary import annotated, counted, normal, right

FIRST = 10
TARGET = 0.5
SIDES: tuple[concepts.Side, concepts.Side] = ("train", "development")
"""What was fitted to."""


def run(
    image_encoder: ImageEncoder,
    mapping: CrossModalMapping,
    words: VocabularyWords,
    *,
    progress: Progress | None = None,
) -> Report:
    """Measure the prompt words on the held-out side of OpenMoji.

    Args:
        image_encoder: Pictures → features.
        mapping: Features → vectors.
        words: What is measured.
        progress: Told of fetching and encoding.

    Raises:
        CorpusError: A corpus cannot be fetched.
    """
    drawings = collect(progress=progress)
    features = encode(drawings, image_encoder, progress=progress)
    chosen = gallery(drawings, "test", "openmoji")
    assert features.probabilities is not None
    held = ImageFeatures(features.pooled[chosen], features.probabilities[chosen])
    said = [[w.word for w in row] for row in words.words(mapping.map(held), k=FIRST)]
    emoji = [drawings[place].emoji for place in chosen]
    known = words.vocabulary.words
    common = most_counted(known, _fitted(drawings))
    return report(said, emoji, known, common)


def report(
    said: Sequence[Sequence[str]],
    emoji: Sequence[Emoji],
    known: Sequence[str],
    common: Sequence[str],
) -> Report:
    """Figures of what was said of n drawings.

    Args:
        said: Of each drawing, the first ten words, best first.
        emoji: The drawings.
        known: All words that might have been said.
        common: Words that would be said of every drawing by one who does not look.
    """
    names = frozenset(normal(word) for word in known)
    figures = [
        share(
            f"a right word among the first {FIRST}", said, emoji, right, known=known, target=TARGET
        ),
        share(
            f"a strictly right word among the first {FIRST}", said, emoji, annotated, known=known
        ),
        share("a right word among the first 8, as shown", [s[:8] for s in said], emoji, right),
        share("a right first word", [s[:1] for s in said], emoji, right),
        share("not looking: the commonest ten", [common] * len(emoji), emoji, right),
        share("not looking: the commonest ten, strictly", [common] * len(emoji), emoji, annotated),
    ]
    how: dict[str, str | int | float] = {
        "words": len(known),
        "right": "equals the annotation, its head noun or a tag, lower case, singular",
        "drawings with a right word in the vocabulary": _covered(emoji, right, names),
        "drawings with a strictly right word in the vocabulary": _covered(emoji, annotated, names),
        "the commonest ten": ", ".join(common),
    }
    misses = [
        f"{one.annotation!r}: {', '.join(row)}"
        for one, row in zip(emoji, said, strict=True)
        if not _any(row, right(one))
    ]
    return Report("words", tuple(figures), how, tuple(misses))


Names = Callable[[Emoji], frozenset[str]]


def share(
    name: str,
    said: Sequence[Sequence[str]],
    emoji: Sequence[Emoji],
    names: Names,
    *,
    known: Sequence[str] = (),
    target: float | None = None,
) -> Figure:
    """Share of drawings of which a right word was said; chance where all words are given."""
    hits = sum(_any(row, names(one)) for row, one in zip(said, emoji, strict=True))
    low, high = wilson(hits, len(emoji))
    chance = guessing(known, [names(one) for one in emoji]) if known else None
    return Figure(name, hits / len(emoji), len(emoji), low, high, chance=chance, target=target)


def guessing(known: Sequence[str], names: Sequence[frozenset[str]], k: int = FIRST) -> float:
    """How often k different words drawn at random hold a right one: 1 − C(m − r, k) / C(m, k).

    >>> guessing(["dog", "cat", "sea", "sky"], [frozenset({"dog"}), frozenset({"owl"})], k=2)
    0.25
    """
    plain, k = [normal(word) for word in known], min(k, len(known))
    found = [sum(word in one for word in plain) for one in names]
    whole = comb(len(known), k)
    return float(np.mean([1 - comb(len(known) - r, k) / whole for r in found]))


def most_counted(known: Sequence[str], emoji: Sequence[Emoji], k: int = FIRST) -> list[str]:
    """The k words that are right of the most drawings, the first in order where equal."""
    counts = counted(known, emoji)
    return sorted(known, key=lambda word: -counts[word])[:k]


def _fitted(drawings: Sequence[Drawing]) -> list[Emoji]:
    train, development = (gallery(drawings, s, "openmoji") for s in SIDES)
    return [drawings[place].emoji for place in (*train, *development)]


def _covered(emoji: Sequence[Emoji], names: Names, known: Collection[str]) -> int:
    return sum(bool(names(one) & set(known)) for one in emoji)


def _any(words: Sequence[str], names: Collection[str]) -> bool:
    return any(normal(word) in names for word in words)
