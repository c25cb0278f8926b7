"""A user's own questions about pictures, as examples to train a connector on.

Knows: JSON Lines with ``image``, ``question`` and ``answer``; paths relative to the file. Refuses
to know: what is trained, and what is in a picture.

A bad row is an error that names its line: what is trained on must be what the user meant.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from mmqa.errors import UsageError
from mmqa.interfaces import Reader
from mmqa.records import Picture
from mmqa.training.visual_examples import Asked, Example

DEVELOPMENT_SHARE = 0.1
LEAST = 20
"""Pictures below which nothing can be learned, nor measured."""
_ROW = '{"image": "a.jpg", "question": "What is it?", "answer": "a kite"}'


def read(files: Sequence[Path], reader: Reader) -> tuple[list[Example], list[Example]]:
    """Examples to fit to, and those of a tenth of the pictures, which are not.

    Args:
        files: JSON Lines.
        reader: Opens pictures.

    Raises:
        UsageError: A file or row cannot be read, or there are fewer than :data:`LEAST` pictures.
        MediaError: A picture cannot be read.
    """
    asked: dict[Path, list[Asked]] = {}
    for file in files:
        for number, line in enumerate(_lines(file), start=1):
            if line.strip():
                image, one = _row(line, f"{str(file)!r}, line {number}", file.parent)
                asked.setdefault(image, []).append(one)
    if len(asked) < LEAST:
        raise UsageError(
            f"there are questions about {len(asked)} pictures, and {LEAST} are the least",
            "Add more pictures.",
        )
    examples = [_example(image, ones, reader) for image, ones in asked.items()]
    held = {e.key for e in sorted(examples, key=lambda e: e.key)[:: round(1 / DEVELOPMENT_SHARE)]}
    return [e for e in examples if e.key not in held], [e for e in examples if e.key in held]


def _lines(file: Path) -> list[str]:
    try:
        return file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{str(file)!r} cannot be read: {error}", f"A row is {_ROW}.") from error


def _row(line: str, where: str, folder: Path) -> tuple[Path, Asked]:
    try:
        row: Any = json.loads(line)
        texts = [_text(row[name]) for name in ("image", "question", "answer")]
        path = (folder / texts[0]).resolve()
        there = path.is_file()
    except (ValueError, KeyError, TypeError, OSError, RuntimeError) as error:
        raise UsageError(f"{where} is no question about a picture", f"A row is {_ROW}.") from error
    if not all(texts) or not there:
        raise UsageError(f"{where} lacks words, or {texts[0]!r} is no file", f"A row is {_ROW}.")
    return path, Asked(texts[1], texts[2], "describe")


def _text(value: Any) -> str:
    """Words, or a number; anything else (``null``, ``true``) was not meant as an answer."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise TypeError(f"{value!r} is no text")
    return str(value).strip()


def _example(image: Path, asked: Sequence[Asked], reader: Reader) -> Example:
    key = hashlib.sha256(image.read_bytes()).hexdigest()
    return Example(key, "own", (_drawer(image, reader),), tuple(asked))


def _drawer(image: Path, reader: Reader) -> Callable[[], Picture]:
    def draw() -> Picture:
        for part in reader.read(image).parts:
            if isinstance(part, Picture):
                return part
        raise UsageError(f"{str(image)!r} holds no picture", "Take it out of the file of rows.")

    return draw
