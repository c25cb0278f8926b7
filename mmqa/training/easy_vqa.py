"""easy-VQA's pictures and questions as examples, with combinations kept out of training.

Knows: which pictures are for development, and which pairs of colour and shape are never shown
before testing. Refuses to know: the package's layout (``mmqa.corpora.easy_vqa``), and what is
trained.

The public test shares its wordings with the training part, and all 24 pairs. So that a test can say
whether colour and shape were learned or 24 pictures by heart, three pairs, each of another colour
and shape, are taken out of training and development; the test part stays whole.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from functools import partial
from pathlib import Path

from mmqa.corpora import easy_vqa
from mmqa.corpora.easy_vqa import COLOURS, SHAPES, Shape
from mmqa.interfaces import Progress
from mmqa.records import Picture
from mmqa.training.visual_examples import AnswerKind, Asked, Example, Split

SOURCE = "easy-vqa"

HELD_OUT = ("red circle", "green triangle", "blue rectangle")
"""Pairs of colour and shape that neither training nor development shows; chosen before training,
among those that generated scenes keep out too (``scene_plans.HELD_OUT``)."""

_DEVELOPMENT_SHARE = 0.1
_NAMED = re.compile(rf"\b({'|'.join((*COLOURS, *SHAPES))})\b")


def examples(
    split: Split, folder: Path | None = None, progress: Progress | None = None
) -> list[Example]:
    """One example a picture, with all its questions, in the package's order.

    Args:
        split: ``test`` is the package's whole test part; the others divide its training part.
        folder: Where corpora are kept; ``None`` means the default.
        progress: Told of fetching.

    Raises:
        CorpusError: The package cannot be fetched or read.
    """
    part: easy_vqa.Part = "test" if split == "test" else "train"
    shapes = easy_vqa.load(part, folder, progress=progress)
    if split != "test":
        shapes = [s for s in shapes if group(s) not in HELD_OUT and _side(s.number) == split]
    return [_example(s) for s in shapes]


def group(shape: Shape) -> str:
    """Colour and shape, e.g. ``red triangle``."""
    return f"{shape.colour} {shape.shape}"


def kind(question: str) -> AnswerKind:
    """What a question of the package asks for.

    >>> [kind(q) for q in ("what color is the shape?", "what is the red shape?", "is it red?")]
    ['colour', 'shape', 'yes-no']
    """
    if not question.startswith("what"):
        return "yes-no"
    return "colour" if "color" in question else "shape"


def template(question: str) -> str:
    """A question without its colour or shape: the package's wording.

    >>> template("is there a teal shape in the image?")
    'is there a _ shape in the image?'
    """
    return _NAMED.sub("_", question)


def _side(number: int) -> Split:
    digest = hashlib.sha256(f"mmqa easy-vqa\0{number}".encode()).digest()
    share = int.from_bytes(digest[:8], "big") / 2**64
    return "development" if share < _DEVELOPMENT_SHARE else "train"


def _example(shape: Shape) -> Example:
    asked = tuple(Asked(q, a, kind(q), f"easy-vqa.{template(q)}") for q, a in shape.questions)
    picture: Callable[[], Picture] = partial(_picture, shape.path)
    return Example(f"{shape.part}/{shape.number}", SOURCE, (picture,), asked, group=group(shape))


def _picture(path: Path) -> Picture:
    return Picture(easy_vqa.read(path))
