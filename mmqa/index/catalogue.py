"""The catalogue read: every question about what is in the index that needs no vector search.

Knows: the SQL of reading. Refuses to know: how rows got there, FAISS, and what a score is.

All reads of one catalogue share a connection and a lock; none waits for a writer (WAL).
"""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import RLock
from typing import Any

import numpy as np

from mmqa.errors import MmqaError
from mmqa.index import rows, schema
from mmqa.records import Calibration, Features, Floats, Kind, MediaItem, Modality, Segment

GROWTH = 0.2
"""Calibration is stale once the index changed in size by this share since it was measured."""


@dataclass(frozen=True, slots=True)
class FaissSegment:
    """One derived file: it covers all live segments numbered ``first`` to ``last``."""

    name: str
    sha256: str
    first: int
    last: int
    count: int


class Catalogue:
    """Reads; see the module.

    Args:
        folder: The index.

    Raises:
        IndexMissingError: There is no catalogue, or its creation was cut short.
        IndexDamagedError: It cannot be read.
        IndexMismatchError: A newer mmqa made it.
    """

    def __init__(self, folder: Path) -> None:
        schema.require_there(folder)
        self.folder = folder
        self.lock = RLock()
        self.connection = schema.connect(folder)
        try:
            if not schema.is_initialised(self.connection, folder):
                raise schema.missing(folder)
        except MmqaError:
            self.connection.close()
            raise

    def all(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        """All rows of a query.

        Raises:
            IndexFolderError: The catalogue cannot be read; if it is damaged, IndexDamagedError.
        """
        try:
            with self.lock:
                return self.connection.execute(sql, values).fetchall()
        except sqlite3.DatabaseError as error:
            raise schema.unreadable(self.folder, error) from error

    def meta(self, name: str, default: str = "") -> str:
        """One named value."""
        found = self.all("SELECT value FROM meta WHERE name = ?", name)
        return str(found[0][0]) if found else default

    # ------------------------------------------------------------------ files

    def known(self, path: Path) -> MediaItem | None:
        """The file as it was when it was added."""
        found = self._items("path = ?", os.fsencode(path))
        return found[0] if found else None

    def find_sha(self, sha256: str) -> list[MediaItem]:
        """All files with these bytes, oldest first."""
        return self._items("sha256 = ?", sha256)

    def find_item(self, name: str) -> MediaItem | None:
        """The file with this id, or that the segment with this id belongs to."""
        found = self._items("id = ?", name.partition(".")[0])
        return found[0] if found else None

    def items(self) -> list[MediaItem]:
        """All files, in the order they were added."""
        return self._items("1")

    def phashes(self) -> list[tuple[Path, str]]:
        """Perceptual hashes of all pictures that have one."""
        found = self.all("SELECT path, phash FROM items WHERE phash != '' ORDER BY number")
        return [(Path(os.fsdecode(path)), phash) for path, phash in found]

    def _items(self, condition: str, *values: Any) -> list[MediaItem]:
        sql = f"SELECT {rows.ITEM_COLUMNS} FROM items WHERE {condition} ORDER BY number"  # noqa: S608
        return [rows.item_of(row) for row in self.all(sql, *values)]

    # ------------------------------------------------------------------ segments

    @property
    def count(self) -> int:
        """Number of segments."""
        return int(self.all("SELECT count(*) FROM segments")[0][0])

    def segments(self, numbers: Sequence[int]) -> list[Segment]:
        """Segments by rowid, in the order asked.

        Raises:
            KeyError: One is not there (any more).
        """
        sql = f"""SELECT {rows.SEGMENT_COLUMNS} FROM json_each(?) AS asked
            CROSS JOIN segments ON segments.number = asked.value
            JOIN items ON items.number = segments.item"""  # noqa: S608
        found = {row[0]: row for row in self.all(sql, json.dumps([int(n) for n in numbers]))}
        return [rows.segment_of(found[int(n)]) for n in numbers]

    def segment(self, number: int) -> Segment:
        """One segment by rowid.

        Raises:
            KeyError: It is not there (any more).
        """
        return self.segments([number])[0]

    def find_segment(self, name: str) -> Segment | None:
        """One segment by its public id."""
        found = self.all("SELECT number FROM segments WHERE id = ?", name)
        return self.segment(found[0][0]) if found else None

    def item_rowids(self, path: Path) -> list[int]:
        """Rowids of a file's segments, in order; none for an unknown file."""
        sql = """SELECT segments.number FROM items JOIN segments ON segments.item = items.number
            WHERE path = ? ORDER BY ordinal"""
        return [number for (number,) in self.all(sql, os.fsencode(path))]

    def item_segments(self, path: Path) -> list[Segment]:
        """A file's segments, in order; none for an unknown file."""
        return self.segments(self.item_rowids(path))

    def contents(self, numbers: Sequence[int]) -> dict[int, tuple[str, int]]:
        """Rowid → (sha256, ordinal): segments that are equal here have the same content."""
        sql = """SELECT segments.number, items.sha256, ordinal FROM json_each(?) AS asked
            CROSS JOIN segments ON segments.number = asked.value
            JOIN items ON items.number = segments.item"""
        found = self.all(sql, json.dumps([int(n) for n in numbers]))
        return {number: (sha256, ordinal) for number, sha256, ordinal in found}

    def segment_count_by_kind(self) -> dict[Kind, int]:
        """Kind → number of segments."""
        return dict(self.all("SELECT kind, count(*) FROM segments GROUP BY kind ORDER BY kind"))

    def item_count_by_kind(self) -> dict[Kind, int]:
        """Kind → number of files."""
        return dict(self.all("SELECT kind, count(*) FROM items GROUP BY kind ORDER BY kind"))

    # ------------------------------------------------------------------ vectors

    def features(self, numbers: Sequence[int]) -> list[Features]:
        """Stored vectors of segments by rowid, in the order asked; empty where there are none."""
        sql = """SELECT segment, modality, vector, hubness FROM json_each(?) AS asked
            CROSS JOIN vectors ON vectors.segment = asked.value"""
        found = rows.features_of(self.all(sql, json.dumps([int(n) for n in numbers])))
        return [found.get(int(n), Features({})) for n in numbers]

    def numbers(self, first: int, last: int, limit: int = -1) -> list[int]:
        """Rowids of the live segments from ``first`` to ``last``, both included, ascending."""
        sql = "SELECT number FROM segments WHERE number BETWEEN ? AND ? ORDER BY number LIMIT ?"
        return [number for (number,) in self.all(sql, first, last, limit)]

    def iter_vectors(
        self, batch: int = 1024, first: int = 1, last: int = 2**62
    ) -> Iterator[tuple[list[int], list[Features]]]:
        """All segments' vectors, ``batch`` segments at a time, by ascending rowid."""
        while numbers := self.numbers(first, last, batch):
            yield numbers, self.features(numbers)
            first = numbers[-1] + 1

    def sample(self, modality: Modality, limit: int = 2000) -> tuple[Floats, Floats]:
        """Evenly spaced vectors (n, d) of one modality with hubness (n,); always the same ones."""
        found = self.all(
            "SELECT segment FROM vectors WHERE modality = ? ORDER BY segment", modality
        )
        places = np.unique(np.linspace(0, len(found) - 1, min(len(found), limit)).round())
        chosen = self.features([found[int(place)][0] for place in places])
        vectors = [one.vectors[modality] for one in chosen]
        return (
            np.stack(vectors) if vectors else np.zeros((0, 0), np.float32),
            np.array([one.hubness[modality] for one in chosen], np.float32),
        )

    def calibration(self) -> dict[Modality, Calibration]:
        """How unrelated segments score for a question in words; empty until measured."""
        found = self.all("SELECT modality, mu, sigma FROM calibration")
        return {modality: Calibration(mu, sigma) for modality, mu, sigma in found}

    def calibration_stale(self) -> bool:
        """Whether the statistics were never measured, or for a much smaller or larger index."""
        measured = int(self.meta("calibrated_count", "-1"))
        return measured < 0 or abs(self.count - measured) > GROWTH * max(measured, 1)

    # ------------------------------------------------------------------ words and caches

    def lexical(
        self, match: str, k: int, kinds: Collection[Kind] | None = None
    ) -> list[tuple[int, float]]:
        """The k best rowids for an FTS5 expression with BM25 (higher is better), best first."""
        sql = "SELECT rowid, -rank FROM words WHERE words MATCH ?"
        if kinds is not None:
            sql = f"""{sql} AND (SELECT kind FROM segments WHERE number = words.rowid)
                IN (SELECT value FROM json_each(?))"""  # noqa: S608
        values = (match,) if kinds is None else (match, json.dumps(sorted(kinds)))
        return [(n, s) for n, s in self.all(f"{sql} ORDER BY rank, rowid LIMIT ?", *values, k)]

    def document_frequency(self, expressions: Sequence[str]) -> list[int]:
        """How many segments match each FTS5 expression."""
        sql = "SELECT count(*) FROM words WHERE words MATCH ?"
        return [int(self.all(sql, expression)[0][0]) for expression in expressions]

    def texts(self, numbers: Sequence[int]) -> dict[int, str]:
        """Rowid → tokenised text."""
        sql = """SELECT words.rowid, body FROM json_each(?) AS asked
            CROSS JOIN words ON words.rowid = asked.value"""
        return dict(self.all(sql, json.dumps([int(n) for n in numbers])))

    def extraction(self, sha256: str, fingerprint: str) -> bytes | None:
        """What an extractor made of these bytes before, under whatever file name."""
        sql = "SELECT payload FROM extractions WHERE sha256 = ? AND fingerprint = ?"
        found = self.all(sql, sha256, fingerprint)
        return bytes(found[0][0]) if found else None

    def faiss_segments(self) -> list[FaissSegment]:
        """The derived files, in order of the rows they cover."""
        sql = "SELECT name, sha256, first, last, count FROM faiss_segments ORDER BY first"
        return [FaissSegment(*row) for row in self.all(sql)]

    def close(self) -> None:
        """Give the connection back."""
        with self.lock:
            self.connection.close()
