"""Typefaces that are surely there: Pillow's own, and those that streamlit's wheel carries.

Knows: where the wheel keeps them and how they are set to a weight. Refuses to know: what is written
with them. Nothing here depends on what the system has installed.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TypeAlias

from PIL import ImageFont

from mmqa.errors import CorpusError

Font: TypeAlias = ImageFont.FreeTypeFont

_MEDIA = "static/static/media"


@dataclass(frozen=True, slots=True)
class Typeface:
    """One way to write.

    Attributes:
        name: What it is called here.
        begins: How its file is called in streamlit's wheel, up to the build's digest; empty for
            Pillow's own.
        weight: Of a variable font, 200–900; 0 for others.
    """

    name: str
    begins: str = ""
    weight: int = 0


TYPEFACES = (
    Typeface("aileron"),
    Typeface("sans", "SourceSansVF-Upright", 400),
    Typeface("sans bold", "SourceSansVF-Upright", 800),
    Typeface("sans italic", "SourceSansVF-Italic", 500),
    Typeface("serif", "SourceSerifVariable-Roman", 400),
    Typeface("serif bold", "SourceSerifVariable-Roman", 700),
    Typeface("serif italic", "SourceSerifVariable-Italic", 500),
    Typeface("code", "SourceCodeVF-Upright", 500),
    Typeface("roman", "KaTeX_Main-Regular"),
    Typeface("roman bold", "KaTeX_Main-Bold"),
    Typeface("grotesque", "KaTeX_SansSerif-Regular"),
    Typeface("grotesque bold", "KaTeX_SansSerif-Bold"),
    Typeface("typewriter", "KaTeX_Typewriter-Regular"),
)


@cache
def font(typeface: Typeface, size: int) -> Font:
    """A typeface in a size in pixels.

    Raises:
        CorpusError: streamlit's wheel has no such file, or Pillow cannot read it.
    """
    if not typeface.begins:
        own = ImageFont.load_default(size)
        if not isinstance(own, ImageFont.FreeTypeFont):
            raise CorpusError("Pillow was built without FreeType", "Install Pillow's own wheel.")
        return own
    try:
        found = ImageFont.truetype(str(_file(typeface)), size)
        if typeface.weight:
            found.set_variation_by_axes(_axes(found, typeface.weight))
    except OSError as error:
        raise CorpusError(
            f"the typeface {typeface.name!r} cannot be read: {error}",
            "Install Pillow's own wheel, which reads WOFF2.",
        ) from error
    return found


def _axes(found: Font, weight: int) -> list[float]:
    """The weight, and all other axes as they are by default."""
    axes = found.get_variation_axes()
    return [weight if axis["name"] == b"Weight" else axis["default"] or 0 for axis in axes]


def _file(typeface: Typeface) -> Path:
    spec = find_spec("streamlit")
    roots = list(spec.submodule_search_locations or []) if spec else []
    for root in roots:
        found = sorted((Path(root) / _MEDIA).glob(f"{typeface.begins}*.woff2"))
        if found:
            return found[0]
    raise CorpusError(
        f"streamlit's wheel has no typeface {typeface.begins!r}",
        "Install the streamlit version that mmqa requires.",
    )
