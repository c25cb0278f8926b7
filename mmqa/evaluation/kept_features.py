"""Features of a corpus's pictures, encoded once and kept beside the corpora.

Knows: that what is kept is named after the encoder and the list of files, so it cannot go stale,
and that a list is worked through in blocks, each kept when it is done. Refuses to know: what the
pictures show.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file, save_file

from mmqa.corpora.fetch import default_folder
from mmqa.errors import CorpusError
from mmqa.interfaces import ImageEncoder, Progress
from mmqa.media.images import read_image
from mmqa.media.sniff import sniff
from mmqa.records import Chunk, ImageFeatures, Picture

MAX_SIDE = 640
"""Pixels; the encoder looks at 260."""

BLOCK = 512
"""Pictures that are kept together: what an interrupted run loses at most."""

_BATCH = 16
_MAX_PIXELS = 100_000_000


def read(path: Path) -> Picture:
    """A picture as the product reads it: upright, opaque, sRGB.

    Raises:
        MediaError: It is damaged.
        CorpusError: It is no picture.
    """
    kind, format = sniff(path)
    if kind != "image":
        raise CorpusError(f"{str(path)!r} is no picture", "Fetch its package again.")
    return read_image(path, format, _MAX_PIXELS, MAX_SIDE).picture


def encode(
    label: str,
    paths: Sequence[Path],
    names: Sequence[str],
    encoder: ImageEncoder,
    *,
    folder: Path | None = None,
    progress: Progress | None = None,
) -> ImageFeatures:
    """Features of n pictures, in order.

    Args:
        label: What the collection is called.
        paths: n files.
        names: What each is called whatever folder it lies in; part of the key.
        encoder: Must give class probabilities.
        folder: Where corpora are kept; ``None`` means the default.
        progress: Told of each batch.
    """
    root = (folder or default_folder()) / "features"
    root.mkdir(parents=True, exist_ok=True)
    blocks = []
    for start in range(0, len(paths), BLOCK):
        end = min(start + BLOCK, len(paths))
        kept = root / f"{label}-{_key(encoder, names[start:end])}.safetensors"
        if not kept.exists():
            _keep(kept, _encode(paths[start:end], encoder))
        if progress is not None:
            progress(Chunk(f"encode {label}", end, len(paths), "steps"))
        blocks.append(load_file(kept))
    return ImageFeatures(
        np.concatenate([block["pooled"] for block in blocks]),
        np.concatenate([block["probabilities"] for block in blocks]),
    )


def _key(encoder: ImageEncoder, names: Sequence[str]) -> str:
    told = "\n".join(["pictures-1", encoder.fingerprint, *names])
    return hashlib.sha256(told.encode()).hexdigest()[:16]


def _keep(path: Path, features: ImageFeatures) -> None:
    assert features.probabilities is not None
    partial = path.with_suffix(".part")
    save_file({"pooled": features.pooled, "probabilities": features.probabilities}, partial)
    partial.replace(path)


def _encode(paths: Sequence[Path], encoder: ImageEncoder) -> ImageFeatures:
    parts = [encoder.encode(batch) for batch in _batches(paths)]
    probabilities = [p.probabilities for p in parts if p.probabilities is not None]
    return ImageFeatures(np.concatenate([p.pooled for p in parts]), np.concatenate(probabilities))


def _batches(paths: Sequence[Path]) -> Iterator[list[Picture]]:
    for start in range(0, len(paths), _BATCH):
        yield [read(path) for path in paths[start : start + _BATCH]]
