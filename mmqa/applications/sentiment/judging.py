"""Things → sentiments: every way that has something to say is asked, then all are fused.

Knows: which ways there are, how much each counts without training, and what a trained head is
given. Refuses to know: files, indexes and models; flows pass in what was read, seen and heard.

Without training the label chances are pooled linearly, Σ_i w_i·p_i / Σ_i w_i. The weights below are
set by hand, by how far each way can be trusted, and are shown with every result; a way that found
nothing to go by does not count at all. With a trained head, softmax(W·h) decides, and each
modality's chances are the head's with the others withheld.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from mmqa.applications.sentiment import label_words, lexicon
from mmqa.applications.sentiment.cues import seen_rating, widened
from mmqa.applications.sentiment.opinions import (
    UNKNOWN,
    Chances,
    Label,
    Opinion,
    Sentiment,
    Way,
    chances_of,
)
from mmqa.features.prosody import Prosody
from mmqa.fusion.head import Head
from mmqa.records import Features, Modality, PromptWord

WEIGHTS: Mapping[tuple[Modality, Way], float] = {
    ("text", "lexicon"): 1.0,
    ("speech", "lexicon"): 0.8,
    ("visual", "prompt words"): 0.5,
    ("acoustic", "voice"): 0.2,
    ("text", "language model"): 0.3,
    ("speech", "language model"): 0.3,
    ("visual", "language model"): 0.3,
}
"""How much each way counts; a text without any rated word counts half."""

_UNRATED = 0.5
_MOST_WORDS = 8

_LIVELY_SPREAD, _LIVELY_PACE = 3.0, 3.5
"""Semitones and syllables a second of a voice that is neither lively nor flat."""
_VOICE_REACH = 0.4


@dataclass(frozen=True, slots=True, eq=False)
class Thing:
    """What is known of a segment, or of some words.

    Attributes:
        texts: ``text`` and ``speech`` → the words; none are empty.
        prompt_words: What a picture looks like; empty where there is none.
        features: Vectors by modality; needed by a trained head only.
        voice: How it sounds; ``None`` where there is no sound.
        answers: Modality → the label that a language model said.
    """

    texts: Mapping[Modality, str] = field(default_factory=dict)
    prompt_words: tuple[PromptWord, ...] = ()
    features: Features = field(default_factory=lambda: Features({}))
    voice: Prosody | None = None
    answers: Mapping[Modality, Label] = field(default_factory=dict)


def judge(thing: Thing, head: Head | None = None) -> Sentiment:
    """What all ways say of a thing, fused; where is left to the caller to fill in.

    >>> judge(Thing({"text": "A truly wonderful evening!"})).label
    'positive'
    """
    found = opinions(thing)
    if head is not None:
        return _by_head(thing, head, found)
    if not found:
        return Sentiment(UNKNOWN, by="nothing")
    total = sum(one.weight for one in found)
    weighed = tuple(replace(one, weight=one.weight / total) for one in found)
    names = list(dict.fromkeys(one.modality for one in weighed))
    of = {name: [one for one in weighed if one.modality == name] for name in names}
    return Sentiment(
        chances=pooled(weighed),
        modalities={name: pooled(of[name]) for name in names},
        weights={name: sum(one.weight for one in of[name]) for name in names},
        opinions=weighed,
    )


def pooled(said: Sequence[Opinion]) -> Chances:
    """The weighted mean of their chances.

    >>> sure, unsure = (0.0, 0.0, 1.0), (0.5, 0.5, 0.0)
    >>> pooled([Opinion("text", "lexicon", sure, 3.0), Opinion("visual", "trained", unsure, 1.0)])
    (0.125, 0.125, 0.75)
    """
    total = sum(one.weight for one in said)
    first, second, third = (
        sum(one.weight * one.chances[place] for one in said) / total for place in range(3)
    )
    return (first, second, third)


def opinions(thing: Thing) -> list[Opinion]:
    """What each way says without training; those that have nothing to say are left out."""
    found = [_read(modality, text) for modality, text in thing.texts.items()]
    found.append(_seen(thing.prompt_words))
    found.append(_heard(thing.voice))
    found.extend(
        Opinion(modality, "language model", label_words.chances(label), why=(label,))
        for modality, label in thing.answers.items()
    )
    return [_weighed(one) for one in found if one is not None]


def _weighed(one: Opinion) -> Opinion:
    share = 1.0 if one.why else _UNRATED
    return replace(one, weight=share * WEIGHTS[one.modality, one.by])


def _read(modality: Modality, text: str) -> Opinion | None:
    rating = lexicon.rate(text)
    if rating is None:
        return None
    why = rating.words[:_MOST_WORDS]
    return Opinion(modality, "lexicon", chances_of(rating.valence), why=why)


def _seen(words: Sequence[PromptWord]) -> Opinion | None:
    rating = seen_rating(words)
    if not rating.words:
        return None
    return Opinion("visual", "prompt words", chances_of(rating.valence), why=rating.words)


def _heard(voice: Prosody | None) -> Opinion | None:
    """A lively voice is a little glad, a flat and slow one a little sad; more cannot be told.

    Joy and anger are both high, loud and fast, sadness is low, slow and even (Banse and Scherer
    1996, "Acoustic profiles in vocal emotion expression", table 6; Juslin and Laukka 2003): how a
    voice sounds tells excitement well, and gladness hardly. So the valence stays within ±0.4.
    """
    if voice is None or voice.silent or voice.pitch_hz == 0:
        return None
    spread = (voice.pitch_spread - _LIVELY_SPREAD) / _LIVELY_SPREAD
    pace = (voice.pace_per_s - _LIVELY_PACE) / _LIVELY_PACE
    valence = _VOICE_REACH * max(-1.0, min(1.0, (spread + pace) / 2))
    why = (f"pitch spreads {voice.pitch_spread:.1f} semitones", f"{voice.pace_per_s:.1f} peaks/s")
    return Opinion("acoustic", "voice", chances_of(valence), why=why)


# ----------------------------------------------------------------------------------- trained


def _by_head(thing: Thing, head: Head, found: Sequence[Opinion]) -> Sentiment:
    features = widened(
        thing.features, thing.texts, thing.prompt_words, thing.voice, head_width(head)
    )
    known = [m for m in head.weights.modalities if m in features.vectors]
    plain = tuple(replace(one, weight=0.0) for one in found)
    if not known:
        return replace(judge(thing), opinions=plain) if found else Sentiment(UNKNOWN, by="nothing")
    alone = {m: _chances(head, Features({m: features.vectors[m]})) for m in known}
    trained = tuple(Opinion(m, "trained", chances) for m, chances in alone.items())
    return Sentiment(
        chances=_chances(head, features),
        modalities=alone,
        opinions=(*trained, *plain),
        by="trained",
    )


def head_width(head: Head) -> int:
    """How wide the vectors are that a head was fitted to."""
    return int(head.weights.rows.shape[2])


def _chances(head: Head, features: Features) -> Chances:
    (row,) = head.probabilities([features])
    by_name = dict(zip(head.classes, row.tolist(), strict=True))
    return (
        by_name.get("negative", 0.0),
        by_name.get("neutral", 0.0),
        by_name.get("positive", 0.0),
    )
