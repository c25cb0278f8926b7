"""Tux Paint's stamps: photographs and drawings of single objects, each described in a sentence.

Knows: the Debian package's folders, and which pictures its folders call drawings. Refuses to know:
whether a picture is a photograph (someone has to look), and what the pictures are used for.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from mmqa.corpora import concepts
from mmqa.corpora.concepts import Side
from mmqa.corpora.fetch import fetch
from mmqa.errors import CorpusError
from mmqa.interfaces import Progress

STAMPS = "usr/share/tuxpaint/stamps"

_DRAWN = frozenset({"cartoon", "symbols", "roadsigns", "flags"})


@dataclass(frozen=True, slots=True)
class Stamp:
    """One picture and what its authors say of it.

    Attributes:
        path: PNG file, mostly with a transparent background.
        text: Description in English, e.g. ``A bluebird.``
        category: Folders, coarse to fine, e.g. ``animals/birds``.
        drawn: Whether a folder's name says that it is a drawing; others are mostly photographs.
        side: Where its concept falls (:mod:`mmqa.corpora.concepts`).
    """

    path: Path
    text: str
    category: str
    drawn: bool
    side: Side


def load(folder: Path | None = None, *, progress: Progress | None = None) -> list[Stamp]:
    """All stamps that are PNG and have a description, sorted by path; fetched first where needed.

    Raises:
        CorpusError: The package cannot be fetched, or no picture has a description.
    """
    root = fetch("stamps", folder=folder, progress=progress) / STAMPS
    found = [
        _stamp(file, root, text)
        for file in sorted(root.rglob("*.png"))
        if (text := describe(file.with_suffix(".txt")))
    ]
    if not found:
        raise CorpusError(f"no stamp in {str(root)!r} is described", "Fetch it again.")
    return found


def describe(file: Path) -> str:
    """The English description: the first line; ``""`` where there is no file or no text.

    Raises:
        CorpusError: The file cannot be read.
    """
    if not file.is_file():
        return ""
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except (OSError, ValueError) as error:
        raise CorpusError(f"the description {str(file)!r} cannot be read: {error}") from error
    return lines[0].strip() if lines else ""


def thing(text: str) -> str:
    """What a description names: its first sentence without the article.

    >>> thing("A bluebird."), thing("An Old English D. It is old."), thing("The Moon")
    ('bluebird', 'Old English D', 'Moon')
    """
    first = text.split(". ", maxsplit=1)[0].strip().rstrip(".!")
    article, _, rest = first.partition(" ")
    return rest if rest and article.lower() in ("a", "an", "the", "some") else first


def _stamp(file: Path, root: Path, text: str) -> Stamp:
    category = file.relative_to(root).parent
    drawn = not _DRAWN.isdisjoint(category.parts)
    return Stamp(file, text, category.as_posix(), drawn, concepts.side(thing(text)))
