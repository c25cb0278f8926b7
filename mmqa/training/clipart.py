"""openclipart's drawings as rows of a fit and as pictures to be found, with their features.

Knows: which of them can be looked at, and which may be fitted on. Refuses to know: the mapping, and
scores.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from mmqa.corpora import openclipart
from mmqa.corpora.openclipart import Drawing
from mmqa.evaluation import kept_features
from mmqa.interfaces import ImageEncoder, Progress
from mmqa.records import ImageFeatures

_EMPTY = frozenset(
    {
        "light_bulb_karl_bartel_01",
        "badminton_racket_brice_b_01",
        "teschio_fabio_olivo_01",
        "zero_stars_saurabh_nanda_01",
    }
)
"""Wholly transparent in the package: there is nothing to see."""


def depicted(folder: Path | None = None, progress: Progress | None = None) -> list[Drawing]:
    """All drawings whose folder shows what their names say, and that show anything at all.

    Raises:
        CorpusError: The packages cannot be fetched.
    """
    drawings = openclipart.load(folder, progress=progress)
    return [d for d in drawings if d.depicted and d.path.stem not in _EMPTY]


def fitted(drawings: Sequence[Drawing]) -> list[Drawing]:
    """Those that a fit may see: named, and not of the test side."""
    return [d for d in drawings if d.name and d.side != "test"]


def tested(drawings: Sequence[Drawing]) -> list[Drawing]:
    """Those of the test side, named or not."""
    return [d for d in drawings if d.side == "test"]


def encode(
    drawings: Sequence[Drawing],
    encoder: ImageEncoder,
    folder: Path | None = None,
    progress: Progress | None = None,
) -> ImageFeatures:
    """Features of n drawings, in order; kept in the corpora folder and found again."""
    names = [d.path.as_posix().partition(f"{openclipart.DRAWINGS}/")[2] for d in drawings]
    return kept_features.encode(
        "openclipart",
        [d.path for d in drawings],
        names,
        encoder,
        folder=folder,
        progress=progress,
    )
