"""What a head of sentiment learns from: rows that a user labelled, or public ratings by people.

Knows: where examples come from, their labels and sides, and that each modality's vector has what is
rated of it beside it. Refuses to know: how a head is fitted (``head``), and what is measured.

Public ratings: emoji as six hands draw them, each with its name, labelled by what most people said
of tweets that hold it; sentences of product reviews and newspaper editorials, rated by 20 people
each, labelled by their mean. Sides are fixed by content: concepts of emoji stay together across
hands and fall as they did for the mapping, sentences fall by document.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from mmqa.applications.sentiment import cues
from mmqa.applications.sentiment.opinions import LABELS
from mmqa.corpora import emoji_sentiment, iconify, noto, openmoji, rated_sentences
from mmqa.corpora.emoji_sentiment import Rated
from mmqa.errors import UsageError
from mmqa.features.prosody import Prosody
from mmqa.feeling import sounds_like
from mmqa.interfaces import CrossModalMapping, ImageEncoder, Progress, PromptWords, Reader
from mmqa.records import SOUNDS, Chunk, Features, Floats, Modality, PromptWord
from mmqa.training import drawings
from mmqa.training.drawings import Drawing
from mmqa.training.head import HeadSettings
from mmqa.training.labelled import Example, Labelled, Side, side_of
from mmqa.training.loop import Settings

LEAST_TWEETS = 5
"""An emoji in fewer rated tweets has no rank (Kralj Novak et al. 2015)."""

CUT = 0.125
"""Mean rating of a sentence, −1…1, above which it counts as positive: half a step of the −4…4."""

ENCODED_AT_ONCE = 256

Encode = Callable[[Sequence[str]], Floats]
"""Texts → unit vectors (n, d)."""


def settings() -> HeadSettings:
    """How heads of sentiment are fitted; chosen on the development side.

    The sum: one row a label for all modalities, so that what rated sentences teach about words
    holds for mapped pictures, which lie in the same space; 351 concepts alone teach little.
    """
    steps = Settings(epochs=40, batch=64, learning_rate=1e-3, weight_decay=5.0, patience=8)
    return HeadSettings(joining="sum", balanced=False, loop=steps)


@dataclass(frozen=True, slots=True)
class Means:
    """What turns examples into features.

    Attributes:
        mapping: Image features → the space of words.
        prompt_words: Names what a mapped picture lies near.
        encode: Texts → vectors, remembered where that pays.
    """

    mapping: CrossModalMapping
    prompt_words: PromptWords
    encode: Encode

    @property
    def wide(self) -> int:
        """How wide features are."""
        return cues.width(int(self.mapping.bank.shape[1]))


# ---------------------------------------------------------------------------- a user's rows


def of_user(data: Labelled, means: Means, reader: Reader) -> Labelled:
    """Rows that ``labelled.gather`` read, with features for a head; other labels are refused.

    Raises:
        UsageError: No row has one of the three labels.
    """
    kept = [row for row, one in enumerate(data.examples) if one.label in LABELS]
    if not kept:
        raise UsageError(
            f"no row has one of the labels {', '.join(LABELS)}", "Label them with these words."
        )
    refused = [
        f"{one.where}: {one.label!r} is none of the labels {', '.join(LABELS)}"
        for one in data.examples
        if one.label not in LABELS
    ]
    words = _seen_words([data.features[row] for row in kept], means)
    features = [
        cues.widened(
            data.features[row],
            {"text": data.examples[row].text, "speech": data.heard[row]},
            seen,
            _voice(data.examples[row].audio, reader),
            means.wide,
        )
        for row, seen in zip(kept, words, strict=True)
    ]
    return Labelled(
        tuple(data.examples[row] for row in kept),
        tuple(features),
        tuple(data.sides[row] for row in kept),
        (*data.refused, *refused),
    )


def _voice(path: Path | None, reader: Reader) -> Prosody | None:
    """How a recording sounds; the file was read before, so it can be read."""
    if path is None:
        return None
    sound = next((part for part in reader.read(path).parts if isinstance(part, SOUNDS)), None)
    if sound is None:
        return None
    (voice,) = sounds_like(sound, [(0.0, sound.duration_s)])
    return voice


def _seen_words(features: Sequence[Features], means: Means) -> list[tuple[PromptWord, ...]]:
    found: list[tuple[PromptWord, ...]] = [()] * len(features)
    places = [row for row, one in enumerate(features) if "visual" in one.vectors]
    if places:
        stacked = np.stack([features[row].vectors["visual"] for row in places])
        for row, words in zip(places, means.prompt_words.words(stacked), strict=True):
            found[row] = words
    return found


# ----------------------------------------------------------------------------- public ratings


@dataclass(frozen=True, slots=True, eq=False)
class Public:
    """Examples of public ratings.

    Attributes:
        data: Features for a head, labels and sides.
        groups: Of each example, what it must not be parted from: concept, or document.
        words: What is seen in each; empty without a picture.
    """

    data: Labelled
    groups: tuple[str, ...]
    words: tuple[tuple[PromptWord, ...], ...]


def rated_drawings(folder: Path | None = None, progress: Progress | None = None) -> list[Drawing]:
    """Emoji that have a rank, as six hands draw them.

    Raises:
        CorpusError: A corpus cannot be fetched.
    """
    rated = _rated(folder, progress)
    emoji = [e for e in openmoji.load(folder, progress=progress) if not e.toned]
    emoji = [e for e in emoji if _bare(e.character) in rated]
    font = noto.font_file(folder, progress=progress)
    icons = {s: iconify.icons(iconify.load(s, folder, progress=progress)) for s in iconify.STYLES}
    found: list[Drawing] = []
    for one in emoji:
        found.append(Drawing(one, "openmoji"))
        if noto.render(one.character, font) is not None:
            found.append(Drawing(one, "noto"))
        names = (s for s, known in icons.items() if iconify.slug(one.annotation) in known)
        found.extend(Drawing(one, style) for style in names)
    return found


def of_emoji(
    image_encoder: ImageEncoder,
    means: Means,
    folder: Path | None = None,
    progress: Progress | None = None,
) -> Public:
    """Drawings with their names.

    Raises:
        CorpusError: A corpus cannot be fetched.
    """
    drawn, rated = rated_drawings(folder, progress), _rated(folder, progress)
    mapped = means.mapping.map(drawings.encode(drawn, image_encoder, folder, progress))
    names = list(dict.fromkeys(d.emoji.annotation for d in drawn))
    vectors = dict(zip(names, means.encode(names), strict=True))
    examples, plain = [], []
    for one, seen in zip(drawn, mapped, strict=True):
        said = one.emoji.annotation
        label = LABELS[rated[_bare(one.emoji.character)].commonest]
        examples.append(Example(label, f"{said}, {one.source}", text=said))
        row: dict[Modality, Floats] = {"visual": seen, "text": vectors[said]}
        plain.append(Features(row))
    sides = tuple(one.side for one in drawn)
    return _public(examples, plain, sides, tuple(f"emoji {d.concept}" for d in drawn), means)


def of_sentences(
    means: Means, folder: Path | None = None, progress: Progress | None = None
) -> Public:
    """Rated sentences.

    Raises:
        CorpusError: The corpus cannot be fetched.
    """
    tell = progress or (lambda _chunk: None)
    sentences = rated_sentences.load(folder, progress=progress)
    parts = []
    for first in range(0, len(sentences), ENCODED_AT_ONCE):
        batch = sentences[first : first + ENCODED_AT_ONCE]
        parts.append(means.encode([one.text for one in batch]))
        tell(Chunk("encode sentences", first + len(batch), len(sentences), "steps"))
    examples = [
        Example(label_of_rating(one.valence), f"{one.document}: {one.text[:40]}", text=one.text)
        for one in sentences
    ]
    plain = [Features({"text": vector}) for vector in np.concatenate(parts)]
    groups = tuple(one.document for one in sentences)
    return _public(examples, plain, tuple(side_of(name) for name in groups), groups, means)


def label_of_rating(valence: float) -> str:
    """The label of a mean rating, −1…1.

    >>> [label_of_rating(v) for v in (-0.5, 0.1, 0.13)]
    ['negative', 'neutral', 'positive']
    """
    if abs(valence) <= CUT:
        return "neutral"
    return "positive" if valence > 0 else "negative"


def joined(parts: Sequence[Public]) -> Labelled:
    """All examples of some public ratings."""
    return Labelled(
        tuple(one for part in parts for one in part.data.examples),
        tuple(one for part in parts for one in part.data.features),
        tuple(one for part in parts for one in part.data.sides),
    )


def _public(
    examples: Sequence[Example],
    plain: Sequence[Features],
    sides: tuple[Side, ...],
    groups: tuple[str, ...],
    means: Means,
) -> Public:
    words = _seen_words(plain, means)
    features = [
        cues.widened(one, {"text": example.text}, seen, None, means.wide)
        for example, one, seen in zip(examples, plain, words, strict=True)
    ]
    return Public(Labelled(tuple(examples), tuple(features), sides), groups, tuple(words))


def _rated(folder: Path | None, progress: Progress | None) -> dict[str, Rated]:
    found = emoji_sentiment.load(folder, progress=progress)
    return {sign: one for sign, one in found.items() if one.tweets >= LEAST_TWEETS}


def _bare(character: str) -> str:
    """Without the mark that asks for a coloured picture."""
    return character.replace("\ufe0f", "")


def only(data: Labelled, modalities: Sequence[Modality]) -> Labelled:
    """Examples with some modalities; those that have none of them are left out."""
    kept = [n for n, one in enumerate(data.features) if set(one.vectors) & set(modalities)]
    return replace(
        data,
        examples=tuple(data.examples[n] for n in kept),
        features=tuple(
            Features({m: v for m, v in data.features[n].vectors.items() if m in modalities})
            for n in kept
        ),
        sides=tuple(data.sides[n] for n in kept),
    )
