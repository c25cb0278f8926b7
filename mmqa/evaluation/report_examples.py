"""Questions of a collection with the first things they found, and why, as examples for a page.

Knows: how hits and misses are drawn at random, and how a picture becomes small enough to stand in a
page. Refuses to know: how anything is searched.
"""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from mmqa.evaluation.report_page import Example, ExampleHit
from mmqa.evaluation.stability import Asked, Searchable
from mmqa.media.images import read_image
from mmqa.media.sniff import sniff
from mmqa.records import Hit, SearchResult

TOP = 10
SHOWN = 4
SIDE = 220
"""Pixels of the longer side; a JPEG of that size takes about 8 kB."""

LEAST_SHARE = 0.005
"""Contributions that would be written as 0.00 are left out."""

_QUALITY = 72
_WORDS = 220
_MAX_PIXELS = 100_000_000


def examples(
    library: Searchable, asked: Sequence[Asked], count: int = 6, seed: int = 0, pool: int = 200
) -> tuple[Example, ...]:
    """Up to ``count`` questions that found something right in the first 10, then as many that not.

    Args:
        library: The index.
        asked: Questions with what they should find.
        count: Of each.
        seed: Which ones.
        pool: At most so many are asked, drawn at random.
    """
    order = np.random.default_rng(seed).permutation(len(asked))[:pool]
    drawn = [asked[place] for place in order]
    results = library.search_batch([one.text for one in drawn], k=TOP)
    every = [(one, result, _found(one, result)) for one, result in zip(drawn, results, strict=True)]
    chosen = [e for e in every if e[2]][:count] + [e for e in every if not e[2]][:count]
    return tuple(_example(one, result, found=found) for one, result, found in chosen)


def _found(asked: Asked, result: SearchResult) -> bool:
    return any(hit.segment.path in asked.relevant for hit in result.hits[:TOP])


def _example(asked: Asked, result: SearchResult, *, found: bool) -> Example:
    return Example(
        question=asked.text,
        found=found,
        wanted=tuple(sorted(path.name for path in asked.relevant)),
        weights=dict(result.modality_weights),
        weighed_by=result.weighed_by,
        hits=tuple(_hit(hit, asked) for hit in result.hits[:SHOWN]),
    )


def _hit(hit: Hit, asked: Asked) -> ExampleHit:
    segment = hit.segment
    return ExampleHit(
        rank=hit.rank,
        name=segment.path.name,
        kind=segment.kind,
        right=segment.path in asked.relevant,
        score=hit.score,
        contributions={
            name: float(value)
            for name, value in hit.contributions.items()
            if abs(value) >= LEAST_SHARE
        },
        text=segment.text.best()[:_WORDS],
        picture=thumbnail(segment.path) if segment.kind == "image" else "",
    )


def thumbnail(path: Path) -> str:
    """A picture as the ``data:`` address of a small JPEG; empty where it cannot be read."""
    from PIL import Image

    from mmqa.errors import MediaError

    try:
        kind, format = sniff(path)
        if kind != "image":
            return ""
        picture = read_image(path, format, _MAX_PIXELS, SIDE * 2).picture
    except MediaError:
        return ""  # its name stands there all the same
    image = Image.fromarray(picture.pixels)
    image.thumbnail((SIDE, SIDE))
    written = io.BytesIO()
    image.save(written, "JPEG", quality=_QUALITY)
    return "data:image/jpeg;base64," + base64.b64encode(written.getvalue()).decode()
