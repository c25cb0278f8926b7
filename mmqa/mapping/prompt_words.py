"""Prompt words: the words that a vector lies near, so that a picture can stand in a prompt.

Knows: the shipped words and how near each is, de-hubbed. Refuses to know: pixels, prompts, and how
a vector came to be; which words there are was decided by ``mmqa.training.prompt_vocabulary``.

Of a picture's vector v, with the word's vector w, its hubness h(w) among the mapping's bank of
pictures (CSLS: half the mean similarity to the 10 nearest), and D, b fitted to pictures of known
concepts::

    score(v, w) = ⟨v, w⟩ + vᵀ·D·w + b(w) − a·h(w)

D is small: it turns the space a little, because a mapped picture and a word do not lie quite alike.
b(w) is a prior: high for words that people use of many things, low for rare ones. Of a text's or a
transcript's vector the score is ⟨v, w⟩ − h(w) − ρ·rarity(w), h among the bank of texts.

The words of one vector are told apart: one that is nearly another that was chosen is passed over.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mmqa import weights_file
from mmqa.errors import ModelError
from mmqa.interfaces import CrossModalMapping
from mmqa.mapping.closed_form import ROWS_AT_ONCE, hubness
from mmqa.mapping.shipped import FOLDER, from_bytes, to_bytes
from mmqa.records import Asker, Floats, PromptWord

FILE_NAME = "words.safetensors"
RARE = 0.02
"""ρ, what each step of rarity costs a word of a text."""
ALIKE = 0.75
"""Cosine from which two words of one vector are the same thing."""
LOOKED_AT = 8
"""So many times more words are ranked than are chosen, so that enough are left that differ."""

_SELF = 0.999  # a word of the bank is no neighbour of itself
_ROLE = "prompt_words"
_REMEDY = "Make them again with `mmqa train words`, or reinstall mmqa."


@dataclass(frozen=True, slots=True, eq=False)
class Vocabulary:
    """The shipped words.

    Attributes:
        words: n words or short names, lower case.
        vectors: float32 (n, d), unit rows, what the text encoder makes of each.
        rarity: float32 (n,), 0 for everyday words to 3.
        turn: float32 (d, d), D; zeros where nothing was fitted.
        prior: float32 (n,), b.
        hubness_share: a, 0–1.
        settings: How D and b were fitted, for people.
        fingerprint: Digest of the file; empty before it is written.
    """

    words: tuple[str, ...]
    vectors: Floats
    rarity: Floats
    turn: Floats
    prior: Floats
    hubness_share: float = 1.0
    settings: Mapping[str, float | int | str] | None = None
    fingerprint: str = ""


@dataclass(frozen=True, eq=False)
class VocabularyWords:
    """A :class:`mmqa.interfaces.PromptWords` over the shipped words and one mapping's banks.

    Attributes:
        vocabulary: The words.
        bank: float32 (m, d), texts; de-hubs words of a text.
        picture_bank: float32 (p, d), mapped pictures; de-hubs words of a picture.
    """

    vocabulary: Vocabulary
    bank: Floats
    picture_bank: Floats

    def words(
        self, vectors: Floats, k: int = 8, *, of: Asker = "pictures"
    ) -> list[tuple[PromptWord, ...]]:
        """The k best words of each of (n, d) rows, best first.

        Args:
            vectors: Mapped pictures, or what the text encoder makes of texts or transcripts.
            k: How many words of each.
            of: What the rows are vectors of.
        """
        if not len(vectors):
            return []
        towards, offset = self._of_pictures if of == "pictures" else self._of_words
        found: list[tuple[PromptWord, ...]] = []
        for start in range(0, len(vectors), ROWS_AT_ONCE):
            scores = vectors[start : start + ROWS_AT_ONCE] @ towards.T + offset
            ranked = min(LOOKED_AT * k, scores.shape[1])
            nearest = np.argpartition(-scores, ranked - 1, axis=1)[:, :ranked]
            rows = zip(scores, nearest, strict=True)
            found += [self._distinct(row, places, k) for row, places in rows]
        return found

    @cached_property
    def _of_pictures(self) -> tuple[Floats, Floats]:
        """What a picture's vector meets: rows w + D·w, and b − a·h."""
        known = self.vocabulary
        towards: Floats = known.vectors + known.vectors @ known.turn.T
        near = hubness(known.vectors, self.picture_bank) if len(self.picture_bank) else 0.0
        return towards, (known.prior - known.hubness_share * near).astype(np.float32)

    @cached_property
    def _of_words(self) -> tuple[Floats, Floats]:
        """What a text's vector meets: rows w, and −h − ρ·rarity."""
        known = self.vocabulary
        near = _hubness_among_others(known.vectors, self.bank)
        return known.vectors, (-near - RARE * known.rarity).astype(np.float32)

    def _distinct(
        self, scores: Floats, places: NDArray[np.int64], k: int
    ) -> tuple[PromptWord, ...]:
        """The best k of some places that are no two names of one thing."""
        known = self.vocabulary
        chosen: list[int] = []
        for place in places[np.lexsort((places, -scores[places]))].tolist():
            near = known.vectors[chosen] @ known.vectors[place] if chosen else np.zeros(0)
            stems = {stem(known.words[one]) for one in chosen}
            if (near < ALIKE).all() and stem(known.words[place]) not in stems:
                chosen.append(place)
            if len(chosen) == k:
                break
        return tuple(PromptWord(known.words[one], float(scores[one])) for one in chosen)


def stem(word: str) -> str:
    """A name without what makes it plural, by its ending.

    >>> [stem(w) for w in ("french fries", "boxes", "dogs", "glass", "bus")]
    ['french fry', 'box', 'dog', 'glass', 'bus']
    """
    if len(word) > 4 and word.endswith("ies"):
        return word[:-3] + "y"
    if len(word) > 4 and _ES.search(word):
        return word[:-2]
    plural = len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is"))
    return word[:-1] if plural else word


_ES = re.compile(r"(?:ch|sh|ss|x|z)es$")


def _hubness_among_others(vectors: Floats, bank: Floats, neighbours: int = 10) -> Floats:
    """Half the mean similarity of each row to its nearest of the bank, itself left out."""
    if not len(bank):
        return np.zeros(len(vectors), np.float32)
    similarities = vectors @ bank.T
    similarities[similarities > _SELF] = -1.0
    k = min(neighbours, bank.shape[0])
    half: Floats = np.partition(similarities, -k, axis=1)[:, -k:].mean(axis=1) / 2
    return half


def load(mapping: CrossModalMapping, folder: Path | None = None) -> VocabularyWords:
    """The words from ``folder``, or those that ship with the package, for one mapping.

    Raises:
        ModelMissingError: There are no words.
        ModelDamagedError: They cannot be read.
        ModelError: They were made for vectors of another width than the mapping's.
    """
    vocabulary = read(folder)
    width = vocabulary.vectors.shape[1]
    if mapping.bank.shape[1] != width:
        raise ModelError(
            _ROLE,
            f"the prompt words are vectors of {width} numbers, the mapping's of"
            f" {mapping.bank.shape[1]}",
            "Make words for this text encoder with `mmqa train words`.",
        )
    return VocabularyWords(vocabulary, mapping.bank, mapping.picture_bank)


def read(folder: Path | None = None) -> Vocabulary:
    """Read ``words.safetensors`` from ``folder``, or the one that ships with the package.

    Raises:
        ModelMissingError: There is no such file.
        ModelDamagedError: The file is no safetensors file, or lacks a tensor.
    """
    path = (folder or FOLDER) / FILE_NAME
    return weights_file.read(
        path, _vocabulary, role=_ROLE, name="list of prompt words", remedy=_REMEDY
    )


def write(vocabulary: Vocabulary, folder: Path) -> Path:
    """Write ``words.safetensors`` whole or not at all; vectors and D as int8, a scale a row.

    Returns:
        The file.
    """
    vectors, scale = to_bytes(vocabulary.vectors)
    turn, turn_scale = to_bytes(vocabulary.turn)
    tensors: dict[str, NDArray[Any]] = {
        "vectors": vectors,
        "vectors.scale": scale,
        "turn": turn,
        "turn.scale": turn_scale,
        "prior": vocabulary.prior.astype(np.float32),
        "rarity": vocabulary.rarity.astype(np.int8),
        "words": np.frombuffer("\n".join(vocabulary.words).encode(), np.uint8).copy(),
    }
    settings = {"hubness_share": vocabulary.hubness_share, "fit": dict(vocabulary.settings or {})}
    return weights_file.write(folder / FILE_NAME, tensors, settings)


def _vocabulary(
    tensors: Mapping[str, NDArray[np.generic]], settings: Mapping[str, object], digest: str
) -> Vocabulary:
    vectors = from_bytes(
        tensors["vectors"].astype(np.int8), tensors["vectors.scale"].astype(np.float32)
    )
    turn = from_bytes(tensors["turn"].astype(np.int8), tensors["turn.scale"].astype(np.float32))
    words = tuple(tensors["words"].tobytes().decode().split("\n"))
    fit = settings["fit"]
    if len(words) != len(vectors) or not isinstance(fit, dict):
        raise ValueError(f"{len(words)} words have {len(vectors)} vectors")
    return Vocabulary(
        words,
        vectors / np.linalg.norm(vectors, axis=1, keepdims=True),
        tensors["rarity"].astype(np.float32),
        turn,
        tensors["prior"].astype(np.float32),
        float(str(settings["hubness_share"])),
        fit,
        digest,
    )
