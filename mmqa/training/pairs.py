"""Pairs that a user wrote down: a picture or a recording, and the words that belong to it.

Knows: JSON Lines and CSV, paths relative to the file, which rows cannot be meant. Refuses to know:
what is in a picture or recording, and what pairs are used for.

A row is ``{"image": path, "text": words}``, ``{"audio": path, "text": words}`` or ``{"image": path,
"audio": path}`` (the recording speaks of the picture; ``text`` may stand beside it); ``text`` may
be a list of several. CSV has these names in its first line. A bad row is refused with its line
number and costs nothing but itself.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from mmqa.errors import UsageError
from mmqa.media.characters import decode
from mmqa.media.cleaning import clean_caption, clean_pairs, refuse_caption
from mmqa.records import Floats

_JSON_LINES = (".jsonl", ".ndjson", ".json")
_TABLES = {".csv": ",", ".tsv": "\t"}


@dataclass(frozen=True, slots=True)
class Words:
    """Words that belong to a picture or recording, and how much they are to be trusted, 0–1."""

    text: str
    weight: float = 1.0


@dataclass(frozen=True, slots=True, eq=False)
class Pair:
    """One row.

    Attributes:
        where: For messages: ``pairs.jsonl, line 3``.
        image: The picture's file, or ``None``.
        audio: The recording's file, or ``None``.
        texts: The words; of a recording without a picture: what is said in it.
        sha256: Of the picture (of the recording, without a picture); empty where not known yet.
        phash: Perceptual hash of the picture; empty where not known yet.
        pooled: Image features that are known already, float32 (d,).
        probabilities: And its class probabilities, float32 (c,).
        heard: What the transcriber heard in the recording, where that is known already.
    """

    where: str
    image: Path | None = None
    audio: Path | None = None
    texts: tuple[Words, ...] = ()
    sha256: str = ""
    phash: str = ""
    pooled: Floats | None = None
    probabilities: Floats | None = None
    heard: str | None = None


@dataclass(frozen=True, slots=True)
class Refused:
    """A row that is not used, and why."""

    where: str
    reason: str


@dataclass(frozen=True, slots=True, eq=False)
class Collected:
    """Pairs, and the rows that gave none."""

    pairs: tuple[Pair, ...]
    refused: tuple[Refused, ...] = ()

    def __add__(self, other: Collected) -> Collected:
        return Collected(self.pairs + other.pairs, self.refused + other.refused)


def read(files: Sequence[Path]) -> Collected:
    """All rows of some files, their words cleaned.

    Raises:
        UsageError: A file cannot be read, or is neither JSON Lines nor CSV.
    """
    return sum((_read_file(file) for file in files), Collected(()))


def cleaned(collected: Collected) -> Collected:
    """Without words that say nothing, rows that say the same again, and labels that contradict.

    Call it when ``sha256`` is known: two rows are about the same thing where their bytes are the
    same. Several texts of one row may have no word in common; texts of two rows may not.
    """
    kept: list[Pair] = []
    refused = list(collected.refused)
    for pair in collected.pairs:
        said = [(w, clean_caption(w.text)) for w in pair.texts]
        good = tuple(replace(w, text=text) for w, text in said if not refuse_caption(text))
        if good or _speaks_of_picture(pair):
            kept.append(replace(pair, texts=good))
        else:
            reasons = sorted({refuse_caption(text) for _, text in said})
            refused.append(Refused(pair.where, ", ".join(reasons) or "no caption"))
    return _agreeing(kept, refused)


def _agreeing(pairs: Sequence[Pair], refused: list[Refused]) -> Collected:
    worded = [pair for pair in pairs if pair.texts]
    captions = [" / ".join(w.text for w in pair.texts) for pair in worded]
    found = clean_pairs([p.sha256 or p.where for p in worded], captions)
    # a row of many long texts is no caption too long: each of them was looked at above
    dropped = {n: why for n, why in found.dropped if why in ("duplicate", "conflicting labels")}
    kept = [pair for number, pair in enumerate(worded) if number not in dropped]
    refused += [Refused(worded[number].where, reason) for number, reason in dropped.items()]
    return Collected((*kept, *(p for p in pairs if not p.texts)), tuple(refused))


def _speaks_of_picture(pair: Pair) -> bool:
    return pair.image is not None and pair.audio is not None


def _read_file(path: Path) -> Collected:
    try:
        text = decode(path.read_bytes())
    except OSError as error:
        raise UsageError(
            f"the pairs {str(path)!r} cannot be read: {error.strerror}", "Check the path."
        ) from error
    pairs: list[Pair] = []
    refused: list[Refused] = []
    for line, row in _rows(path, text):
        where = f"{path.name}, line {line}"
        try:
            pairs.append(_pair(row, path.parent, where))
        except ValueError as error:
            refused.append(Refused(where, str(error)))
    return Collected(tuple(pairs), tuple(refused))


def _rows(path: Path, text: str) -> Iterator[tuple[int, Any]]:
    """(Line number from 1, row); a row that is no JSON comes as its ValueError."""
    suffix = path.suffix.lower()
    if suffix in _TABLES:
        yield from _table_rows(path, text, _TABLES[suffix])
    elif suffix in _JSON_LINES:
        for number, line in enumerate(text.splitlines(), start=1):
            if line.strip():
                yield number, _parsed(line)
    else:
        raise UsageError(
            f"{str(path)!r} is neither JSON Lines nor CSV by its name",
            "Call it .jsonl, .csv or .tsv.",
        )


def _parsed(line: str) -> Any:
    try:
        return json.loads(line)
    except ValueError as error:
        return error


def _table_rows(path: Path, text: str, delimiter: str) -> Iterator[tuple[int, dict[str, Any]]]:
    table = csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter)
    names = {(name or "").strip().lower() for name in table.fieldnames or ()}
    if not names & {"image", "audio"}:
        raise UsageError(
            f"the first line of {str(path)!r} names neither image nor audio",
            "Begin with a line of column names: image,text or audio,text.",
        )
    for row in table:
        yield table.line_num, {(n or "").strip().lower(): value for n, value in row.items()}


def _pair(row: Any, folder: Path, where: str) -> Pair:
    """A row that can be meant.

    Raises:
        ValueError: It cannot; the message is a reason.
    """
    if isinstance(row, ValueError):
        raise ValueError(f"it is no JSON ({row})")
    if not isinstance(row, Mapping):
        raise ValueError("it is no JSON object")
    image, audio = (_file(row, name, folder) for name in ("image", "audio"))
    texts = _texts(row.get("text"))
    if image is None and audio is None:
        raise ValueError("it names neither image nor audio")
    if not texts and (image is None or audio is None):
        raise ValueError("it has no text")
    return Pair(where, image, audio, texts)


def _file(row: Mapping[str, Any], name: str, folder: Path) -> Path | None:
    value = row.get(name)
    if value is None or value == "":
        return None
    if not isinstance(value, str):
        raise ValueError(f"{name} is no path")
    if "\0" in value:
        raise ValueError(f"{name} is no path: it holds a zero byte")
    path = folder / Path(value.strip()).expanduser()
    if not path.is_file():
        raise ValueError(f"there is no file {str(path)!r}")
    return path


def _texts(value: Any) -> tuple[Words, ...]:
    several = value if isinstance(value, list) else [value]
    if not all(isinstance(text, str | None) for text in several):
        raise ValueError("text is neither words nor a list of words")
    return tuple(Words(text) for text in several if text and text.strip())
