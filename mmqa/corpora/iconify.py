"""Emoji as other hands draw them, from Iconify's npm packages: one JSON file of SVG bodies a style.

Knows: the layout of such a package, how its names are spelt, and how to draw one icon. Refuses to
know: what an emoji is called (OpenMoji's annotations say), and what the drawings are used for.
"""

from __future__ import annotations

import json
import re
import unicodedata
from functools import lru_cache
from pathlib import Path
from typing import Any

from mmqa.corpora import openmoji
from mmqa.corpora.fetch import fetch
from mmqa.errors import CorpusError
from mmqa.interfaces import Progress
from mmqa.records import Pixels

STYLES = ("twemoji", "fluent-emoji-flat", "emojione", "noto-v1")
"""Names in ``corpora.toml``; each licence lets weights be fitted (CC-BY-4.0, MIT, Apache-2.0)."""

ICONS = (
    "game-icons",
    "icon-park",
    "streamline-color",
    "streamline-ultimate-color",
    "streamline-plump-color",
    "streamline-freehand-color",
    "streamline-cyber-color",
    "streamline-kameleon-color",
    "streamline-stickies-color",
    "flat-color-icons",
)
"""Sets of icons that are no emoji: their names are weak captions (CC-BY-3.0, CC-BY-4.0, Apache-2.0,
MIT)."""

_VARIANT = re.compile(r"-(?:flat|duo|alt|freehand|remix|ultimate)(?=-|$)")
_NUMBERED = re.compile(r"(?:-\d+|\d+)+$|-(?:one|two|three|four|five|six)$")


def load(style: str, folder: Path | None = None, *, progress: Progress | None = None) -> Path:
    """The file of a style's icons; fetched first where needed.

    Raises:
        CorpusError: The package cannot be fetched.
    """
    return fetch(style, folder=folder, progress=progress) / "package" / "icons.json"


def slug(annotation: str) -> str:
    """An annotation as Iconify spells it.

    >>> slug("woman’s hat"), slug("piñata"), slug("flag: Ascension Island")
    ('womans-hat', 'pinata', 'flag-ascension-island')
    """
    plain = unicodedata.normalize("NFKD", annotation.lower()).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", plain.replace("'", "").replace("&", "and")).strip("-")


def caption(name: str) -> str:
    """What an icon's name says, without its variant and number; may be empty.

    >>> caption("hot-spring-flat"), caption("paper-money-two"), caption("sneakers-3"), caption("3d")
    ('hot spring', 'paper money', 'sneakers', '3d')
    """
    bare = _NUMBERED.sub("", _NUMBERED.sub("", _VARIANT.sub("", name)))
    return bare.replace("-", " ").strip()


@lru_cache(maxsize=len(STYLES) + len(ICONS))
def icons(file: Path) -> dict[str, str]:
    """Name → SVG of all icons of a package; plain aliases too, turned or mirrored ones not.

    Raises:
        CorpusError: The file is not as expected.
    """
    try:
        package = json.loads(file.read_text(encoding="utf-8"))
        found = {name: svg(icon, package) for name, icon in package["icons"].items()}
        for name, alias in package.get("aliases", {}).items():
            if set(alias) <= {"parent", "hidden"} and alias["parent"] in found:
                found.setdefault(name, found[alias["parent"]])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CorpusError(f"the icons {str(file)!r} cannot be read: {error}") from error
    return found


def svg(icon: dict[str, Any], package: dict[str, Any]) -> str:
    """One icon as a whole SVG; sizes that it does not state are the package's, else 16.

    >>> svg({"body": "<g/>", "width": 8}, {"height": 9}).partition("viewBox=")[2]
    '"0 0 8 9" width="8" height="9"><g/></svg>'
    """
    sizes = {"left": 0, "top": 0, "width": 16, "height": 16} | {
        name: value
        for source in (package, icon)
        for name, value in source.items()
        if name in ("left", "top", "width", "height")
    }
    left, top, width, height = (sizes[name] for name in ("left", "top", "width", "height"))
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
        f'viewBox="{left} {top} {width} {height}" width="{width}" height="{height}">'
        f"{icon['body']}</svg>"
    )


def render(annotation: str, file: Path, size: int = 288) -> Pixels | None:
    """Draw the icon of that name as uint8 (size, size, 4) with straight alpha; ``None``: no such.

    Raises:
        CorpusError: It cannot be drawn, or ``resvg_py`` is not installed.
    """
    drawing = icons(file).get(slug(annotation))
    return None if drawing is None else openmoji.draw(drawing, annotation, size)


def draw(name: str, file: Path, size: int = 288) -> Pixels:
    """Draw an icon by its own name, as :func:`render` does; what takes a colour is black.

    Raises:
        CorpusError: There is no such icon, or it cannot be drawn.
    """
    drawing = icons(file).get(name)
    if drawing is None:
        raise CorpusError(f"there is no icon {name!r} in {str(file)!r}", "Fetch its package again.")
    return openmoji.draw(drawing.replace("currentColor", "#000"), name, size)
