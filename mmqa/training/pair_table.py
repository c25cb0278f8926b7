"""Pairs as rows of numbers: which picture, which text, how much trusted, on which side.

Knows: how pairs become rows, and that neither the order of the pairs nor the name of a file
matters. Refuses to know: files, models, and what is trained.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from mmqa.records import Floats, ImageFeatures
from mmqa.training import pair_split
from mmqa.training.feature_cache import Seen
from mmqa.training.pair_split import Side
from mmqa.training.pairs import Pair, Refused, Words

COPY_WEIGHT = 0.5
"""A changed copy of a picture counts half of what the picture counts."""

Numbers = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Links:
    """Which rows belong together: n links between a left and a right side.

    Attributes:
        left: int64 (n,), rows of pictures, or of texts that were heard.
        right: int64 (n,), rows of texts.
        weight: float32 (n,), how much each is trusted, 0–1.
        sides: n names of sides.
    """

    left: Numbers
    right: Numbers
    weight: Floats
    sides: tuple[Side, ...]

    def on(self, side: Side) -> Links:
        """The links of one side."""
        kept = np.array([s == side for s in self.sides], np.bool_)
        return Links(self.left[kept], self.right[kept], self.weight[kept], (side,) * kept.sum())

    def __len__(self) -> int:
        return len(self.left)


@dataclass(frozen=True, slots=True, eq=False)
class PairData:
    """Everything that a mapping is trained, stopped and tested on.

    Attributes:
        pictures: Features of p pictures, changed copies last.
        origin: int64 (p,), of which picture each is a copy; its own number for the rest.
        texts: t different texts.
        vectors: float32 (t, d), unit rows.
        seen: Pictures ↔ texts that go with them.
        heard: What was heard ↔ what was said; both sides are rows of texts.
        refused: Rows that gave nothing.
        digest: Of all of it, for checkpoints.
    """

    pictures: ImageFeatures
    origin: Numbers
    texts: tuple[str, ...]
    vectors: Floats
    seen: Links
    heard: Links
    refused: tuple[Refused, ...]
    digest: str

    def sizes(self) -> dict[Side, int]:
        """Side → different pictures on it; copies do not count."""
        return {
            side: len(np.unique(self.origin[self.seen.on(side).left])) for side in pair_split.SIDES
        }


@dataclass(slots=True)
class Layout:
    """Pairs laid out as rows, before texts are encoded.

    Attributes:
        pictures: Features, a row each.
        origin: Of which row each is a copy.
        texts: Text → its row.
        seen: (picture, text, weight, side).
        heard: (text heard, text said, weight, side).
    """

    pictures: list[Seen] = field(default_factory=list)
    origin: list[int] = field(default_factory=list)
    texts: dict[str, int] = field(default_factory=dict)
    seen: list[tuple[int, int, float, Side]] = field(default_factory=list)
    heard: list[tuple[int, int, float, Side]] = field(default_factory=list)

    def text(self, words: str) -> int:
        """The row of a text, a new one if need be."""
        return self.texts.setdefault(words, len(self.texts))

    def picture(self, seen: Seen, origin: int | None = None) -> int:
        """A new row."""
        self.pictures.append(seen)
        self.origin.append(len(self.origin) if origin is None else origin)
        return len(self.pictures) - 1

    def data(self, vectors: Floats, refused: Sequence[Refused]) -> PairData:
        """The finished table, from one vector a text."""
        pooled = _stacked([seen.pooled for seen in self.pictures])
        chances = [s.probabilities for s in self.pictures if s.probabilities is not None]
        whole = len(chances) == len(self.pictures)
        probabilities = _stacked(chances) if whole else None
        seen, heard = _links(self.seen), _links(self.heard)
        digest = hashlib.sha256("\n".join(self.texts).encode("utf-8", "surrogatepass"))
        parts = (pooled, probabilities, vectors, *(p for x in (seen, heard) for p in _parts(x)))
        for values in parts:
            digest.update(b"" if values is None else np.ascontiguousarray(values).tobytes())
        return PairData(
            pictures=ImageFeatures(pooled, probabilities),
            origin=np.array(self.origin, np.int64),
            texts=tuple(self.texts),
            vectors=vectors,
            seen=seen,
            heard=heard,
            refused=tuple(refused),
            digest=digest.hexdigest()[:16],
        )


def sides(pairs: Sequence[Pair]) -> list[Side]:
    """The side of each pair; see :mod:`pair_split`."""
    contents = [pair.sha256 for pair in pairs]
    texts = [[w.text for w in said(pair)] for pair in pairs]
    hashes = [pair.phash if pair.image is not None else "" for pair in pairs]
    return [pair_split.side(group) for group in pair_split.groups(contents, texts, hashes)]


def said(pair: Pair) -> tuple[Words, ...]:
    """The words of a pair, and what was heard in its recording."""
    return (*pair.texts, *((Words(pair.heard),) if pair.heard else ()))


def lay_out(pairs: Sequence[Pair], copies: Mapping[str, Sequence[Seen]]) -> Layout:
    """Rows of all pairs: pictures with the words and the speech that go with them, then copies.

    Args:
        pairs: With their features and transcripts.
        copies: Digest of a picture → features of changed copies of it.
    """
    layout = Layout()
    rows: dict[str, int] = {}
    ordered = sorted(pairs, key=lambda p: (p.sha256, [w.text for w in p.texts], p.heard or ""))
    for pair, side in zip(ordered, sides(ordered), strict=True):
        if pair.image is None or pair.pooled is None:
            heard = layout.text(pair.heard or "")
            layout.heard += [(heard, layout.text(w.text), w.weight, side) for w in pair.texts]
            continue
        if pair.sha256 not in rows:
            rows[pair.sha256] = layout.picture(Seen(pair.pooled, pair.probabilities, pair.phash))
        row = rows[pair.sha256]
        layout.seen += [(row, layout.text(w.text), w.weight, side) for w in said(pair)]
    for name, changed in sorted(copies.items()):
        _lay_copies(layout, rows[name], changed)
    return layout


def _lay_copies(layout: Layout, origin: int, changed: Sequence[Seen]) -> None:
    links = [link for link in layout.seen if link[0] == origin and link[3] == "fit"]
    for seen in changed:
        row = layout.picture(seen, origin)
        layout.seen += [(row, text, weight * COPY_WEIGHT, side) for _, text, weight, side in links]


def _links(found: Sequence[tuple[int, int, float, Side]]) -> Links:
    left, right, weight = (np.array([link[n] for link in found]) for n in range(3))
    names = tuple(link[3] for link in found)
    return Links(left.astype(np.int64), right.astype(np.int64), weight.astype(np.float32), names)


def _parts(links: Links) -> tuple[NDArray[np.generic], ...]:
    return links.left, links.right, links.weight, np.array(links.sides, dtype="U10")


def _stacked(rows: Sequence[Floats]) -> Floats:
    return np.stack(rows).astype(np.float32) if rows else np.zeros((0, 0), np.float32)
