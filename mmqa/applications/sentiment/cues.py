"""What a trained head is given: each modality's vector with what is rated of it beside it.

Knows: the order, the scale and the width of these features. Refuses to know: how a head is fitted,
and where vectors come from.

A head has one width for all modalities, so how it sounds is set into a vector as wide as the
others, zero behind; W sees no difference.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from mmqa.applications.sentiment import lexicon
from mmqa.applications.sentiment.lexicon import Rating
from mmqa.features import prosody
from mmqa.features.prosody import Prosody
from mmqa.records import Features, Floats, Modality, PromptWord

VERSION = "cues-1"
"""Part of what a head was fitted to: raise it when the same thing would give other features."""

CUES = 4
"""Numbers beside a vector: share rated below 0, share above 0, valence, whether any word is."""

_CUE_SCALE = 0.25
_SOUND_SCALE = 0.05
_UNRATED = Rating(0.0, 0.0, 0.0)


def width(vector_width: int) -> int:
    """How wide features are, where vectors are so wide.

    >>> width(384)
    388
    """
    return max(vector_width, prosody.WIDTH) + CUES


def widened(
    features: Features,
    texts: Mapping[Modality, str],
    prompt_words: Sequence[PromptWord],
    voice: Prosody | None,
    wide: int,
) -> Features:
    """Features for a head.

    Args:
        features: Vectors of ``visual``, ``text`` and ``speech``, as far as there are any.
        texts: The words behind ``text`` and ``speech``.
        prompt_words: The words of what is seen.
        voice: How it sounds; silence counts as none.
        wide: From :func:`width`.
    """
    found: dict[Modality, Floats] = {}
    for modality, vector in features.vectors.items():
        if modality == "visual":
            found[modality] = _joined(vector, seen_rating(prompt_words), wide)
        elif modality in ("text", "speech"):
            rating = lexicon.rate(texts.get(modality, "")) or _UNRATED
            found[modality] = _joined(vector, rating, wide)
    if voice is not None and not voice.silent:
        found["acoustic"] = _joined(_SOUND_SCALE * prosody.vector(voice), _UNRATED, wide)
    return Features(found)


def seen_rating(words: Sequence[PromptWord]) -> Rating:
    """How the words that a picture lies near are rated, nearer ones counting more.

    >>> seen_rating([PromptWord("smile", 1.0), PromptWord("table", 0.9)]).words
    ('smile',)
    """
    rated = [(one, lexicon.rate_word(one.word)) for one in words]
    kept = [(one, value) for one, value in rated if value is not None]
    if not kept:
        return _UNRATED
    nearest = max(one.score for one in words)
    weights = [float(np.exp(2 * (one.score - nearest))) for one, _ in kept]
    mean = sum(w * value for w, (_, value) in zip(weights, kept, strict=True)) / sum(weights)
    below = sum(value < 0 for _, value in kept) / len(words)
    above = sum(value > 0 for _, value in kept) / len(words)
    return Rating(mean, below, above, tuple(one.word for one, _ in kept))


def _joined(vector: Floats, rating: Rating, wide: int) -> Floats:
    cues = (rating.negative, rating.positive, rating.valence, float(bool(rating.words)))
    joined = np.zeros(wide, np.float32)
    joined[: len(vector)] = vector
    joined[-CUES:] = _CUE_SCALE * np.asarray(cues, np.float32)
    return joined
