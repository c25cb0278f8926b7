"""OpenMoji: drawings of things with a short description and tags.

Knows: the layout of the npm package and how to draw one SVG. Refuses to know: which drawings are
for fitting and which for testing (``concepts``), and what they are used for.
"""

from __future__ import annotations

import io
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from mmqa.corpora.fetch import fetch
from mmqa.errors import CorpusError
from mmqa.interfaces import Progress
from mmqa.records import Pixels


@dataclass(frozen=True, slots=True)
class Emoji:
    """One drawing and its words.

    Attributes:
        hexcode: Code points joined by ``-``, e.g. ``1F34E``.
        character: The emoji itself; of OpenMoji's own additions, a private-use character.
        annotation: Short description, e.g. ``red apple``.
        tags: Further words, in the package's order, without repeats.
        group: Coarse category, e.g. ``food-drink``.
        subgroup: Finer category, e.g. ``food-fruit``.
        toned: Whether it is a skin-tone variant of another.
        svg: Colour drawing.
    """

    hexcode: str
    character: str
    annotation: str
    tags: tuple[str, ...]
    group: str
    subgroup: str
    toned: bool
    svg: Path


def load(folder: Path | None = None, *, progress: Progress | None = None) -> list[Emoji]:
    """All drawings in the package's order; fetched first where needed.

    Raises:
        CorpusError: The package cannot be fetched, or holds no annotations.
    """
    package = fetch("openmoji", folder=folder, progress=progress) / "package"
    try:
        entries = json.loads((package / "data" / "openmoji.json").read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise CorpusError(f"OpenMoji's annotations cannot be read: {error}") from error
    emoji = [parse(entry, package / "color" / "svg") for entry in entries]
    return [e for e in emoji if e.svg.is_file()]


def parse(entry: dict[str, Any], drawings: Path) -> Emoji:
    """One entry of ``openmoji.json``.

    >>> parse({"emoji": "🍎", "hexcode": "1F34E", "annotation": "red apple",
    ...        "tags": "apple, red", "openmoji_tags": "apple, diet", "group": "food-drink",
    ...        "subgroups": "food-fruit", "skintone": ""}, Path("svg")).tags
    ('apple', 'red', 'diet')
    """
    words = f"{entry['tags']},{entry['openmoji_tags']}".split(",")
    return Emoji(
        hexcode=entry["hexcode"],
        character=entry["emoji"],
        annotation=entry["annotation"],
        tags=tuple(dict.fromkeys(w.strip() for w in words if w.strip())),
        group=entry["group"],
        subgroup=entry["subgroups"],
        toned=bool(entry["skintone"]),
        svg=drawings / f"{entry['hexcode']}.svg",
    )


def render(svg: Path, size: int = 288) -> Pixels:
    """Draw an SVG file as uint8 (size, size, 4) with straight alpha.

    Raises:
        CorpusError: The file is no SVG that can be drawn, or ``resvg_py`` is not installed.
    """
    try:
        text = svg.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise CorpusError(f"{str(svg)!r} cannot be read: {error}") from error
    return draw(text, str(svg), size)


def draw(svg: str, name: str, size: int = 288) -> Pixels:
    """Draw the text of an SVG, ``size`` pixels wide, as uint8 with straight alpha.

    Args:
        svg: The whole document.
        name: What errors call it.
        size: Width in pixels.

    Raises:
        CorpusError: It cannot be drawn, or ``resvg_py`` is not installed.
    """
    try:
        import resvg_py
    except ImportError as error:
        raise CorpusError(
            "the package resvg_py is not installed", "pip install 'mmqa[train]'"
        ) from error
    from PIL import Image

    try:
        png = bytes(resvg_py.svg_to_bytes(svg_string=svg, width=size))
    except (ValueError, OSError) as error:
        raise CorpusError(f"{name!r} cannot be drawn: {error}") from error
    with Image.open(io.BytesIO(png)) as image:
        return np.asarray(image.convert("RGBA"), dtype=np.uint8)
