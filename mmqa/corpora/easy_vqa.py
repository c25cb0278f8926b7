"""easy-VQA: 5,000 pictures of one coloured shape each, with 48,000 questions and answers.

Knows: the layout of the PyPI wheel, and how to see which shape a picture shows. Refuses to know:
what is trained on and what is kept out.

Source: Victor Zhou, easy-VQA (2019), https://github.com/vzhou842/easy-VQA. Questions and answers
are taken as they stand; what the picture shows is read from its pixels, because a tenth of the
pictures are never asked for their colour or their shape.
"""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

import numpy as np
from PIL import Image

from mmqa.corpora.fetch import fetch
from mmqa.errors import CorpusError
from mmqa.interfaces import Progress
from mmqa.records import Pixels

Part: TypeAlias = Literal["train", "test"]

COLOURS: dict[str, tuple[int, int, int]] = {
    "black": (0, 0, 0),
    "gray": (128, 128, 128),
    "red": (255, 0, 0),
    "blue": (0, 0, 255),
    "green": (0, 255, 0),
    "yellow": (255, 255, 0),
    "teal": (0, 128, 128),
    "brown": (165, 42, 42),
}
"""Names as the questions write them → the colour that is drawn (sRGB)."""

_PLACES = np.array((1 << 16, 1 << 8, 1), np.int32)
_CODES = {name: int(np.array(rgb) @ _PLACES) for name, rgb in COLOURS.items()}
"""The colours as one number each: a picture is compared with eight, 5,000 times."""

SHAPES = ("circle", "rectangle", "triangle")

DATA = "easy_vqa/data"

_FILLED = 0.93
"""Least share of its bounding box that a rectangle fills; a circle fills π/4, even cut off."""


@dataclass(frozen=True, slots=True)
class Shape:
    """One picture and what is asked about it.

    Attributes:
        part: The package's own split.
        number: The package's number of the picture within its part, from 0.
        path: PNG file, 64 × 64.
        colour: A name of :data:`COLOURS`.
        shape: One of :data:`SHAPES`.
        questions: Pairs of question and answer, in the package's order.
    """

    part: Part
    number: int
    path: Path
    colour: str
    shape: str
    questions: tuple[tuple[str, str], ...]


def load(
    part: Part, folder: Path | None = None, *, progress: Progress | None = None
) -> list[Shape]:
    """All pictures of one part, by number; fetched first where needed.

    Raises:
        CorpusError: The package cannot be fetched or read.
    """
    root = fetch("easy-vqa", folder=folder, progress=progress) / DATA / part
    try:
        asked = json.loads((root / "questions.json").read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise CorpusError(f"easy-VQA's questions cannot be read: {error}") from error
    questions: dict[int, list[tuple[str, str]]] = defaultdict(list)
    for question, answer, number in asked:
        questions[number].append((question, answer))
    return [_shape(part, number, root, tuple(questions[number])) for number in sorted(questions)]


def _shape(part: Part, number: int, root: Path, questions: tuple[tuple[str, str], ...]) -> Shape:
    path = root / "images" / f"{number}.png"
    colour, shape = look(read(path))
    return Shape(part, number, path, colour, shape, questions)


def read(path: Path) -> Pixels:
    """The pixels of one picture, uint8 (64, 64, 3).

    Raises:
        CorpusError: It cannot be read.
    """
    try:
        with Image.open(path) as image:
            return np.asarray(image.convert("RGB"), dtype=np.uint8)
    except OSError as error:
        raise CorpusError(f"{str(path)!r} cannot be read: {error}", "Fetch it again.") from error


def look(pixels: Pixels) -> tuple[str, str]:
    """Colour and shape of the one thing in a picture.

    Raises:
        CorpusError: Nothing in it has one of the package's colours.

    >>> canvas = np.full((64, 64, 3), 250, np.uint8)
    >>> canvas[10:20, 30:60] = COLOURS["teal"]
    >>> look(canvas)
    ('teal', 'rectangle')
    """
    painted = pixels.astype(np.int32) @ _PLACES
    count = {name: int((painted == code).sum()) for name, code in _CODES.items()}
    colour = max(count, key=lambda name: count[name])
    rows, columns = np.nonzero(painted == _CODES[colour])
    if not len(rows):
        raise CorpusError("a picture of easy-VQA shows no shape", "Fetch its package again.")
    if len(rows) >= _FILLED * (np.ptp(rows) + 1) * (np.ptp(columns) + 1):
        return colour, "rectangle"
    widths = np.bincount(rows)[rows.min() :]
    # triangles stand on their base: rows only grow, whatever an edge of the picture cuts off
    return colour, "triangle" if (np.diff(widths) >= 0).all() else "circle"
