"""Weak pairs out of a user's own index: pictures and recordings with the words they carry.

Knows: which words of a segment speak of what it shows, and how much each kind is trusted. Refuses
to know: what pairs are used for. No file is opened: features and transcripts are the index's own.

Captions (sidecars, EXIF, tags) and file names are words that a person chose for the thing as a
whole, so they are weak pairs. Text read in a picture (OCR) is not used: it stands in the picture
and says nothing of the rest, and search finds it by its own vector.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from mmqa.extraction import Extract, unpack
from mmqa.index.catalogue import Catalogue
from mmqa.records import MediaItem, SegmentText
from mmqa.training.pairs import Collected, Pair, Refused, Words

CAPTION_WEIGHT = 0.7
NAME_WEIGHT = 0.4


def read(folder: Path, image_encoder: str) -> Collected:
    """Pairs of all pictures that have words, and of recordings that have words and speech.

    Args:
        folder: The index.
        image_encoder: Fingerprint of the encoder in use; features of another one are not taken.

    Raises:
        IndexFolderError: There is no index, or it cannot be read.
    """
    pairs: list[Pair] = []
    refused: list[Refused] = []
    with closing(Catalogue(folder)) as catalogue:
        hashes = dict(catalogue.phashes())
        for item in catalogue.items():
            if item.kind not in ("image", "audio"):
                continue
            found = _pair(catalogue, item, hashes.get(item.path, ""), image_encoder)
            if isinstance(found, Refused):
                refused.append(found)
            else:
                pairs.append(found)
    return Collected(tuple(pairs), tuple(refused))


def _pair(catalogue: Catalogue, item: MediaItem, phash: str, encoder: str) -> Pair | Refused:
    segments = catalogue.item_segments(item.path)
    words = _words(segments[0].text) if segments else ()
    where = str(item.path)
    if not words:
        return Refused(where, "the index knows no words for it")
    if item.kind == "audio":
        heard = " ".join(s.text.transcript for s in segments if s.text.transcript)
        if not heard:
            return Refused(where, "nobody speaks in it")
        return Pair(where, audio=item.path, texts=words, sha256=item.sha256, heard=heard)
    pair = Pair(where, image=item.path, texts=words, sha256=item.sha256, phash=phash)
    for extract in _extracts(catalogue, item.sha256, encoder):
        if extract.pooled is not None:
            return replace(pair, pooled=extract.pooled, probabilities=extract.probabilities)
    return pair  # the index holds no features of this encoder: the file is read


def _words(text: SegmentText) -> tuple[Words, ...]:
    """Caption lines, and words of the file name unless the caption says them already."""
    captions = [Words(line, CAPTION_WEIGHT) for line in text.caption.splitlines() if line.strip()]
    said = text.caption.casefold()
    named = text.name_words and text.name_words.casefold() not in said
    return (*captions, *([Words(text.name_words, NAME_WEIGHT)] if named else []))


def _extracts(catalogue: Catalogue, sha256: str, encoder: str) -> Iterator[Extract]:
    keys = catalogue.all("SELECT fingerprint FROM extractions WHERE sha256 = ?", sha256)
    for (key,) in keys:
        payload = catalogue.extraction(sha256, key) if f"image_encoder={encoder}" in key else None
        if payload is not None:
            yield from unpack(payload)
