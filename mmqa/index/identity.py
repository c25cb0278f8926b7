"""What an index was made with; vectors of another make cannot be compared with its own.

Knows: preset, fingerprints, fusion and width, how two identities differ, and ``index.toml``.
Refuses to know: what a fingerprint stands for. The truth is in the catalogue; ``index.toml`` is a
copy for people and is written anew when it is lost.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from mmqa.errors import IndexMismatchError
from mmqa.index.files import write_durably
from mmqa.index.schema import FORMAT_VERSION

FILE_NAME = "index.toml"
DOCUMENTS = "documents"
"""In place of a preset: vectors that a program made, beside texts of its own."""


@dataclass(frozen=True, slots=True)
class IndexIdentity:
    """What decides whether two vectors may be compared.

    Attributes:
        preset: Name of the models' preset.
        fingerprints: Role (``text_encoder``, ``mapping`` …) → fingerprint.
        fusion: Name of the fuser.
        width: Length of a fused vector.
    """

    preset: str
    fingerprints: Mapping[str, str]
    fusion: str
    width: int

    def differences(self, other: IndexIdentity) -> list[str]:
        """What differs, a phrase each, this one named first.

        >>> a = IndexIdentity("embedded", {"mapping": "1"}, "concat", 772)
        >>> a.differences(IndexIdentity("embedded", {"mapping": "2"}, "concat", 772))
        ["mapping '1', not '2'"]
        """
        pairs: list[tuple[str, object, object]] = [
            ("preset", self.preset, other.preset),
            ("fusion", self.fusion, other.fusion),
            ("width", self.width, other.width),
        ]
        roles = sorted({*self.fingerprints, *other.fingerprints})
        pairs += [(r, self.fingerprints.get(r), other.fingerprints.get(r)) for r in roles]
        return [f"{name} {mine!r}, not {its!r}" for name, mine, its in pairs if mine != its]

    def movable_to(self, other: IndexIdentity) -> bool:
        """Whether only mapping and fusion differ: all else that is needed is in the index.

        >>> a = IndexIdentity("embedded", {"text_encoder": "t", "mapping": "1"}, "concat", 1161)
        >>> b = IndexIdentity("embedded", {"text_encoder": "t", "mapping": "2"}, "weighted", 386)
        >>> a.movable_to(b), a.movable_to(IndexIdentity("embedded", {"mapping": "1"}, "concat", 9))
        (True, False)
        """
        derived = ("mapping", "fuser")
        mine = {k: v for k, v in self.fingerprints.items() if k not in derived}
        its = {k: v for k, v in other.fingerprints.items() if k not in derived}
        return self.preset == other.preset and mine == its

    def to_json(self) -> str:
        """As kept in the catalogue."""
        return json.dumps(
            {
                "preset": self.preset,
                "fingerprints": dict(self.fingerprints),
                "fusion": self.fusion,
                "width": self.width,
            },
            sort_keys=True,
        )

    @staticmethod
    def from_json(text: str) -> IndexIdentity:
        """Back from :meth:`to_json`."""
        return IndexIdentity(**json.loads(text))


def require_same(folder: Path, stored: IndexIdentity, asked: IndexIdentity) -> None:
    """Refuse to mix vectors that cannot be compared.

    Raises:
        IndexMismatchError: The index was made with something else; every difference is named.
    """
    differences = stored.differences(asked)
    if differences:
        raise IndexMismatchError(
            folder,
            f"the index {str(folder)!r} was made with {'; '.join(differences)}",
            _remedy(stored, asked),
        )


def _remedy(stored: IndexIdentity, asked: IndexIdentity) -> str:
    if stored.movable_to(asked):
        return "`mmqa rebuild` with the same settings moves it, without reading any file again."
    if stored.preset == asked.preset:
        return "Make a new index in another folder and add everything again."
    if stored.preset == DOCUMENTS:
        return "A program keeps documents in it: open it with mmqa.Documents or MmqaVectorStore."
    if asked.preset == DOCUMENTS:
        return (
            "It holds files: open it with Library.open(…).as_vectorstore(), or name another folder."
        )
    return f"Use --preset {stored.preset}, or make a new index in another folder."


def write_for_people(folder: Path, identity: IndexIdentity) -> None:
    """Write ``index.toml``, whole or not at all."""
    lines = [
        "# Written by mmqa for people to read; the truth is in catalogue.sqlite.",
        f"format = {FORMAT_VERSION}",
        f"preset = {json.dumps(identity.preset)}",
        f"fusion = {json.dumps(identity.fusion)}",
        f"width = {identity.width}",
        "",
        "[fingerprints]",
        *(f"{json.dumps(k)} = {json.dumps(v)}" for k, v in sorted(identity.fingerprints.items())),
    ]
    write_durably(folder / FILE_NAME, ("\n".join(lines) + "\n").encode())
