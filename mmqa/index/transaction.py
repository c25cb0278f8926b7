"""The catalogue written: files put in and taken out, all or nothing.

Knows: which rows make up a file, and what is refused before it can do harm. Refuses to know: FAISS
files, who may write, when to commit.
"""

from __future__ import annotations

import json
import math
import os
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import astuple, replace
from pathlib import Path
from threading import get_ident

import numpy as np

from mmqa.errors import IndexFolderError
from mmqa.index import digests, rows, schema
from mmqa.index.catalogue import FaissSegment
from mmqa.index.identity import IndexIdentity
from mmqa.interfaces import Fuser
from mmqa.records import Calibration, Channel, Features, MediaItem, Segment

UNIT_TOLERANCE = 0.01
"""A unit vector stored as float16 is at most this far from unit length."""


class Transaction:
    """Changes that become visible and durable together, when the store commits them.

    Args:
        folder: The index, for messages.
        connection: The writer's, with a transaction begun.
        fuser: Checks that vectors have the right shape.
    """

    def __init__(self, folder: Path, connection: sqlite3.Connection, fuser: Fuser) -> None:
        self._folder = folder
        self.connection = connection
        self._fuser = fuser
        self.generation = int(self._meta("generation")) + 1
        self._rows = int(self._meta("rows"))
        self.touched = False
        self.thread = get_ident()

    def _meta(self, name: str) -> str:
        found = self.connection.execute(
            "SELECT name, value, digest FROM meta WHERE name = ?", (name,)
        ).fetchone()
        if found is None:
            raise schema.damaged(self._folder, rows.DamagedRowError("meta", name))
        try:
            return str(rows.checked("meta", found)[1])
        except rows.DamagedRowError as error:
            raise schema.damaged(self._folder, error) from error

    def seal(self) -> None:
        """Write what belongs to the new generation; the last thing before the commit."""
        if self.touched:
            schema.set_meta(self.connection, "generation", self.generation)
            schema.set_meta(self.connection, "rows", self._rows)

    def next_epoch(self) -> None:
        """Readers read the next generation from scratch."""
        self.touched = True
        schema.set_meta(self.connection, "epoch", int(self._meta("epoch")) + 1)

    def put(
        self,
        item: MediaItem,
        segments: Sequence[Segment],
        features: Sequence[Features],
        lexical: Sequence[str],
        phash: str = "",
    ) -> None:
        """Store a file; whatever its path held before is replaced, but for its tags.

        Args:
            item: The file.
            segments: Its segments; may be none.
            features: Vectors of each segment; a segment without any is found by its words only.
            lexical: Tokenised text of each segment.
            phash: Perceptual hash of a picture, for near duplicates.

        Raises:
            IndexFolderError: A vector is not finite or not of unit length (it could be stored but
                never be found) or has the wrong width, a number does not fit, or a segment's id is
                taken. Nothing of the file is stored then; others of the transaction may be.
            ValueError: The lists differ in length.
        """
        if not len(segments) == len(features) == len(lexical):
            raise ValueError("segments, features and lexical texts must be as many")
        self._check(item, segments, features)
        tags = {*item.tags, *self._tags(item.path)}
        with self._whole(item):
            self.remove(item.path)
            self.touched = True
            owner = self._insert_item(replace(item, tags=tuple(sorted(tags))), segments, phash)
            for segment, one, words in zip(segments, features, lexical, strict=True):
                self._insert_segment(owner, item, segment, one, words)

    @contextmanager
    def _whole(self, item: MediaItem) -> Iterator[None]:
        """All of a block or nothing, for a caller who goes on after an error."""
        before = self._rows
        self.connection.execute("SAVEPOINT whole")
        try:
            yield
        except BaseException as error:
            self._rows = before
            if self.connection.in_transaction:  # a full disk ends it
                self.connection.execute("ROLLBACK TO whole")
                self.connection.execute("RELEASE whole")
            if isinstance(error, OverflowError):
                raise self._refused(item, "a number in it does not fit into 64 bits") from error
            raise
        self.connection.execute("RELEASE whole")

    def remove(self, path: Path) -> int:
        """Take a file out; returns how many segments it had, 0 if it was not there."""
        encoded = os.fsencode(path)
        found = self.connection.execute(
            "SELECT number FROM items WHERE path = ?", (encoded,)
        ).fetchone()
        if found is None:
            return 0
        self.touched = True
        segments = self.connection.execute(
            "SELECT number, kind FROM segments WHERE item = ?", found
        ).fetchall()
        for number, kind in segments:
            if kind not in rows.KIND_CODES:
                raise schema.damaged(self._folder, rows.DamagedRowError("segments", number))
            self._rows = (self._rows - digests.of_row(number, rows.KIND_CODES[kind])) % 2**64
        self.connection.executemany(
            "DELETE FROM words WHERE rowid = ?", [(number,) for number, _ in segments]
        )
        self.connection.executemany(
            "INSERT INTO tombstones VALUES (?, ?, ?)",
            [
                (number, self.generation, digests.of_values(number, self.generation))
                for number, _ in segments
            ],
        )
        self.connection.execute("DELETE FROM items WHERE number = ?", found)
        return len(segments)

    def tag(self, path: Path, add: Iterable[str] = (), remove: Iterable[str] = ()) -> bool:
        """Change the tags of a file; returns whether it is there."""
        found = self.connection.execute(
            f"SELECT {rows.ITEM_COLUMNS} FROM items WHERE path = ?",  # noqa: S608
            (os.fsencode(path),),
        ).fetchone()
        if found is None:
            return False
        number, name, phash, count = found[0], found[1], found[8], found[12]
        try:
            item = rows.item_of(found)
        except rows.DamagedRowError as error:
            raise schema.damaged(self._folder, error) from error
        tags = tuple(sorted(({*item.tags} | {*add}) - {*remove}))
        row = rows.item_row(number, name, replace(item, tags=tags), phash, count)
        self.touched = True
        self.connection.execute(
            "UPDATE items SET tags = ?, digest = ? WHERE number = ?",
            (json.dumps(tags), row[-1], number),
        )
        return True

    def put_extraction(self, sha256: str, fingerprint: str, payload: bytes) -> None:
        """Keep what an extractor made of these bytes."""
        digest = digests.of_values(sha256, fingerprint, payload)
        self.connection.execute(
            "INSERT OR REPLACE INTO extractions VALUES (?, ?, ?, ?)",
            (sha256, fingerprint, payload, digest),
        )

    def drop_extraction(self, sha256: str, fingerprint: str) -> None:
        """Forget what was kept of these bytes; nothing happens where nothing was."""
        self.connection.execute(
            "DELETE FROM extractions WHERE sha256 = ? AND fingerprint = ?", (sha256, fingerprint)
        )

    def put_calibration(self, values: Mapping[Channel, Calibration]) -> None:
        """Replace the statistics of unrelated pairs; stored vectors are not touched."""
        self.connection.execute("DELETE FROM calibration")
        for modality, one in values.items():
            row = (modality, float(one.mu), float(one.sigma))
            self.connection.execute(
                "INSERT INTO calibration VALUES (?, ?, ?, ?)", (*row, digests.of_values(*row))
            )
        count = self.connection.execute("SELECT count(*) FROM segments").fetchone()[0]
        schema.set_meta(self.connection, "calibrated_count", count)

    def put_faiss_segment(self, one: FaissSegment) -> None:
        """Name a derived file that readers shall use from this generation on."""
        self.touched = True
        row = astuple(one)
        row = (*row, digests.of_values(*row))
        self.connection.execute(
            f"INSERT INTO faiss_segments VALUES ({_marks(row)})",  # noqa: S608
            row,
        )

    def forget_faiss_segment(self, name: str) -> None:
        """A derived file that readers shall not use any more."""
        self.touched = True
        self.connection.execute("DELETE FROM faiss_segments WHERE name = ?", (name,))

    def move_to(self, identity: IndexIdentity) -> None:
        """From now on the index is made with something else: forget what was derived of the old."""
        self.connection.execute("DELETE FROM faiss_segments")
        self.connection.execute("DELETE FROM calibration")
        schema.set_meta(self.connection, "calibrated_count", -1)
        schema.set_meta(self.connection, "identity", identity.to_json())
        self.next_epoch()

    def execute(self, sql: str, *values: object) -> None:
        """Run one statement of another module of this folder within the transaction."""
        self.connection.execute(sql, values)

    def _check(
        self, item: MediaItem, segments: Sequence[Segment], features: Sequence[Features]
    ) -> None:
        if len({segment.id for segment in segments}) < len(segments):
            raise self._refused(item, "two of its segments have the same id")
        for segment, one in zip(segments, features, strict=True):
            for modality, vector in one.vectors.items():
                length = float(np.linalg.norm(vector))
                if not math.isfinite(length):
                    fact = f"the {modality} vector of segment {segment.ordinal} is not finite"
                    raise self._refused(item, fact)
                if abs(length - 1.0) > UNIT_TOLERANCE:
                    fact = f"the {modality} vector of segment {segment.ordinal} has length "
                    raise self._refused(item, f"{fact}{length:.3g}, not 1")
            hubness = (*one.hubness.values(), *one.picture_hubness.values())
            if not all(map(math.isfinite, hubness)):
                fact = f"the hubness of segment {segment.ordinal} is not finite"
                raise self._refused(item, fact)
            if len({vector.shape for vector in one.vectors.values()}) > 1:
                fact = f"the vectors of segment {segment.ordinal} differ in length"
                raise self._refused(item, fact)
        try:
            self._fuser.fuse(features)
        except ValueError as error:
            raise self._refused(item, str(error)) from error

    def _refused(self, item: MediaItem, fact: str) -> IndexFolderError:
        return IndexFolderError(
            self._folder,
            f"{str(item.path)!r} cannot be stored: {fact}",
            "Nothing of this file was stored; please report it with the file.",
        )

    def _tags(self, path: Path) -> list[str]:
        found = self.connection.execute(
            "SELECT tags FROM items WHERE path = ?", (os.fsencode(path),)
        ).fetchone()
        return list(json.loads(found[0])) if found else []

    def _next(self, table: str) -> int:
        """The rowid that the next row gets; never one that was used before.

        Raises:
            IndexDamagedError: SQLite's note of that is damaged: it names one that is in use.
        """
        sql = f"""SELECT coalesce((SELECT seq FROM sqlite_sequence WHERE name = ?), 0),
            coalesce((SELECT max(number) FROM {table}), 0)"""  # noqa: S608  # our own names
        last, used = self.connection.execute(sql, (table,)).fetchone()
        if not isinstance(last, int) or not used <= last < 2**53:
            reason = rows.DamagedRowError("sqlite_sequence", table)
            raise schema.damaged(self._folder, reason)
        return last + 1

    def _insert_item(self, item: MediaItem, segments: Sequence[Segment], phash: str) -> int:
        name = (
            segments[0].id.partition(".")[0] if segments else rows.item_id(item.path, item.sha256)
        )
        row = rows.item_row(self._next("items"), name, item, phash, len(segments))
        self.connection.execute(f"INSERT INTO items VALUES ({_marks(row)})", row)  # noqa: S608
        return int(row[0])

    def _insert_segment(
        self, owner: int, item: MediaItem, segment: Segment, one: Features, words: str
    ) -> None:
        number = self._next("segments")
        row = rows.segment_row(number, owner, segment, words)
        try:
            self.connection.execute(
                f"INSERT INTO segments VALUES ({_marks(row)})",  # noqa: S608
                row,
            )
        except sqlite3.IntegrityError as error:
            fact = f"the id {segment.id!r} of a segment belongs to another one already"
            raise self._refused(item, fact) from error
        vectors = rows.vector_row(number, one)
        self.connection.execute(
            f"INSERT INTO vectors VALUES ({_marks(vectors)})",  # noqa: S608
            vectors,
        )
        self.connection.execute("INSERT INTO words (rowid, body) VALUES (?, ?)", (number, words))
        self._rows = (self._rows + digests.of_row(number, rows.KIND_CODES[segment.kind])) % 2**64


def _marks(row: Sequence[object]) -> str:
    return ", ".join("?" * len(row))
