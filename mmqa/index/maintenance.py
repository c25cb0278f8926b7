"""Is the index sound, and making it sound again.

Knows: what must agree with what. Refuses to know: who asks. Everything that is derived can be made
again from the catalogue; what is wrong in the catalogue itself is only told.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from mmqa.errors import IndexDamagedError
from mmqa.index.catalogue import Catalogue, FaissSegment
from mmqa.index.faiss_segments import FOLDER, FlatSegment
from mmqa.index.files import TEMPORARY
from mmqa.interfaces import Fuser

NORM_TOLERANCE = 0.01
"""A unit vector stored as float16 is at most this far from unit length."""


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that does not agree.

    Attributes:
        kind: ``catalogue``, ``vector``, ``words``, ``segment-file`` or ``orphan``.
        subject: File or segment.
        detail: What is wrong and what to do, as a sentence.
    """

    kind: str
    subject: str
    detail: str

    def __str__(self) -> str:
        return f"{self.subject}: {self.detail}"


def problems(catalogue: Catalogue, fuser: Fuser) -> list[Problem]:
    """All that does not agree, the catalogue first; empty for a sound index."""
    try:
        found = list(_integrity(catalogue))
        return found or _disagreements(catalogue, fuser)
    except IndexDamagedError as error:
        return [Problem("catalogue", "catalogue.sqlite", f"{error.fact}. {error.remedy}")]


def _disagreements(catalogue: Catalogue, fuser: Fuser) -> list[Problem]:
    return [
        *_words(catalogue),
        *_vectors(catalogue, fuser),
        *_files(catalogue),
        *_orphans(catalogue),
    ]


def _integrity(catalogue: Catalogue) -> Iterator[Problem]:
    name = "catalogue.sqlite"
    for (line,) in catalogue.all("PRAGMA integrity_check"):
        if line != "ok":
            yield Problem("catalogue", name, f"{line}. Restore it from a backup.")
    for table, number, *_ in catalogue.all("PRAGMA foreign_key_check"):
        yield Problem("catalogue", name, f"row {number} of {table} belongs to nothing.")


def _words(catalogue: Catalogue) -> Iterator[Problem]:
    sql = """SELECT number FROM segments WHERE number NOT IN (SELECT rowid FROM words)
        UNION SELECT rowid FROM words WHERE rowid NOT IN (SELECT number FROM segments)"""
    for (number,) in catalogue.all(sql):
        yield Problem("words", f"segment {number}", "its words are lost or left over; add it anew.")


def _vectors(catalogue: Catalogue, fuser: Fuser) -> Iterator[Problem]:
    for numbers, features in catalogue.iter_vectors():
        for number, one in zip(numbers, features, strict=True):
            for modality, vector in one.vectors.items():
                norm = float(np.linalg.norm(vector))
                if not abs(norm - 1.0) <= NORM_TOLERANCE:  # true for NaN too
                    detail = f"its {modality} vector has length {norm:.3g}, not 1; add it anew."
                    yield Problem("vector", f"segment {number}", detail)
        try:
            fuser.fuse(features)
        except ValueError as error:
            yield Problem("vector", f"segments {numbers[0]}–{numbers[-1]}", f"{error}.")


def _files(catalogue: Catalogue) -> Iterator[Problem]:
    remedy = "mmqa rebuild makes it again from the catalogue."
    for one in catalogue.faiss_segments():
        subject = f"{FOLDER}/{one.name}"
        loaded = FlatSegment.read(catalogue.folder / FOLDER / one.name, one.sha256)
        if loaded is None:
            detail = f"missing, or not the file that was written. {remedy}"
            yield Problem("segment-file", subject, detail)
        elif wrong := _rows_amiss(catalogue, one, loaded):
            yield Problem("segment-file", subject, f"{wrong}. {remedy}")


def _rows_amiss(catalogue: Catalogue, one: FaissSegment, loaded: FlatSegment) -> str:
    inside = set(loaded.numbers.tolist())
    if lost := set(catalogue.numbers(one.first, one.last)) - inside:
        return f"{len(lost)} rows are not in it"
    if len(inside) != len(loaded) or not np.isfinite(loaded.matrix).all():
        return "it holds a row twice, or numbers that are not finite"
    return ""


def _orphans(catalogue: Catalogue) -> Iterator[Problem]:
    for name in orphans(catalogue):
        detail = "belongs to no generation; the next writer removes it."
        yield Problem("orphan", f"{FOLDER}/{name}", detail)


def orphans(catalogue: Catalogue) -> list[str]:
    """Files in the segments folder that the catalogue does not know: a writer died."""
    folder = catalogue.folder / FOLDER
    known = {one.name for one in catalogue.faiss_segments()}
    there = sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []
    return [name for name in there if name not in known or name.endswith(TEMPORARY)]


def purge(connection: sqlite3.Connection) -> None:
    """Forget what compaction leaves without use: tombstones, and extractions of files long gone."""
    connection.execute("DELETE FROM tombstones")
    connection.execute("DELETE FROM extractions WHERE sha256 NOT IN (SELECT sha256 FROM items)")
    connection.execute("INSERT INTO words (words) VALUES ('optimize')")
    connection.execute("UPDATE meta SET value = value + 1 WHERE name = 'epoch'")
