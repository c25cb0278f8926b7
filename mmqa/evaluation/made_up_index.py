"""A real index filled with made-up segments, and the questions and filters it is asked with.

Knows: which files there are, in which folders, of which kind. Refuses to know: what is measured.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import islice
from pathlib import Path

import numpy as np

from mmqa.evaluation.made_up_vectors import TOPICS, MadeUpCorpus, MadeUpFile
from mmqa.fusion.concat import ConcatFuser
from mmqa.index.identity import IndexIdentity
from mmqa.index.store import IndexStore
from mmqa.interfaces import Progress
from mmqa.records import (
    KINDS,
    Calibration,
    Channel,
    Chunk,
    Features,
    Filter,
    Floats,
    Kind,
    MediaItem,
    Modality,
    Segment,
)

WIDTH = 197
"""Of one vector; fused ones have 400."""
KIND_SHARES = (0.5, 0.25, 0.1, 0.15)
"""Of files of each of ``KINDS``."""
MODALITIES: tuple[Modality, ...] = ("visual", "text")

_FILES_AT_ONCE = 1_000


def fuser() -> ConcatFuser:
    """Two modalities, so that a fused vector has 400 numbers."""
    return ConcatFuser(WIDTH, MODALITIES)


def identity(fuser: ConcatFuser) -> IndexIdentity:
    """What such an index was made with."""
    return IndexIdentity("made up", {}, fuser.name, fuser.width)


def fill(
    store: IndexStore, corpus: MadeUpCorpus, segments: int, progress: Progress | None
) -> list[int]:
    """Put files with so many segments in all into the catalogue, and measure calibration.

    Returns:
        The number of segments of each topic.
    """
    topics, done, number = [0] * TOPICS, 0, 0
    files = corpus.files(segments, seed=0)
    rng = np.random.default_rng(3)
    while some := list(islice(files, _FILES_AT_ONCE)):
        kinds = rng.choice(len(KINDS), len(some), p=KIND_SHARES)
        with store.transaction() as change:
            for one, kind in zip(some, kinds, strict=True):
                item, parts, features = _rows(one, number, KINDS[kind], rng)
                change.put(item, parts, features, [""] * len(parts))
                topics[one.topic] += len(parts)
                number += 1
                done += len(parts)
        if progress is not None:
            progress(Chunk(f"filling {segments:,}", done, segments, "steps"))
    bank = corpus.questions(1_000, seed=8)
    sampled = {**store.sample("visual"), **store.sample("text")}
    store.set_calibration(store.fuser.calibrate(bank, list(sampled.values())))
    return topics


def _rows(
    one: MadeUpFile, number: int, kind: Kind, rng: np.random.Generator
) -> tuple[MediaItem, list[Segment], list[Features]]:
    path, sha256 = folder_of(one.topic) / f"{number:07}", f"{number:064x}"
    hubness = rng.normal(0.25, 0.04, (len(one.text), 2))
    parts, features = [], []
    for i, vectors in enumerate(zip(one.visual, one.text, strict=True)):
        parts.append(Segment(f"{number:012x}.{i}", path, sha256, kind, i))
        there = {m: v for m, v in zip(MODALITIES, vectors, strict=True) if v.any()}
        features.append(Features(there, dict(zip(MODALITIES, hubness[i].tolist(), strict=True))))
    return MediaItem(path, sha256, kind, 1000, 0), parts, features


def folder_of(topic: int) -> Path:
    """Folders hold what belongs together, as people's do."""
    return Path(f"/made-up/{topic:03}")


def questions(
    corpus: MadeUpCorpus, fuser: ConcatFuser, calibration: Mapping[Channel, Calibration], n: int
) -> Floats:
    """float32 (n, width): of files that are in no index, asked of both modalities alike."""
    weights = dict.fromkeys(MODALITIES, 0.5)
    asked = [
        fuser.fuse_question(Features(dict.fromkeys(MODALITIES, one)), weights, calibration)
        for one in corpus.questions(n, seed=9)
    ]
    return np.stack(asked)


def filters(topics: Sequence[int]) -> dict[str, Filter]:
    """None, one kind, and folders that hold about 5 % and 0.5 % of the segments.

    Args:
        topics: Segments of each topic.
    """
    found = {"all": Filter(), "pictures (1/2)": Filter(kinds=("image",))}
    for name, share in (("folders (1/20)", 0.05), ("folders (1/200)", 0.005)):
        chosen = _topics_that_hold(share, topics)
        found[name] = Filter(folders=tuple(map(folder_of, chosen)))
    return found


def _topics_that_hold(share: float, topics: Sequence[int]) -> list[int]:
    """Topics drawn until they hold this share of the segments; none alone holds half of it."""
    chosen: list[int] = []
    wanted = share * sum(topics)
    for topic in np.random.default_rng(4).permutation(len(topics)).tolist():
        if 0 < topics[topic] <= wanted / 2:
            chosen.append(topic)
        if sum(topics[one] for one in chosen) >= wanted:
            break
    return chosen or [int(np.argmax(topics))]
