"""Word-embedding expansion: a question also asks with the words that lie nearest to it.

Knows: a vocabulary with its vectors, a threshold, and a share. Refuses to know: where the words
come from, and what was found.

The nearest words of the question's vector are added, each with the weight ``share · cosine``,
where the cosine is at least ``threshold`` (after Kuzi, Shtok and Kurland 2016, "Query Expansion
Using Word Embeddings", whose expansion terms are those nearest to the query's centroid). A word
that the question holds already adds nothing and is left out.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from mmqa.records import Floats, Modality, Wording

THRESHOLD = 0.5
"""Least cosine; chosen, as the next two, on the development side of ``mmqa eval prompts``."""
SHARE = 0.2
MOST = 8

_WORD = re.compile(r"[^\W_]+")


class Known(Protocol):
    """Words and their vectors."""

    @property
    def words(self) -> Sequence[str]:
        """n words or short names."""
        ...

    @property
    def vectors(self) -> Floats:
        """float32 (n, d), unit rows."""
        ...


class HasVocabulary(Protocol):
    """Prompt words that show their vocabulary."""

    @property
    def vocabulary(self) -> Known:
        """The words."""
        ...


class HasPromptWords(Protocol):
    """Whoever owns the loaded models."""

    @property
    def prompt_words(self) -> HasVocabulary:
        """The prompt words."""
        ...


@dataclass(frozen=True, slots=True)
class Expansion:
    """The query prompt ``expansion``.

    Attributes:
        known: The vocabulary.
        threshold: Least cosine of a word, 0–1.
        share: Weight of a word at cosine 1, against the question itself.
        most: Words of one question.
        modalities: What is asked with them.
    """

    known: Known
    threshold: float = THRESHOLD
    share: float = SHARE
    most: int = MOST
    modalities: tuple[Modality, ...] = ("visual",)
    name: str = "expansion"

    def wordings(self, text: str, vector: Floats | None) -> tuple[Wording, ...]:
        """The nearest words, best first; none without a vector."""
        if vector is None:
            return ()
        near = self.known.vectors @ vector
        held = _stems(text)
        found: list[Wording] = []
        for place in np.argsort(-near, kind="stable")[: 4 * self.most].tolist():
            if near[place] < self.threshold or len(found) == self.most:
                break
            word = self.known.words[place]
            if not _stems(word) <= held:
                found.append(Wording(word, self.share * float(near[place]), self.modalities))
        return tuple(found)


def load(parts: HasPromptWords) -> Expansion:
    """The query prompt ``expansion`` over the vocabulary of the prompt words."""
    return Expansion(parts.prompt_words.vocabulary)


def _stems(text: str) -> frozenset[str]:
    """Words of a text, lower case, a final s off."""
    words = _WORD.findall(text.lower())
    return frozenset(w[:-1] if len(w) > 3 and w.endswith("s") else w for w in words)
