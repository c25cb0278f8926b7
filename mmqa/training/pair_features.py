"""Pairs → vectors: pictures as the image encoder sees them, recordings as they are heard.

Knows: the order of the work (hash, read, encode, transcribe, clean), and that each result is kept
by encoder and content. Refuses to know: the sides, and what is trained on the vectors.

There is no acoustic encoder: a recording is the vector of its transcript. So (image, audio) pairs
a picture with what is said of it, and (audio, text) pairs what was heard with what was said.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

import numpy as np

from mmqa.errors import MediaError
from mmqa.interfaces import ImageEncoder, Progress, Reader, TextEncoder, Transcriber
from mmqa.media.augment import PICTURES, augment, without
from mmqa.media.augment_pictures import may_be_mirrored
from mmqa.records import SOUNDS, Chunk, Floats, Picture
from mmqa.training import pair_table
from mmqa.training.feature_cache import FeatureCache, Seen
from mmqa.training.pair_table import PairData
from mmqa.training.pairs import Collected, Pair, Refused, cleaned

AT_ONCE = 16
"""Pictures that are encoded together."""
TEXTS_AT_ONCE = 256
_CHANGES = "mild-1"  # part of the name of a changed copy: raise it when the changes are others


@dataclass(frozen=True, slots=True)
class Encoders:
    """What encodes; the transcriber is fetched only when a recording must be listened to."""

    image: ImageEncoder
    text: TextEncoder
    transcriber: Callable[[], Transcriber]
    reader: Reader


def gather(
    collected: Collected,
    encoders: Encoders,
    cache: FeatureCache,
    *,
    copies: int = 0,
    progress: Progress | None = None,
) -> PairData:
    """Encode all pairs; what cannot be read is refused, not fatal.

    Args:
        collected: What :mod:`pairs` and :mod:`index_pairs` found.
        encoders: What encodes.
        cache: Where results are kept.
        copies: Mildly changed copies of each picture that is fitted to (cropped, turned, darkened,
            mirrored where the words allow it), as further rows.
        progress: Told of files and texts.
    """
    tell = progress or (lambda _chunk: None)
    seen = _looked_at(_named(collected), encoders, cache, tell)
    heard = _listened(seen, encoders, cache, tell)
    usable = cleaned(_written_first(heard))
    changed = _changed(usable.pairs, copies, encoders, cache, tell)
    layout = pair_table.lay_out(usable.pairs, changed)
    return layout.data(_vectors(list(layout.texts), encoders.text, cache, tell), usable.refused)


def _named(collected: Collected) -> Collected:
    """With the digest of each file's bytes."""

    def named(pair: Pair) -> Pair:
        path = pair.image or pair.audio
        if pair.sha256 or path is None:
            return pair
        return replace(pair, sha256=_sha256(path))

    return _each(collected, named)


def _each(collected: Collected, change: Callable[[Pair], Pair]) -> Collected:
    """Each pair changed; refused where that fails on its file."""
    pairs: list[Pair] = []
    refused = list(collected.refused)
    for pair in collected.pairs:
        try:
            pairs.append(change(pair))
        except MediaError as error:
            refused.append(Refused(pair.where, error.reason))
        except OSError as error:
            refused.append(Refused(pair.where, f"its file cannot be read: {error.strerror}"))
    return Collected(tuple(pairs), tuple(refused))


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _written_first(collected: Collected) -> Collected:
    """What a user wrote down about a file counts; what an index says about it then does not."""
    written = {p.sha256 for p in collected.pairs if _is_written(p)}
    kept = [p for p in collected.pairs if p.sha256 not in written or _is_written(p)]
    return replace(collected, pairs=tuple(kept))


def _is_written(pair: Pair) -> bool:
    return not pair.texts or any(words.weight >= 1 for words in pair.texts)


# ------------------------------------------------------------------------------- pictures


def _looked_at(
    collected: Collected, encoders: Encoders, cache: FeatureCache, tell: Progress
) -> Collected:
    """With the features of each picture."""
    jobs: dict[str, Path] = {}
    for pair in collected.pairs:
        if pair.image is not None and pair.pooled is None:
            jobs[pair.sha256] = pair.image
    looked = _Looked(encoders, cache)
    for number, batch in enumerate(_batches(looked.unseen(jobs))):
        looked.encode(batch)
        tell(Chunk("look at pictures", min((number + 1) * AT_ONCE, len(jobs)), len(jobs), "files"))

    def seen(pair: Pair) -> Pair:
        if pair.sha256 in looked.failed:
            raise looked.failed[pair.sha256]
        one = looked.found.get(pair.sha256)
        if one is None or pair.image is None:
            return pair
        return replace(pair, pooled=one.pooled, probabilities=one.probabilities, phash=one.phash)

    return _each(collected, seen)


class _Looked:
    """Pictures by name (a digest): found in the cache, encoded, or failed."""

    def __init__(self, encoders: Encoders, cache: FeatureCache) -> None:
        self._encoders, self._cache = encoders, cache
        self.found: dict[str, Seen] = {}
        self.failed: dict[str, MediaError] = {}

    def known(self, name: str) -> bool:
        """Whether it was encoded before, now or in an earlier run."""
        if name not in self.found:
            kept = self._cache.picture(self._encoders.image.fingerprint, name)
            if kept is not None:
                self.found[name] = kept
        return name in self.found

    def unseen(self, jobs: dict[str, Path]) -> Iterator[tuple[str, Picture]]:
        """Pictures that must be encoded, read one at a time."""
        for name, path in jobs.items():
            if not self.known(name):
                try:
                    yield name, picture_in(path, self._encoders.reader)
                except MediaError as error:
                    self.failed[name] = error

    def encode(self, batch: Sequence[tuple[str, Picture]]) -> None:
        """Encode and keep."""
        encoder = self._encoders.image
        features = encoder.encode([picture for _, picture in batch])
        for row, (name, picture) in enumerate(batch):
            chances = None if features.probabilities is None else features.probabilities[row]
            self.found[name] = Seen(features.pooled[row], chances, picture.perceptual_hash)
            self._cache.keep_picture(encoder.fingerprint, name, self.found[name])


def picture_in(path: Path, reader: Reader) -> Picture:
    """The first picture in a file.

    Raises:
        MediaError: The file is refused, or holds none.
    """
    for part in reader.read(path).parts:
        if isinstance(part, Picture):
            return part
    raise MediaError(path, "it holds no picture")


def _changed(
    pairs: Sequence[Pair], copies: int, encoders: Encoders, cache: FeatureCache, tell: Progress
) -> dict[str, list[Seen]]:
    """Digest of a fitted picture → features of its changed copies."""
    if copies <= 0:
        return {}
    fitted: dict[str, Pair] = {}
    for pair, side in zip(pairs, pair_table.sides(pairs), strict=True):
        if pair.image is not None and side == "fit":
            fitted[pair.sha256] = pair
    looked = _Looked(encoders, cache)
    found: dict[str, list[Seen]] = {}
    for number, (sha256, pair) in enumerate(fitted.items()):
        found[sha256] = _copies(pair, copies, encoders.reader, looked)
        tell(Chunk("look at changed copies", number + 1, len(fitted), "files"))
    return found


def _copies(pair: Pair, copies: int, reader: Reader, looked: _Looked) -> list[Seen]:
    """Seeded by the picture's digest and the copy's number; none where the file is gone."""
    mirrored = all(may_be_mirrored(words.text) for words in pair.texts)
    changes = PICTURES["mild"] if mirrored else without(["flip"], PICTURES["mild"])
    kind = f"{_CHANGES} {'mirrored' if mirrored else 'upright'}"
    names = [f"{pair.sha256} {kind} {number}" for number in range(copies)]
    missing = [number for number, name in enumerate(names) if not looked.known(name)]
    if missing and pair.image is not None:
        try:
            picture = picture_in(pair.image, reader)
        except MediaError:
            return []  # of an index whose files lie elsewhere now; the picture itself still counts
        seeds = {n: np.random.default_rng([int(pair.sha256[:12], 16), n]) for n in missing}
        looked.encode([(names[n], augment(picture, rng, changes)) for n, rng in seeds.items()])
    return [looked.found[name] for name in names]


def _batches(pictures: Iterable[tuple[str, Picture]]) -> Iterator[list[tuple[str, Picture]]]:
    source = iter(pictures)
    while batch := list(islice(source, AT_ONCE)):
        yield batch


# ------------------------------------------------------------------------------- words


def _listened(
    collected: Collected, encoders: Encoders, cache: FeatureCache, tell: Progress
) -> Collected:
    """With what is heard in each recording; silence is refused."""
    total = sum(p.audio is not None and p.heard is None for p in collected.pairs)
    done = 0

    def listened(pair: Pair) -> Pair:
        nonlocal done
        if pair.audio is None or pair.heard is not None:
            return pair
        heard = _heard(pair.audio, encoders, cache)
        done += 1
        tell(Chunk("listen to recordings", done, total, "files"))
        if not heard:
            raise MediaError(pair.audio, "nobody speaks in it")
        return replace(pair, heard=heard)

    return _each(collected, listened)


def _heard(path: Path, encoders: Encoders, cache: FeatureCache) -> str:
    transcriber = encoders.transcriber()
    name = _sha256(path)
    kept = cache.transcript(transcriber.fingerprint, name)
    if kept is not None:
        return kept
    for part in encoders.reader.read(path).parts:
        if isinstance(part, SOUNDS):
            heard = " ".join(span.text for span in transcriber.transcribe(part).spans).strip()
            cache.keep_transcript(transcriber.fingerprint, name, heard)
            return heard
    raise MediaError(path, "it holds no sound")


def _vectors(
    texts: Sequence[str], encoder: TextEncoder, cache: FeatureCache, tell: Progress
) -> Floats:
    found = [np.zeros((0, encoder.width), np.float32)]
    for start in range(0, len(texts), TEXTS_AT_ONCE):
        part = list(texts[start : start + TEXTS_AT_ONCE])
        vectors = cache.texts(encoder.fingerprint, part)
        if vectors is None:
            vectors = encoder.encode(part)
            cache.keep_texts(encoder.fingerprint, part, vectors)
        found.append(vectors)
        tell(Chunk("encode texts", start + len(part), len(texts), "steps"))
    return np.concatenate(found)
