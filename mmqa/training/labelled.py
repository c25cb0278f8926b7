"""Examples with labels that a user wrote down, and their vectors: what a classifier is trained on.

Knows: JSON Lines, which rows cannot be meant, and on which side a row falls. Refuses to know: what
is learned from them.

One object a line: a label, and one or more of a picture, a recording and words, with paths relative
to the file: ``{"image": "a.jpg", "text": "our ferry", "label": "travel"}``. A bad row is refused
with its line and the reason; the rest is used. Rows about the same picture, recording or words fall
on one side, whatever else they hold.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeAlias

import numpy as np

from mmqa.errors import MediaError, UsageError
from mmqa.interfaces import CrossModalMapping, Progress
from mmqa.media.characters import decode
from mmqa.records import SOUNDS, Chunk, Features, Floats, ImageFeatures, Modality, Picture
from mmqa.segmenting import with_hubness
from mmqa.training.feature_cache import FeatureCache, Seen
from mmqa.training.pair_features import Encoders, picture_in

Side: TypeAlias = Literal["train", "development", "test"]

_TEST_SHARE, _DEVELOPMENT_SHARE = 0.2, 0.15
_FIELDS = ("image", "audio", "text", "label")


@dataclass(frozen=True, slots=True)
class Example:
    """One row.

    Attributes:
        label: Its class.
        where: For messages: ``pairs.jsonl, line 3``.
        image: The picture's file, or ``None``.
        audio: The recording's file, or ``None``.
        text: Words; empty where there are none.
    """

    label: str
    where: str = ""
    image: Path | None = None
    audio: Path | None = None
    text: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Labelled:
    """Examples with their vectors, in the same order, and rows that could not be used.

    Attributes:
        examples: The rows.
        features: Of each.
        sides: Of each.
        refused: A sentence each.
        heard: What is said in the recording of each; empty where there is none.
    """

    examples: tuple[Example, ...]
    features: tuple[Features, ...]
    sides: tuple[Side, ...]
    refused: tuple[str, ...] = ()
    heard: tuple[str, ...] = ()


def read(files: Sequence[Path]) -> tuple[list[Example], list[str]]:
    """All rows of some files that can be meant, and why the others cannot.

    Raises:
        UsageError: A file cannot be read, or holds no row that can be used.
    """
    examples: list[Example] = []
    refused: list[str] = []
    for file in files:
        for where, line in _lines(file):
            try:
                examples.append(parse(line, where, file.parent))
            except ValueError as error:
                refused.append(f"{where}: {error}")
    if not examples:
        first = f" ({refused[0]})" if refused else ""
        raise UsageError(
            f"there is no example to learn from{first}",
            'Write one object a line: {"image": "FILE", "text": "WORDS", "label": "CLASS"}.',
        )
    return examples, refused


def parse(line: str, where: str = "", folder: Path = Path()) -> Example:
    """One line.

    Raises:
        ValueError: Why it is no example, in words.

    >>> parse('{"text": "what a day", "label": "happy"}').label
    'happy'
    """
    try:
        row = json.loads(line)
    except ValueError as error:
        raise ValueError(f"it is no JSON: {error}") from error
    if not isinstance(row, dict):
        raise ValueError("it is no object in braces")
    unknown = [name for name in row if name not in _FIELDS]
    if unknown:
        raise ValueError(f"{unknown[0]!r} means nothing; known: {', '.join(_FIELDS)}")
    label, text = _text(row, "label"), _text(row, "text")
    image, audio = _file(row, "image", folder), _file(row, "audio", folder)
    if not label:
        raise ValueError("it has no label")
    if image is None and audio is None and not text:
        raise ValueError("it has neither image nor audio nor text")
    return Example(label, where, image, audio, text)


def side_of(key: str) -> Side:
    """Where what is named by ``key`` falls, by SHA-256: fixed before anything is fitted.

    >>> [side_of(key) for key in ("a", "b", "e")]
    ['development', 'test', 'train']
    """
    digest = hashlib.sha256(f"mmqa head\0{key}".encode()).digest()
    place = int.from_bytes(digest[:8], "big") / 2**64
    if place < _TEST_SHARE:
        return "test"
    return "development" if place < _TEST_SHARE + _DEVELOPMENT_SHARE else "train"


def sides(keys: Sequence[Sequence[str]]) -> list[Side]:
    """The side of each row, given the names of what it holds; rows that share one fall together.

    >>> sides([("a.jpg", "hello"), ("b.jpg", "hello"), ("b.jpg",)]) == [side_of("a.jpg")] * 3
    True
    """
    leader: dict[str, str] = {}

    def find(name: str) -> str:
        while leader.setdefault(name, name) != name:
            name = leader[name]
        return name

    for names in keys:
        first, *others = sorted(find(name) for name in names)
        for other in others:
            leader[other] = first
    return [side_of(find(names[0])) for names in keys]


def gather(
    files: Sequence[Path],
    encoders: Encoders,
    mapping: CrossModalMapping,
    cache: FeatureCache,
    progress: Progress | None = None,
) -> Labelled:
    """Read and encode all rows; a row with a file that cannot be read is refused, not fatal.

    Raises:
        UsageError: A file of rows cannot be read, or nothing can be used.
    """
    tell = progress or (lambda _chunk: None)
    examples, refused = read(files)
    taken: list[Example] = []
    pictures: list[Seen | None] = []
    heard: list[str] = []
    names: list[list[str]] = []
    eyes = _Senses(encoders, cache)
    for number, one in enumerate(examples):
        try:
            seen = eyes.look(one.image) if one.image is not None else None
            said = eyes.listen(one.audio) if one.audio is not None else ""
        except (MediaError, OSError) as error:
            refused.append(f"{one.where}: {error}")
        else:
            taken.append(one)
            pictures.append(seen)
            heard.append(said)
            names.append(_names(one))
        tell(Chunk("look and listen", number + 1, len(examples), "files"))
    rows = _visual(pictures, mapping)
    modality: Modality
    for modality, texts in (("text", [one.text for one in taken]), ("speech", heard)):
        for row, vector in zip(rows, _encoded(texts, encoders, cache), strict=True):
            if vector is not None:
                row[modality] = vector
    features = with_hubness(rows, mapping)
    return Labelled(
        tuple(taken), tuple(features), tuple(sides(names)), tuple(refused), tuple(heard)
    )


class _Senses:
    """Files → what the encoders make of them; found again in the cache."""

    def __init__(self, encoders: Encoders, cache: FeatureCache) -> None:
        self._encoders, self._cache = encoders, cache

    def look(self, path: Path) -> Seen:
        """Image features of the first picture in a file."""
        encoder, name = self._encoders.image, _sha256(path)
        kept = self._cache.picture(encoder.fingerprint, name)
        if kept is not None:
            return kept
        picture: Picture = picture_in(path, self._encoders.reader)
        found = encoder.encode([picture])
        chances = None if found.probabilities is None else found.probabilities[0]
        seen = Seen(found.pooled[0], chances, picture.perceptual_hash)
        self._cache.keep_picture(encoder.fingerprint, name, seen)
        return seen

    def listen(self, path: Path) -> str:
        """What is said in a recording; empty where nobody speaks."""
        transcriber, name = self._encoders.transcriber(), _sha256(path)
        kept = self._cache.transcript(transcriber.fingerprint, name)
        if kept is not None:
            return kept
        parts = self._encoders.reader.read(path).parts
        sound = next((part for part in parts if isinstance(part, SOUNDS)), None)
        if sound is None:
            raise MediaError(path, "it holds no sound")
        heard = " ".join(span.text for span in transcriber.transcribe(sound).spans).strip()
        self._cache.keep_transcript(transcriber.fingerprint, name, heard)
        return heard


def _visual(
    pictures: Sequence[Seen | None], mapping: CrossModalMapping
) -> list[dict[Modality, Floats]]:
    seen = [one for one in pictures if one is not None]
    rows: list[dict[Modality, Floats]] = [{} for _ in pictures]
    if not seen:
        return rows
    chances = [one.probabilities for one in seen if one.probabilities is not None]
    probabilities = np.stack(chances) if len(chances) == len(seen) else None
    mapped = iter(mapping.map(ImageFeatures(np.stack([one.pooled for one in seen]), probabilities)))
    for row, one in zip(rows, pictures, strict=True):
        if one is not None:
            row["visual"] = next(mapped)
    return rows


def _encoded(
    texts: Sequence[str], encoders: Encoders, cache: FeatureCache
) -> Iterator[Floats | None]:
    wanted = list(dict.fromkeys(text for text in texts if text))
    vectors = cache.texts(encoders.text.fingerprint, wanted) if wanted else None
    if wanted and vectors is None:
        vectors = encoders.text.encode(wanted)
        cache.keep_texts(encoders.text.fingerprint, wanted, vectors)
    known = {} if vectors is None else dict(zip(wanted, vectors, strict=True))
    return (known.get(text) for text in texts)


def _names(one: Example) -> list[str]:
    """What a row holds, by content."""
    files = [_sha256(path) for path in (one.image, one.audio) if path is not None]
    return [*files, *([" ".join(one.text.casefold().split())] if one.text else [])]


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _lines(path: Path) -> Iterator[tuple[str, str]]:
    try:
        lines = decode(path.read_bytes()).splitlines()
    except OSError as error:
        raise UsageError(
            f"the examples {str(path)!r} cannot be read: {error.strerror}", "Check the path."
        ) from error
    for number, line in enumerate(lines, start=1):
        if line.strip():
            yield f"{path.name}, line {number}", line


def _text(row: Mapping[str, Any], name: str) -> str:
    value = row.get(name, "")
    if not isinstance(value, str):
        raise ValueError(f"{name} is no text")
    return value.strip()


def _file(row: Mapping[str, Any], name: str, folder: Path) -> Path | None:
    value = _text(row, name)
    if not value:
        return None
    path = folder / Path(value).expanduser()
    if "\0" in value or not path.is_file():
        raise ValueError(f"there is no file {value!r}")
    return path
