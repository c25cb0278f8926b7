"""The drawings that the mapping is fitted to and tested on, with their features kept on disk.

Knows: which emoji there are, by which hand, on which side of the split. Refuses to know: the
mapping, and scores.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file, save_file

from mmqa.corpora import concepts, iconify, noto, openmoji
from mmqa.corpora.fetch import default_folder
from mmqa.corpora.openmoji import Emoji
from mmqa.corpora.raster import on_white
from mmqa.evaluation.kept_features import read
from mmqa.interfaces import ImageEncoder, Progress
from mmqa.records import Chunk, ImageFeatures, Picture, Pixels
from mmqa.training import clipart

TESTED = ("openmoji", "noto")
"""The hands whose drawings are tested on; those of ``iconify.STYLES`` are fitted to only."""

WEAK = (*iconify.ICONS, "openclipart")
"""Where a drawing's words are the name of a file or an icon, and follow no rule."""

_BATCH = 16


@dataclass(frozen=True, slots=True)
class Drawing:
    """One emoji as drawn by one hand.

    Attributes:
        emoji: What is drawn, with its words.
        source: ``openmoji``, ``noto``, one of ``iconify.STYLES`` or one of :data:`WEAK`.
    """

    emoji: Emoji
    source: str

    @property
    def side(self) -> concepts.Side:
        """``train``, ``development`` or ``test``; the same for all drawings of a concept."""
        return concepts.side(self.emoji.annotation)

    @property
    def concept(self) -> str:
        """Key of what is drawn."""
        return concepts.concept(self.emoji.annotation)

    @property
    def depicted(self) -> bool:
        """Whether the name can be read off the picture."""
        return concepts.depicted(self.emoji.group, self.emoji.subgroup)

    @property
    def weak(self) -> bool:
        """Whether its words are a weak caption."""
        return self.source in WEAK


def collect(folder: Path | None = None, progress: Progress | None = None) -> list[Drawing]:
    """All drawings but skin-tone variants, in OpenMoji's order; Noto's where the font has one.

    Raises:
        CorpusError: A corpus cannot be fetched.
    """
    emoji = [e for e in openmoji.load(folder, progress=progress) if not e.toned]
    font = noto.font_file(folder, progress=progress)
    drawings: list[Drawing] = []
    for entry in emoji:
        drawings.append(Drawing(entry, "openmoji"))
        if not entry.group.startswith("extras") and noto.render(entry.character, font) is not None:
            drawings.append(Drawing(entry, "noto"))
    return drawings


def collect_styles(
    drawings: Sequence[Drawing], folder: Path | None = None, progress: Progress | None = None
) -> list[Drawing]:
    """The fitting sides' emoji as drawn by further hands; a held-out concept is held out in all.

    Args:
        drawings: What :func:`collect` found.
        folder: Where corpora are kept; ``None`` means the default.
        progress: Told of fetching.

    Raises:
        CorpusError: A corpus cannot be fetched.
    """
    fitted = [d.emoji for d in drawings if d.source == "openmoji" and d.side != "test"]
    emoji = [e for e in fitted if not e.group.startswith("extras")]
    found: list[Drawing] = []
    for style in iconify.STYLES:
        names = iconify.icons(iconify.load(style, folder, progress=progress))
        found.extend(Drawing(e, style) for e in emoji if iconify.slug(e.annotation) in names)
    return found


def collect_icons(folder: Path | None = None, progress: Progress | None = None) -> list[Drawing]:
    """All icons of ``iconify.ICONS``, set by set, with what their names say.

    They are of no side: which of them tell of a held-out concept, ``mmqa.training.withheld`` says.

    Raises:
        CorpusError: A corpus cannot be fetched.
    """
    found: list[Drawing] = []
    for source in iconify.ICONS:
        file = iconify.load(source, folder, progress=progress)
        for name in iconify.icons(file):
            told = iconify.caption(name)
            if told:
                found.append(Drawing(_named(name, told, "icons", file), source))
    return found


def collect_clipart(folder: Path | None = None, progress: Progress | None = None) -> list[Drawing]:
    """The drawings of openclipart's fitting sides.

    Raises:
        CorpusError: A corpus cannot be fetched.
    """
    chosen = clipart.fitted(clipart.depicted(folder, progress))
    return [Drawing(_named(d.path.stem, d.name, d.category, d.path), "openclipart") for d in chosen]


def _named(key: str, told: str, group: str, file: Path) -> Emoji:
    return Emoji(key, "", told, (), group, "", False, file)


def encode(
    drawings: Sequence[Drawing],
    encoder: ImageEncoder,
    folder: Path | None = None,
    progress: Progress | None = None,
) -> ImageFeatures:
    """Features of n drawings, in order; kept in the corpora folder and found again.

    What is kept is named after the encoder's fingerprint and the list, so neither can go stale.
    """
    root = folder or default_folder()
    parts = [_encode_alike(list(alike), encoder, root, progress) for alike in _runs(drawings)]
    return ImageFeatures(
        np.concatenate([p.pooled for p in parts]),
        np.concatenate([p.probabilities for p in parts if p.probabilities is not None]),
    )


def _runs(drawings: Sequence[Drawing]) -> Iterator[Sequence[Drawing]]:
    """What is kept together: each set of icons by itself, all emoji in one."""
    for _, alike in groupby(drawings, key=lambda d: d.source if d.weak else ""):
        yield list(alike)


def _encode_alike(
    drawings: Sequence[Drawing],
    encoder: ImageEncoder,
    root: Path,
    progress: Progress | None,
) -> ImageFeatures:
    names = "\n".join(f"{d.source} {d.emoji.hexcode}" for d in drawings)
    key = hashlib.sha256(f"drawings-1\n{encoder.fingerprint}\n{names}".encode()).hexdigest()[:16]
    kept = root / "features" / f"drawings-{key}.safetensors"
    if not kept.exists():
        features = _encode(drawings, encoder, root, progress)
        kept.parent.mkdir(parents=True, exist_ok=True)
        partial = kept.with_suffix(".part")
        assert features.probabilities is not None
        save_file({"pooled": features.pooled, "probabilities": features.probabilities}, partial)
        partial.replace(kept)
    tensors = load_file(kept)
    return ImageFeatures(tensors["pooled"], tensors["probabilities"])


def pictures(drawings: Sequence[Drawing], folder: Path) -> Iterator[Picture]:
    """Draw each of them, one at a time."""
    font = noto.font_file(folder)
    for drawing in drawings:
        if drawing.source == "openmoji":
            pixels: Pixels | None = openmoji.render(drawing.emoji.svg)
        elif drawing.source == "noto":
            pixels = noto.render(drawing.emoji.character, font)
        elif drawing.source in iconify.ICONS:
            pixels = iconify.draw(drawing.emoji.hexcode, drawing.emoji.svg)
        elif drawing.source == "openclipart":
            yield read(drawing.emoji.svg)
            continue
        else:
            pixels = iconify.render(drawing.emoji.annotation, iconify.load(drawing.source, folder))
        assert pixels is not None, f"{drawing} was collected without a picture"
        yield on_white(pixels)


def _encode(
    drawings: Sequence[Drawing], encoder: ImageEncoder, folder: Path, progress: Progress | None
) -> ImageFeatures:
    drawn = pictures(drawings, folder)
    parts: list[ImageFeatures] = []
    for start in range(0, len(drawings), _BATCH):
        count = min(_BATCH, len(drawings) - start)
        parts.append(encoder.encode([next(drawn) for _ in range(count)]))
        if progress is not None:
            progress(Chunk("encode drawings", start + count, len(drawings), "steps"))
    probabilities = [p.probabilities for p in parts if p.probabilities is not None]
    return ImageFeatures(np.concatenate([p.pooled for p in parts]), np.concatenate(probabilities))
