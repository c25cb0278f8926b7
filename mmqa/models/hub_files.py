"""Which files of a hub's repository are fetched, and whether they came as the hub lists them.

Knows: names that transformers reads, that pickles are never fetched, and both checksums that a hub
keeps. Refuses to know: how files are fetched, and what is in them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from mmqa.models.cache import sha256_of

SUFFIXES = (".json", ".jinja", ".txt", ".model")
"""Settings, chat templates, vocabularies, and the vocabulary of SentencePiece."""

PEOPLE = ("LICENSE", "LICENCE", "NOTICE", "README.MD")
"""What must travel with the weights, or tells what they are; upper case."""

PICKLED = (".bin", ".pt", ".pth", ".ckpt", ".pkl", ".msgpack", ".h5")


@dataclass(frozen=True, slots=True)
class Listed:
    """A file as the hub lists it at one commit.

    Attributes:
        name: Path within the repository.
        size_bytes: Its size.
        blob: Its git blob id, 40 hex digits.
        sha256: Its checksum, for large files, which lie outside git; else empty.
    """

    name: str
    size_bytes: int
    blob: str
    sha256: str = ""


class OnlyPickledError(Exception):
    """The repository has no safetensors; its weights could run any code when they are opened.

    Args:
        found: Names of weights that it has instead.
    """

    def __init__(self, found: Sequence[str]) -> None:
        self.found = found
        super().__init__(", ".join(found) or "no weights at all")


def choose(listed: Iterable[Listed]) -> list[Listed]:
    """The files to fetch: weights as safetensors, settings, tokenizer, licence; nothing below.

    Raises:
        OnlyPickledError: There are no safetensors.
    """
    top = [file for file in listed if "/" not in file.name]
    weights = _weights([file.name for file in top])
    if not weights:
        raise OnlyPickledError([f.name for f in top if f.name.lower().endswith(PICKLED)])
    return [f for f in top if f.name in weights or _is_beside(f.name)]


def _weights(names: Sequence[str]) -> set[str]:
    """Weights by the names that transformers looks for; some repositories hold them twice."""
    found = {name for name in names if name.endswith(".safetensors")}
    usual = {name for name in found if name.startswith("model")}
    return usual or found


def _is_beside(name: str) -> bool:
    return name.lower().endswith(SUFFIXES) or name.upper().startswith(PEOPLE)


def wrong_files(folder: Path, listed: Iterable[Listed]) -> list[str]:
    """Names of files below ``folder`` that are missing or not what the hub lists."""
    return [file.name for file in listed if not _is_as_listed(folder / file.name, file)]


def _is_as_listed(path: Path, file: Listed) -> bool:
    if not path.is_file() or path.stat().st_size != file.size_bytes:
        return False
    return sha256_of(path) == file.sha256 if file.sha256 else _blob_of(path) == file.blob


def _blob_of(path: Path) -> str:
    """The id under which git stores a file: sha1 of ``blob``, its size, a zero and the content."""
    content = path.read_bytes()
    header = f"blob {len(content)}\0".encode()
    return hashlib.sha1(header + content, usedforsecurity=False).hexdigest()
