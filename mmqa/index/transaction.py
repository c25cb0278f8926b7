"""The catalogue written: files put in and taken out, all or nothing.

Knows: which rows make up a file, and what is refused before it can do harm. Refuses to know: FAISS
files, who may write, when to commit.
"""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from mmqa.errors import IndexFolderError
from mmqa.index import rows
from mmqa.interfaces import Fuser
from mmqa.records import Features, MediaItem, Segment


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
        found = connection.execute("SELECT value FROM meta WHERE name = 'generation'").fetchone()
        self.generation = int(found[0]) + 1
        self.touched = False

    def put(
        self,
        item: MediaItem,
        segments: Sequence[Segment],
        features: Sequence[Features],
        lexical: Sequence[str],
        phash: str = "",
    ) -> None:
        """Store a file; whatever its path held before is replaced.

        Args:
            item: The file.
            segments: Its segments; may be none.
            features: Vectors of each segment; a segment without any is found by its words only.
            lexical: Tokenised text of each segment.
            phash: Perceptual hash of a picture, for near duplicates.

        Raises:
            IndexFolderError: A vector is not finite; it could be stored but never found.
            ValueError: The lists differ in length, or a vector has the wrong length.
        """
        if not len(segments) == len(features) == len(lexical):
            raise ValueError("segments, features and lexical texts must be as many")
        self._check(item, features)
        self.remove(item.path)
        self.touched = True
        owner = self._insert_item(item, segments, phash)
        for segment, one, words in zip(segments, features, lexical, strict=True):
            self._insert_segment(owner, segment, one, words)

    def remove(self, path: Path) -> int:
        """Take a file out; returns how many segments it had, 0 if it was not there."""
        encoded = os.fsencode(path)
        found = self.connection.execute(
            "SELECT number FROM items WHERE path = ?", (encoded,)
        ).fetchone()
        if found is None:
            return 0
        self.touched = True
        numbers = self.connection.execute(
            "SELECT number FROM segments WHERE item = ?", found
        ).fetchall()
        self.connection.executemany("DELETE FROM words WHERE rowid = ?", numbers)
        self.connection.executemany(
            f"INSERT INTO tombstones VALUES (?, {self.generation})",  # noqa: S608  # an int
            numbers,
        )
        self.connection.execute("DELETE FROM items WHERE number = ?", found)
        return len(numbers)

    def put_extraction(self, sha256: str, fingerprint: str, payload: bytes) -> None:
        """Keep what an extractor made of these bytes."""
        self.connection.execute(
            "INSERT OR REPLACE INTO extractions VALUES (?, ?, ?)", (sha256, fingerprint, payload)
        )

    def execute(self, sql: str, *values: object) -> None:
        """Run one statement of another module of this folder within the transaction."""
        self.connection.execute(sql, values)

    def _check(self, item: MediaItem, features: Sequence[Features]) -> None:
        if not np.isfinite(self._fuser.fuse(features)).all():
            raise IndexFolderError(
                self._folder,
                f"a vector of {str(item.path)!r} holds a number that is not finite",
                "Nothing of this file was stored; please report it with the file.",
            )

    def _insert_item(self, item: MediaItem, segments: Sequence[Segment], phash: str) -> int:
        name = (
            segments[0].id.partition(".")[0] if segments else rows.item_id(item.path, item.sha256)
        )
        values = (name, os.fsencode(item.path), item.sha256, item.kind, item.size_bytes)
        flags = json.dumps(item.flags)
        cursor = self.connection.execute(
            "INSERT INTO items VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?)",
            (*values, item.mtime_ns, flags, phash),
        )
        return int(cursor.lastrowid or 0)

    def _insert_segment(self, owner: int, segment: Segment, one: Features, words: str) -> None:
        text = rows.text_to_json(segment.text)
        span = (segment.start_s, segment.end_s, segment.page)
        cursor = self.connection.execute(
            "INSERT INTO segments VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?)",
            (owner, segment.id, segment.ordinal, segment.kind, *span, text),
        )
        number = int(cursor.lastrowid or 0)
        self.connection.executemany(
            "INSERT INTO vectors VALUES (?, ?, ?, ?)",
            [
                (number, modality, rows.vector_to_blob(v), float(one.hubness.get(modality, 0.0)))
                for modality, v in one.vectors.items()
            ],
        )
        self.connection.execute("INSERT INTO words (rowid, body) VALUES (?, ?)", (number, words))
