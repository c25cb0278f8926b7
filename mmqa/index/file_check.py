"""Does a FAISS file hold the rows it should, and do they find themselves?

Knows: what a sound file must answer. Refuses to know: who asks, and how a file is made again.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from mmqa.index.building import live_numbers
from mmqa.index.catalogue import Catalogue, FaissSegment
from mmqa.index.faiss_segments import FaissRows
from mmqa.index.index_types import LEAST_CANDIDATES, padded
from mmqa.interfaces import Fuser
from mmqa.records import Features, Floats

SAMPLE = 64
"""Rows of each file that must find themselves, spread evenly."""


def wrong(catalogue: Catalogue, fuser: Fuser, one: FaissSegment) -> Iterator[tuple[str, str]]:
    """What is wrong with a file, as (kind of problem, phrase) pairs; none for a sound one."""
    loaded = FaissRows.read(catalogue.folder, one)
    if loaded is None:
        yield "segment-file", "missing, or not the file that was written"
        return
    live = live_numbers(catalogue, one.first, one.last)
    if amiss := _rows_amiss(live, loaded.numbers()):
        yield "segment-file", amiss
        return
    for number in _not_found(catalogue, fuser, live, loaded):
        yield "search", f"segment {number} does not find itself"


def _rows_amiss(live: NDArray[np.int64], inside: NDArray[np.int64]) -> str:
    if (np.diff(inside) == 0).any():
        return "it holds a row twice"
    lost = np.setdiff1d(live, inside)
    return f"{len(lost)} rows are not in it, segment {lost[0]} first" if len(lost) else ""


def _not_found(
    catalogue: Catalogue, fuser: Fuser, live: NDArray[np.int64], loaded: FaissRows
) -> Iterator[int]:
    """Of an even sample, the rows that are not among the best for their own vectors.

    All lists are looked into: what is proven is that the vectors in the file are those of the
    catalogue; how well the probed lists do is measured as recall. A row whose place is taken by
    others that truly score as much has found itself.
    """
    if not len(live):
        return
    places = np.unique(np.linspace(0, len(live) - 1, min(len(live), SAMPLE)).round().astype(int))
    numbers = live[places].tolist()
    features = catalogue.features(numbers)
    asked = np.stack([_own_question(fuser, each) for each in features])
    k = min(len(live), LEAST_CANDIDATES * loaded.kind.oversampling)
    found, _ = loaded.probe(padded(asked, loaded.index.d), k, loaded.lists, _bits(live))
    owns = np.einsum("nd,nd->n", fuser.fuse(features), asked)
    for number, question, own, row in zip(numbers, asked, owns, found, strict=True):
        others = row[row >= 0].tolist()
        if number not in others:
            scores = fuser.fuse(catalogue.features(others)) @ question
            if len(others) < k or float(scores.min()) < float(own) - 1e-4:
                yield number


def _own_question(fuser: Fuser, features: Features) -> Floats:
    return fuser.fuse_question(features, dict.fromkeys(features.vectors, 1.0), {})


def _bits(numbers: NDArray[np.int64]) -> NDArray[np.uint8]:
    mask = np.zeros(int(numbers[-1]) + 1, np.bool_)
    mask[numbers] = True
    return np.packbits(mask, bitorder="little")
