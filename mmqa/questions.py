"""A question → vectors in the shared space, weighed, with the statistics of its kind.

Knows: that words ask every modality at once, in more wordings than one where prompts give them;
that words of a language which the encoder does not know ask by what a glossary makes of them; that
"what is said while the car is visible" asks pictures for the car; that
a picture asks with its mapped vector; that what the user says of where to look outweighs what the
router learned. Refuses to know: what is in the index, and how hits are ranked.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from mmqa.fusion.router import told, uniform
from mmqa.interfaces import (
    CrossModalMapping,
    ImageEncoder,
    QueryPrompt,
    Router,
    TextEncoder,
)
from mmqa.prompts.explicit import explicit
from mmqa.prompts.glossary import glossary
from mmqa.prompts.meanwhile import meanwhile
from mmqa.prompts.template import language_of
from mmqa.records import (
    MODALITIES,
    Asker,
    Calibration,
    Channel,
    Features,
    Floats,
    Modality,
    Question,
    Weighing,
    Wording,
)
from mmqa.retrieval.search import QuestionPart

UNIFORM = Weighing(uniform(MODALITIES), "uniform")


@dataclass(frozen=True, slots=True)
class Understood:
    """What an encoder can take in of some text.

    Attributes:
        words: The text itself, or what a glossary makes of it; empty when that is nothing.
        unknown: What the glossary does not have, as written.
    """

    words: str
    unknown: tuple[str, ...] = ()


def understood(text: str, languages: Collection[str] = ()) -> Understood:
    """What an encoder of ``languages`` can take in of ``text``.

    Args:
        text: Words in any language.
        languages: ISO 639-1 codes of what the encoder knows; empty means any.

    >>> understood("Which picture shows a bicycle?", ("en",)).words
    'Which picture shows a bicycle?'
    >>> understood("哪张照片里有自行车？", ("en",)).words
    'bicycle'
    >>> understood("囹圄？", ("en",))
    Understood(words='', unknown=('囹圄',))
    """
    language = language_of(text)
    if not languages or language in languages:
        return Understood(text)
    known = glossary(language)
    if known is None or "en" not in languages:
        return Understood("", (text,))
    return Understood(known.to_english(text), known.unknown(text))


@dataclass(frozen=True, slots=True, eq=False)
class Encoded:
    """A question as vectors.

    Attributes:
        words: Modality → float32 (d,), how the words ask it; empty where no words are understood.
        pictures: float32 (n, d), each mapped into the space of words.
        weighing: How much to look, read and listen.
    """

    words: Mapping[Modality, Floats]
    pictures: Floats
    weighing: Weighing = UNIFORM


@dataclass(frozen=True, slots=True)
class Asking:
    """Turns questions into vectors; nothing of an index is needed for it.

    Attributes:
        text_encoder: Gives the encoder of words.
        image_encoder: Gives the encoder of pictures.
        mapping: Takes pictures into the space of words, and words to pictures.
        router: Gives what weighs a question whose words do not say where to look.
        prompts: Gives what finds further wordings; asked in order.
        said: Words → the weights that the user asks for ("in the picture"), if any.
        trust: How much of the router's weights counts, 0–1; the rest is uniform.
        languages: ISO 639-1 codes of what the encoder of words knows; empty means any.
    """

    text_encoder: Callable[[], TextEncoder]
    image_encoder: Callable[[], ImageEncoder]
    mapping: CrossModalMapping
    router: Callable[[], Router] | None = None
    prompts: Callable[[], Sequence[QueryPrompt]] = tuple
    said: Callable[[str], Weighing | None] = lambda _text: None
    trust: float = 1.0
    languages: Collection[str] = ()

    def encoded(self, question: Question) -> Encoded:
        """A question of words, pictures or both, as vectors."""
        pictures = np.zeros((0, 0), np.float32)
        if question.pictures:
            pictures = self.mapping.map(self.image_encoder().encode(question.pictures))
        (words,) = self._words([question.text])
        return Encoded(words.words, pictures, words.weighing)

    def encoded_many(self, texts: Sequence[str]) -> list[Encoded]:
        """Several questions in words; all are encoded together."""
        return self._words(texts)

    def _words(self, texts: Sequence[str]) -> list[Encoded]:
        taken_in = [understood(text, self.languages).words for text in texts]
        known = [text for text in taken_in if text]
        rows: Iterator[Floats] = iter(self.text_encoder().encode(known) if known else ())
        vectors = [next(rows) if text else None for text in taken_in]
        wordings = [self._wordings(*one) for one in zip(taken_in, vectors, strict=True)]
        more = self._vectors([w.text for group in wordings for w in group])
        nothing = np.zeros((0, 0), np.float32)
        return [
            Encoded(
                {} if vector is None else self._asked(vector, group, more),
                nothing,
                self._weighing(text, words, vector),
            )
            for text, words, vector, group in zip(texts, taken_in, vectors, wordings, strict=True)
        ]

    def _wordings(self, words: str, vector: Floats | None) -> list[Wording]:
        if vector is None:
            return []
        both = meanwhile(words)
        more = [one for prompt in self.prompts() for one in prompt.wordings(words, vector)]
        return [*(both.wordings() if both else ()), *more]

    def _vectors(self, texts: Sequence[str]) -> dict[str, Floats]:
        unique = list(dict.fromkeys(texts))
        return dict(zip(unique, self.text_encoder().encode(unique), strict=True)) if unique else {}

    def _asked(
        self, vector: Floats, wordings: Sequence[Wording], more: Mapping[str, Floats]
    ) -> dict[Modality, Floats]:
        """How words ask each modality: the weighted mean of their wordings, at unit length."""
        asked: dict[Modality, Floats] = {}
        for modality in MODALITIES:
            also = [w.weight * more[w.text] for w in wordings if modality in w.modalities]
            mixed: Floats = np.sum(np.stack([vector, *also]), axis=0)
            asked[modality] = mixed / np.float32(np.linalg.norm(mixed)) if also else vector
        asked["visual"] = self.mapping.ask_pictures(asked["visual"][None])[0]
        return asked

    def _weighing(self, text: str, words: str, vector: Floats | None) -> Weighing:
        said = self.said(text)
        if said is not None:
            return said
        return routed(self.router, text, words, vector, self.trust)


def question_parts(
    question: Encoded,
    mapping: CrossModalMapping,
    calibration: Mapping[Channel, Calibration],
) -> list[QuestionPart]:
    """One part for the words and one for each picture; each with the statistics of its kind.

    Args:
        question: As vectors. Words of which nothing is understood have no part.
        mapping: That of its pictures.
        calibration: How unrelated words score against this index.
    """
    parts = []
    if question.words:
        parts.append(_part(question.words, question.weighing, calibration, "words"))
    known = {**calibration, **mapping.picture_calibration}
    weighing = question.weighing if question.weighing.by == "words" else UNIFORM
    for row in question.pictures:
        as_words = mapping.ask_words(row[None])[0]
        asked: dict[Modality, Floats] = {"visual": row, "text": as_words, "speech": as_words}
        parts.append(_part(asked, weighing, known, "pictures"))
    return parts


def named(text: str) -> Weighing | None:
    """The weights of a question whose own words say where to look; ``None`` where they do not.

    >>> named("What stands on the table in the picture?").weights["visual"]
    0.8
    >>> named("When does the ferry leave?") is None
    True
    >>> named("What is said about the pier while a red car is visible?").weights["text"]
    0.1
    """
    both = meanwhile(text)
    weights = told(both.modalities if both else explicit(text))
    return None if weights is None else Weighing(weights, "words")


def routed(
    router: Callable[[], Router] | None,
    text: str,
    words: str,
    vector: Floats | None,
    trust: float,
) -> Weighing:
    """What a router makes of a question whose words do not say where to look.

    Args:
        router: Gives it; asked only where there is something to weigh.
        text: The question.
        words: What the encoder takes in of it.
        vector: float32 (d,), what the encoder makes of those.
        trust: How much of the router's weights counts, 0–1.
    """
    if router is None or vector is None or words != text:
        return UNIFORM  # a glossary keeps what is asked for, not how it is asked
    return tempered(router().weigh(words, vector), trust)


def tempered(weighing: Weighing, trust: float) -> Weighing:
    """Learned weights drawn toward uniform ones; others stay.

    >>> halved = tempered(Weighing({"visual": 1.0, "text": 0.0}, "learned"), 0.5)
    >>> dict(halved.weights)
    {'visual': 0.75, 'text': 0.25}
    """
    if weighing.by != "learned":
        return weighing
    even = (1 - trust) / len(weighing.weights)
    return Weighing({m: trust * w + even for m, w in weighing.weights.items()}, weighing.by)


def strengths(weights: Mapping[Modality, float]) -> dict[Modality, float]:
    """What the modalities of a score are multiplied with: α over twice its root mean square.

    Whatever the weights, scores of unrelated segments then have the same spread, so that what is
    compared with a score (words to the letter, the least that counts as found) keeps its meaning.

    >>> strengths({"visual": 1 / 3, "text": 1 / 3, "speech": 1 / 3})["text"]
    0.5
    """
    rms = (sum(weight**2 for weight in weights.values()) / max(len(weights), 1)) ** 0.5
    return {name: 0.5 * weight / rms for name, weight in weights.items()} if rms else {}


def evener(question: Encoded) -> dict[str, float]:
    """What a share of the score is multiplied with to have it as evenly weighed modalities give it.

    Empty where they are weighed evenly, or where a picture asks too: then shares cannot be told
    apart by who asked.
    """
    if question.weighing.by == "uniform" or len(question.pictures):
        return {}
    weighed = strengths(question.weighing.weights)
    return {str(name): 0.5 / weight for name, weight in weighed.items() if weight > 0}


def _part(
    vectors: Mapping[Modality, Floats],
    weighing: Weighing,
    calibration: Mapping[Channel, Calibration],
    asked_by: Asker,
) -> QuestionPart:
    return QuestionPart(Features(vectors), strengths(weighing.weights), calibration, asked_by)
