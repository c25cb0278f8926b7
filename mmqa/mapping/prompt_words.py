"""Prompt words: the words that a vector lies near, so that a picture can stand in a prompt.

Knows: the shipped vocabulary and de-hubbed similarity. Refuses to know: pixels, prompts, and how a
vector came to be.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mmqa.mapping.shipped import read
from mmqa.records import Floats, PromptWord


@dataclass(frozen=True, slots=True, eq=False)
class VocabularyWords:
    """A :class:`mmqa.interfaces.PromptWords` over a fixed list of words.

    Attributes:
        vocabulary: n words or short names.
        vectors: float32 (n, d), unit rows, one a word.
        word_hubness: float32 (n,), how near each word lies to pictures of anything.
    """

    vocabulary: tuple[str, ...]
    vectors: Floats
    word_hubness: Floats

    def words(self, vectors: Floats, k: int = 8) -> list[tuple[PromptWord, ...]]:
        """The k best words of each of (n, d) rows, best first."""
        scores = vectors @ self.vectors.T - self.word_hubness
        k = min(k, len(self.vocabulary))
        best = np.argsort(-scores, axis=1, kind="stable")[:, :k]
        return [
            tuple(PromptWord(self.vocabulary[i], float(row[i])) for i in indices)
            for row, indices in zip(scores, best, strict=True)
        ]


def load(folder: Path | None = None, *, threads: int = 1) -> VocabularyWords:
    """The vocabulary from ``folder``, or the one that ships with the package.

    Raises:
        ModelMissingError: There are no weights.
        ModelDamagedError: They cannot be read.
    """
    del threads
    weights = read(folder)
    size = weights.vocabulary_size
    return VocabularyWords(weights.words[:size], weights.bank[:size], weights.word_hubness[:size])
