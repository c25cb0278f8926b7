"""Which sentence answers: likeness to the question, shared words, and the kind of fact asked for.

Knows: how the three are weighed. Refuses to know: how segments were found, when the best is too
weak, and how an answer is worded.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from rapidfuzz import fuzz, process

from mmqa.evidence.asking import carries, fact
from mmqa.evidence.sentences import GUESSES, Sentence
from mmqa.evidence.words import content, is_chinese, names, tokens
from mmqa.interfaces import TextEncoder

LIKENESS = 1.0
OVERLAP = 0.5
CUE = 0.15
FOUND = 0.15
GUESSED = 0.25
"""Weights of cosine similarity, word overlap, a fact of the asked kind, and how well the segment
was found; and what guesses lose, where a fact should have been written or said.
Set on tests/assistant_data/development.json."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A sentence with what speaks for it.

    Attributes:
        sentence: The sentence.
        score: Weighed sum; higher answers better.
        likeness: Cosine similarity to the question, −1…1.
        overlap: Share of the question's content that the sentence or its context has, weighed by
            rarity, 0…1.
        cue: How surely it holds a fact of the kind that is asked for, 0…1.
    """

    sentence: Sentence
    score: float
    likeness: float
    overlap: float
    cue: float


def rank(
    question: str,
    sentences: Sequence[Sentence],
    encoder: TextEncoder,
    found: Mapping[str, float],
) -> list[Candidate]:
    """Order sentences by how well they answer, best first.

    Args:
        question: The question's words.
        sentences: n sentences.
        encoder: Encodes the question and the sentences.
        found: Segment id → strength of the find, 0…1; a segment that was found first counts more.
    """
    if not sentences:
        return []
    likenesses = _likenesses(question, sentences, encoder)
    overlaps = _overlaps(question, sentences)
    candidates = [
        _candidate(
            question, sentence, float(likeness), overlap, found.get(sentence.segment.id, 0.0)
        )
        for sentence, likeness, overlap in zip(sentences, likenesses, overlaps, strict=True)
    ]
    return sorted(candidates, key=lambda c: -c.score)


def _candidate(
    question: str, sentence: Sentence, likeness: float, overlap: float, strength: float
) -> Candidate:
    asked = fact(question)
    cue = carries(sentence.text, asked, question)
    trust = 0.3 if is_chinese(question) else LIKENESS  # the embedded encoder reads English only
    score = (
        trust * likeness
        + OVERLAP * overlap
        + CUE * cue * (asked != "any")
        + FOUND * strength
        - GUESSED * (sentence.source in GUESSES)
    )
    return Candidate(sentence, score, likeness, overlap, cue)


def _likenesses(
    question: str, sentences: Sequence[Sentence], encoder: TextEncoder
) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    """The better of the sentence alone and the sentence with its context; float32 (n,)."""
    alone = [s.text for s in sentences]
    placed = [f"{s.context}. {s.text}" if s.context else s.text for s in sentences]
    texts = list(dict.fromkeys([question, *alone, *placed]))
    row = {text: i for i, text in enumerate(texts)}
    vectors = encoder.encode(texts)
    similar = vectors @ vectors[row[question]]
    best: np.ndarray[tuple[int], np.dtype[np.float32]] = np.maximum(
        similar[[row[t] for t in alone]], similar[[row[t] for t in placed]]
    )
    return best


def _overlaps(question: str, sentences: Sequence[Sentence]) -> list[float]:
    asked = content(question)
    own = [set(content(s.text)) for s in sentences]
    around = [
        own[i] | set(content(s.context)) | _neighbours(sentences, own, i)
        for i, s in enumerate(sentences)
    ]
    weights = {
        w: math.log(1 + len(own) / (1 + sum(_has(words, w) for words in own))) for w in asked
    }
    total = sum(weights.values()) or 1.0
    return [
        sum(weights[w] * (1.0 if _has(own[i], w) else 0.6 * _has(around[i], w)) for w in asked)
        / total
        for i in range(len(sentences))
    ]


def _neighbours(sentences: Sequence[Sentence], own: Sequence[set[str]], i: int) -> set[str]:
    """Words of the sentence before: "it" and "she" point there."""
    if i and sentences[i - 1].segment.id == sentences[i].segment.id:
        return own[i - 1]
    return set()


def _has(words: set[str], word: str) -> bool:
    """Whether ``word`` or one spelt almost like it is among ``words``."""
    if word in words:
        return True
    if len(word) < 5 or is_chinese(word) or any(c.isdigit() for c in word):
        return False
    return any(w.startswith(word) or word.startswith(w) for w in words if len(w) >= 4) or (
        process.extractOne(word, words, scorer=fuzz.ratio, score_cutoff=84) is not None
    )


def covered(words: Sequence[str], text: str) -> float:
    """Share of the given stems that ``text`` has, 0…1; 0 when there are none.

    >>> covered(["castl", "lake"], "Castles at sunset")
    0.5
    """
    there = set(content(text))
    return sum(_has(there, word) for word in words) / len(words) if words else 0.0


def missing_names(question: str, texts: Sequence[str]) -> set[str]:
    """Names in the question that stand in none of ``texts``, however they are spelt there.

    >>> missing_names("What did Henrik say to Priya?", ["Prya found the bug."])
    {'henrik'}
    """
    there = {t.lower() for text in texts for t in tokens(text)}
    return {
        name
        for name in names(question)
        if name not in there
        and process.extractOne(name, there, scorer=fuzz.ratio, score_cutoff=75) is None
    }
