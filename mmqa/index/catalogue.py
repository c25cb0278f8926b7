"""The catalogue read: every question about what is in the index that needs no vector search.

Knows: the SQL of reading, and that a row is believed only if its checksum agrees. Refuses to know:
how rows got there, FAISS, and what a score is.

All reads of one catalogue share a connection and a lock; none waits for a writer (WAL).
"""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from threading import RLock
from typing import Any, get_args

import numpy as np
from numpy.typing import NDArray

from mmqa.errors import MmqaError
from mmqa.index import digests, filters, rows, schema
from mmqa.index.connection import Place, connect
from mmqa.index.lock import acknowledged
from mmqa.records import (
    Calibration,
    Channel,
    Features,
    Filter,
    Kind,
    MediaItem,
    Modality,
    Segment,
)

GROWTH = 0.2
"""Calibration is stale once the index changed in size by this share since it was measured."""


def outgrown(measured: int, count: int) -> bool:
    """Whether statistics of ``measured`` segments say too little about ``count``.

    >>> outgrown(100, 120), outgrown(100, 121), outgrown(100, 79)
    (False, True, True)
    """
    return abs(count - measured) > GROWTH * max(measured, 1)


@dataclass(frozen=True, slots=True)
class FaissSegment:
    """One derived file: it covers all live segments numbered ``first`` to ``last``.

    Attributes:
        name: File name below ``segments/``.
        sha256: Digest of the file.
        first: First rowid covered.
        last: Last rowid covered.
        count: Rows in it.
        index_type: ``flat``, ``sq8``, ``ivf_sq8`` or ``ivf_rabitq``.
        nlist: Number of inverted lists; 0 where there are none.
        nprobe: How many of them a search looks into; 0 where there are none.
        recall: Recall@10 against exact search, measured when it was made; ``None`` where exact.
    """

    name: str
    sha256: str
    first: int
    last: int
    count: int
    index_type: str = "flat"
    nlist: int = 0
    nprobe: int = 0
    recall: float | None = None


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
        self.place, self.connection = self._connected()

    def _connected(self) -> tuple[Place, sqlite3.Connection]:
        place = Place.of(self.folder)
        opened = connect(self.folder, writable=False)
        try:
            schema.require_current(opened, self.folder)
        except MmqaError:
            opened.close()
            raise
        return place, opened

    def follow(self) -> None:
        """Open the catalogue anew if another one was put in its place.

        Raises:
            IndexMissingError: It was taken away.
            IndexMismatchError: The new one was made with something else.
        """
        if self.connection.in_transaction or not self.place.changed():
            return
        place, fresh = self._connected()
        self.connection.close()
        self.place, self.connection = place, fresh
        try:
            self.replaced()
        except BaseException:
            self.place = replace(place, identity=())  # so that whoever asks next is told too
            raise

    @property
    def writable(self) -> bool:
        """Whether whoever reads here holds the writer lock too."""
        return False

    def replaced(self) -> None:
        """Called once another catalogue is open: what was remembered of the old one is void."""

    def all(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        """All rows of a query.

        Raises:
            IndexFolderError: The catalogue cannot be read; if it is damaged, IndexDamagedError.
        """
        with self.lock, self.reading():
            self.follow()
            return self.connection.execute(sql, values).fetchall()

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Turns what SQLite and checksums say about a catalogue into an error of ours.

        Raises:
            IndexFolderError: The catalogue cannot be read; if it is damaged, IndexDamagedError.
        """
        try:
            yield
        except sqlite3.Error as error:
            raise schema.unreadable(self.folder, error) from error
        except (rows.DamagedRowError, UnicodeDecodeError) as error:
            raise schema.damaged(self.folder, error) from error

    def meta(self, name: str, default: str | None = None) -> str:
        """One named value.

        Raises:
            IndexDamagedError: It is damaged, or gone and there is no ``default``.
        """
        with self.reading():
            found = self.all("SELECT name, value, digest FROM meta WHERE name = ?", name)
            if not found and default is None:
                raise rows.DamagedRowError("meta", name)
            return str(rows.checked("meta", found[0])[1]) if found else str(default)

    def lost_generations(self) -> tuple[int, int]:
        """How many changes were acknowledged but are not there, and the last that was.

        Nothing but damage to the log of a killed writer, or taking it away, can do that.
        """
        last = acknowledged(self.folder)  # first: a writer at work commits before it says so
        return max(0, last - int(self.meta("generation"))), last

    # ------------------------------------------------------------------ files

    def known(self, path: Path) -> MediaItem | None:
        """The file as it was when it was added."""
        found = self._items_with("path", os.fsencode(path))
        return found[0] if found else None

    def find_sha(self, sha256: str) -> list[MediaItem]:
        """All files with these bytes, oldest first."""
        return self._items_with("sha256", sha256)

    def find_item(self, name: str) -> MediaItem | None:
        """The file with this id, or that the segment with this id belongs to."""
        found = self._items_with("id", name.partition(".")[0])
        return found[0] if found else None

    def items(self) -> list[MediaItem]:
        """All files, in the order they were added."""
        return self._items("1")

    def items_below(self, folder: Path) -> list[MediaItem]:
        """The file of this path, and all files in and below the folder of this path."""
        condition, values = filters.below(folder)
        return self._items(condition, *values)

    def tags(self) -> list[str]:
        """Every tag that a file carries, sorted."""
        found = self.all("SELECT DISTINCT value FROM items, json_each(items.tags)")
        return sorted(str(tag) for (tag,) in found)

    def period_s(self) -> tuple[float, float] | None:
        """When the oldest and the newest file were taken, seconds since the epoch."""
        sql = """SELECT min(coalesce(taken_ns, mtime_ns)), max(coalesce(taken_ns, mtime_ns))
            FROM items"""
        ((first, last),) = self.all(sql)
        return None if first is None else (first / 1e9, last / 1e9)

    def phashes(self) -> list[tuple[Path, str]]:
        """Perceptual hashes of all pictures that have one."""
        sql = f"SELECT {rows.ITEM_COLUMNS} FROM items ORDER BY number"  # noqa: S608
        with self.reading():
            known = [rows.checked("items", row) for row in self.all(sql)]
        return [(Path(os.fsdecode(row[2])), row[8]) for row in known if row[8]]

    def _items(self, condition: str, *values: Any) -> list[MediaItem]:
        sql = f"SELECT {rows.ITEM_COLUMNS} FROM items WHERE {condition} ORDER BY number"  # noqa: S608
        with self.reading():
            return [rows.item_of(row) for row in self.all(sql, *values)]

    def _items_with(self, column: str, value: str | bytes) -> list[MediaItem]:
        """Rows to which an index leads; one that says something else is damage."""
        sql = f"""SELECT items.{column}, {rows.ITEM_COLUMNS} FROM items NOT INDEXED WHERE number
            IN (SELECT number FROM items WHERE {column} = ?) ORDER BY number"""  # noqa: S608
        with self.reading():
            found = self.all(sql, value)
            for row in found:
                if row[0] != value:
                    raise rows.DamagedRowError("items", row[1])
            return [rows.item_of(row[1:]) for row in found]

    # ------------------------------------------------------------------ segments

    @property
    def count(self) -> int:
        """Number of segments."""
        return int(self.all("SELECT count(*) FROM segments")[0][0])

    def segments(self, numbers: Sequence[int]) -> list[Segment]:
        """Segments by rowid, in the order asked.

        Raises:
            KeyError: One is not there (any more).
            IndexDamagedError: A row is not as it was written.
        """
        sql = f"""SELECT {rows.SEGMENT_COLUMNS}, {rows.ITEM_COLUMNS} FROM json_each(?) AS asked
            CROSS JOIN segments ON segments.number = asked.value
            JOIN items ON items.number = segments.item"""  # noqa: S608
        found = self.all(sql, json.dumps([int(n) for n in numbers]))
        with self.reading():
            segments = {row[0]: rows.segment_of(row) for row in found}
        return [segments[int(n)] for n in numbers]

    def segment(self, number: int) -> Segment:
        """One segment by rowid.

        Raises:
            KeyError: It is not there (any more).
        """
        return self.segments([number])[0]

    def find_segment(self, name: str) -> Segment | None:
        """One segment by its public id."""
        found = self.all("SELECT number FROM segments WHERE id = ?", name)
        segments = self._there([number for (number,) in found])
        with self.reading():
            if any(segment.id != name for segment in segments):
                raise rows.DamagedRowError("segments", name)
        return segments[0] if segments else None

    def item_rowids(self, path: Path) -> list[int]:
        """Rowids of a file's segments, in order; none for an unknown file."""
        sql = """SELECT segment_count, segments.number FROM items
            LEFT JOIN segments ON segments.item = items.number WHERE path = ? ORDER BY ordinal"""
        found = self.all(sql, os.fsencode(path))
        numbers = [number for _, number in found if number is not None]
        with self.reading():
            if found and len(numbers) != found[0][0]:
                raise rows.DamagedRowError("items", str(path))
        return numbers

    def item_segments(self, path: Path) -> list[Segment]:
        """A file's segments, in order; none for an unknown file."""
        return self._there(self.item_rowids(path))

    def _there(self, numbers: Sequence[int]) -> list[Segment]:
        """Segments that the catalogue itself names: that one is not there is damage."""
        with self.reading():
            try:
                return self.segments(numbers)
            except KeyError as error:
                raise rows.DamagedRowError("segments", error.args[0]) from error

    def segment_count_by_kind(self) -> dict[Kind, int]:
        """Kind → number of segments."""
        return self._by_kind("segments")

    def item_count_by_kind(self) -> dict[Kind, int]:
        """Kind → number of files."""
        return self._by_kind("items")

    def _by_kind(self, table: str) -> dict[Kind, int]:
        sql = f"SELECT kind, count(*) FROM {table} GROUP BY kind ORDER BY kind"  # noqa: S608
        found = dict(self.all(sql))
        with self.reading():
            for kind in found.keys() - rows.KIND_CODES.keys():
                raise rows.DamagedRowError(table, kind)
        return found

    def vector_count_by_modality(self) -> dict[str, int]:
        """Modality → number of segments that have a vector of it."""
        found = self.all("SELECT modalities, count(*) FROM vectors GROUP BY modalities")
        counts: dict[str, int] = {}
        with self.reading():
            for modalities, count in found:
                for name in filter(None, str(modalities).split(",")):
                    if name not in get_args(Modality):
                        raise rows.DamagedRowError("vectors", modalities)
                    counts[name] = counts.get(name, 0) + count
        return dict(sorted(counts.items()))

    def allowed(self, where: Filter, length: int) -> NDArray[np.bool_]:
        """Which rowids below ``length`` a filter lets through."""
        found = np.zeros(length, np.bool_)
        sql, values = filters.rows_that(where)
        with self.lock, self.reading():
            numbers = np.fromiter((n for (n,) in self.connection.execute(sql, values)), np.int64)
        found[numbers[numbers < length]] = True
        return found

    # ------------------------------------------------------------------ vectors

    def features(self, numbers: Sequence[int]) -> list[Features]:
        """Stored vectors of segments by rowid, in the order asked.

        Raises:
            IndexDamagedError: A row is not as it was written, or gone.
        """
        sql = f"""SELECT {rows.VECTOR_COLUMNS} FROM json_each(?) AS asked
            CROSS JOIN vectors ON vectors.segment = asked.value"""  # noqa: S608
        found = self.all(sql, json.dumps([int(n) for n in numbers]))
        with self.reading():
            features = {row[0]: rows.features_of(row) for row in found}
            for number in numbers:
                if int(number) not in features:
                    raise rows.DamagedRowError("vectors", int(number))
        return [features[int(n)] for n in numbers]

    def numbers(self, first: int, last: int, limit: int = -1) -> list[int]:
        """Rowids of the live segments from ``first`` to ``last``, both included, ascending."""
        sql = "SELECT number FROM segments WHERE number BETWEEN ? AND ? ORDER BY number LIMIT ?"
        return [number for (number,) in self.all(sql, first, last, limit)]

    def iter_vectors(
        self, batch: int = 1024, first: int = 1, last: int = 2**62
    ) -> Iterator[tuple[list[int], list[Features]]]:
        """All segments' vectors, ``batch`` segments at a time, by ascending rowid."""
        sql = f"""SELECT {rows.VECTOR_COLUMNS} FROM vectors WHERE segment BETWEEN ? AND ?
            ORDER BY segment LIMIT ?"""  # noqa: S608
        while found := self.all(sql, first, last, batch):
            with self.reading():
                features = [rows.features_of(row) for row in found]
            numbers = [row[0] for row in found]
            yield numbers, features
            first = numbers[-1] + 1

    def sample(self, modality: Modality, limit: int = 2000) -> dict[int, Features]:
        """Evenly spaced segments that have a modality, by rowid; always the same ones."""
        sql = """SELECT segment FROM vectors WHERE instr(',' || modalities || ',', ?)
            ORDER BY segment"""
        self.vector_count_by_modality()  # names only modalities, or says that it cannot
        found = [number for (number,) in self.all(sql, f",{modality},")]
        places = np.unique(np.linspace(0, len(found) - 1, min(len(found), limit)).round())
        chosen = [found[int(place)] for place in places]
        return dict(zip(chosen, self.features(chosen), strict=True))

    def calibration(self) -> dict[Channel, Calibration]:
        """How unrelated segments score for a question in words; empty until measured."""
        found = self.all("SELECT modality, mu, sigma, digest FROM calibration")
        with self.reading():
            known = [rows.checked("calibration", row) for row in found]
        return {modality: Calibration(mu, sigma) for modality, mu, sigma in known}

    def calibration_stale(self, count: int | None = None) -> bool:
        """Whether the statistics were never measured, or for a much smaller or larger index.

        Args:
            count: Number of segments, where it is known; counting takes a while.
        """
        measured = int(self.meta("calibrated_count", "-1"))
        return measured < 0 or outgrown(measured, self.count if count is None else count)

    # ------------------------------------------------------------------ words and caches

    def lexical(
        self, match: str, k: int, allowed: NDArray[np.bool_] | None = None
    ) -> list[tuple[int, float]]:
        """The k best rowids for an FTS5 expression with BM25 (higher is better), best first.

        Args:
            match: The expression.
            k: At most so many.
            allowed: By rowid, which may be found; ``None`` allows all.
        """
        sql = "SELECT rowid, -rank FROM words WHERE words MATCH ? ORDER BY rank, rowid"
        if allowed is None:
            return [(n, s) for n, s in self.all(f"{sql} LIMIT ?", match, k)]
        with self.lock, self.reading():
            ranked = self.connection.execute(sql, (match,))
            inside = ((n, s) for n, s in ranked if n < len(allowed) and allowed[n])
            return list(islice(inside, k))

    def document_frequency(self, expressions: Sequence[str]) -> list[int]:
        """How many segments match each FTS5 expression."""
        sql = "SELECT count(*) FROM words WHERE words MATCH ?"
        return [int(self.all(sql, expression)[0][0]) for expression in expressions]

    def texts(self, numbers: Sequence[int]) -> dict[int, str]:
        """Rowid → tokenised text.

        Raises:
            IndexDamagedError: A text is not as it was written, or gone.
        """
        sql = """SELECT segments.number, body, words_digest FROM json_each(?) AS asked
            CROSS JOIN segments ON segments.number = asked.value
            LEFT JOIN words ON words.rowid = segments.number"""
        found = self.all(sql, json.dumps([int(n) for n in numbers]))
        with self.reading():
            for number, body, digest in found:
                if body is None or digests.of_text(body) != digest:
                    raise rows.DamagedRowError("words", number)
        return {number: body for number, body, _ in found}

    def extraction_fingerprints(self, sha256: str) -> list[str]:
        """Of the extractors whose work on these bytes is kept."""
        sql = "SELECT fingerprint FROM extractions WHERE sha256 = ? ORDER BY fingerprint"
        return [fingerprint for (fingerprint,) in self.all(sql, sha256)]

    def phash(self, path: Path) -> str:
        """Perceptual hash of a picture in the index; empty for anything else."""
        found = self.all("SELECT phash FROM items WHERE path = ?", os.fsencode(path))
        return str(found[0][0]) if found else ""

    def extraction(self, sha256: str, fingerprint: str) -> bytes | None:
        """What an extractor made of these bytes before, under whatever file name.

        What is damaged counts as not there: it can be made again.
        """
        sql = """SELECT sha256, fingerprint, payload, digest FROM extractions
            WHERE sha256 = ? AND fingerprint = ?"""
        for row in self.all(sql, sha256, fingerprint):
            *values, digest = row
            return bytes(row[2]) if digests.of_values(*values) == digest else None
        return None

    def faiss_segments(self) -> list[FaissSegment]:
        """The derived files, in order of the rows they cover."""
        sql = f"SELECT {rows.FAISS_COLUMNS} FROM faiss_segments ORDER BY first"  # noqa: S608
        found = self.all(sql)
        with self.reading():
            return [FaissSegment(*rows.checked("faiss_segments", row)) for row in found]

    def close(self) -> None:
        """Give the connection back."""
        with self.lock:
            self.connection.close()
