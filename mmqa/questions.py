"""A question → vectors in the shared space, with the statistics of its kind.

Knows: that words ask every modality at once, that words of a language which the encoder does not
know ask by what a glossary makes of them, and that a picture asks with its mapped vector.
Refuses to know: what is in the index, and how hits are ranked.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from mmqa.fusion.router import uniform
from mmqa.interfaces import (
    CrossModalMapping,
    ImageEncoder,
    TextEncoder,
)
from mmqa.prompts.glossary import glossary
from mmqa.prompts.template import language_of
from mmqa.records import (
    Calibration,
    Features,
    Floats,
    Modality,
    Question,
)
from mmqa.retrieval.search import QuestionPart
from mmqa.segmenting import MODALITIES


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
        words: float32 (d,); ``None`` where no words are understood.
        pictures: float32 (n, d), each mapped into the space of words.
    """

    words: Floats | None
    pictures: Floats


def encoded(
    question: Question,
    text_encoder: Callable[[], TextEncoder],
    image_encoder: Callable[[], ImageEncoder],
    mapping: CrossModalMapping,
    *,
    languages: Collection[str] = (),
) -> Encoded:
    """A question as vectors; nothing of the index is needed for it.

    Args:
        question: Words, pictures or both.
        text_encoder: Gives the encoder of words.
        image_encoder: Gives the encoder of pictures.
        mapping: Takes pictures into the space of words.
        languages: What the encoder of words knows; empty means any.
    """
    words = understood(question.text, languages).words
    vector = text_encoder().encode([words])[0] if words else None
    pictures = np.zeros((0, 0), np.float32)
    if question.pictures:
        pictures = mapping.map(image_encoder().encode(question.pictures))
    return Encoded(vector, pictures)


def question_parts(
    question: Encoded,
    mapping: CrossModalMapping,
    calibration: Mapping[Modality, Calibration],
) -> list[QuestionPart]:
    """One part for the words and one for each picture; each with the statistics of its kind.

    Args:
        question: As vectors. Words of which nothing is understood have no part.
        mapping: That of its pictures.
        calibration: How unrelated words score against this index.
    """
    words = [question.words] if question.words is not None else []
    return [
        *(_part(vector, calibration) for vector in words),
        *(_part(row, mapping.picture_calibration) for row in question.pictures),
    ]


def question_parts_many(
    texts: Sequence[str],
    text_encoder: Callable[[], TextEncoder],
    calibration: Mapping[Modality, Calibration],
    *,
    languages: Collection[str] = (),
) -> list[list[QuestionPart]]:
    """The parts of several questions in words; all are encoded at once."""
    words = [understood(text, languages).words for text in texts]
    known = [one for one in words if one]
    vectors = iter(text_encoder().encode(known) if known else ())
    return [[_part(next(vectors), calibration)] if one else [] for one in words]


def _part(vector: Floats, calibration: Mapping[Modality, Calibration]) -> QuestionPart:
    vectors: dict[Modality, Floats] = dict.fromkeys(MODALITIES, vector)
    return QuestionPart(Features(vectors), uniform(MODALITIES), calibration)
