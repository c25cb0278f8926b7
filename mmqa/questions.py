"""A question → vectors in the shared space, with the statistics of its kind.

Knows: that words ask every modality at once, and that a picture asks with its mapped vector.
Refuses to know: what is in the index, and how hits are ranked.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from mmqa.fusion.router import uniform
from mmqa.interfaces import (
    CrossModalMapping,
    ImageEncoder,
    TextEncoder,
)
from mmqa.records import (
    Calibration,
    Features,
    Floats,
    Modality,
    Question,
)
from mmqa.retrieval.search import QuestionPart
from mmqa.segmenting import MODALITIES


def question_parts(
    question: Question,
    text_encoder: Callable[[], TextEncoder],
    image_encoder: Callable[[], ImageEncoder],
    mapping: CrossModalMapping,
    calibration: Mapping[Modality, Calibration],
) -> list[QuestionPart]:
    """One part for the words and one for each picture; each with the statistics of its kind.

    Args:
        question: Words, pictures or both.
        text_encoder: Gives the encoder of words.
        image_encoder: Gives the encoder of pictures.
        mapping: Takes pictures into the space of words.
        calibration: How unrelated words score against this index.
    """
    parts = []
    if question.text:
        vector = text_encoder().encode([question.text])[0]
        parts.append(_part(vector, calibration))
    if question.pictures:
        features = image_encoder().encode(question.pictures)
        mapped = mapping.map(features)
        parts.extend(_part(row, mapping.picture_calibration) for row in mapped)
    return parts


def _part(vector: Floats, calibration: Mapping[Modality, Calibration]) -> QuestionPart:
    vectors: dict[Modality, Floats] = dict.fromkeys(MODALITIES, vector)
    return QuestionPart(Features(vectors), uniform(MODALITIES), calibration)
