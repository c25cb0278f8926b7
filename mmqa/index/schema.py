"""The tables of the catalogue, and what is said when it cannot be read or written.

Knows: SQL that makes the tables, the format version, which failures are damage. Refuses to know:
how the file is opened, and what rows mean to anyone.

Segment rowids are FAISS ids: AUTOINCREMENT never hands one out twice, so an id in an old FAISS file
can never come to mean another segment. A removed segment leaves a tombstone until compaction.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path

from mmqa.errors import IndexDamagedError, IndexFolderError, IndexMismatchError, IndexMissingError
from mmqa.index.digests import of_values

FILE_NAME = "catalogue.sqlite"
FORMAT_VERSION = 3
APPLICATION_ID = 0x6D6D7161  # "mmqa"
PAGE_BYTES = 8192  # vectors of two modalities leave a page of 4096 a quarter empty

WORDS_TOKENIZER = "unicode61 remove_diacritics 0 categories 'L* M* N* Co' tokenchars '.-_/:@'"
"""Text arrives tokenised; FTS5 need only split at spaces and leave ``b-17`` and ``4.2`` whole."""

TABLES = """
CREATE TABLE meta (
    name TEXT PRIMARY KEY, value TEXT NOT NULL, digest INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE items (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL,               -- public, 12 hex digits
    path BLOB NOT NULL UNIQUE,      -- os.fsencode: file names need not be text
    sha256 TEXT NOT NULL,
    kind TEXT NOT NULL,
    size_bytes INTEGER NOT NULL,
    mtime_ns INTEGER NOT NULL,
    flags TEXT NOT NULL,            -- JSON list
    phash TEXT NOT NULL,
    taken_ns INTEGER,
    tags TEXT NOT NULL,             -- JSON list
    metadata TEXT NOT NULL,         -- JSON object, or empty
    segment_count INTEGER NOT NULL,
    digest INTEGER NOT NULL         -- of all columns before it; see mmqa.index.digests
);
CREATE INDEX items_by_id ON items (id);
CREATE INDEX items_by_sha256 ON items (sha256);

CREATE TABLE segments (
    number INTEGER PRIMARY KEY AUTOINCREMENT,  -- the FAISS id
    item INTEGER NOT NULL REFERENCES items (number) ON DELETE CASCADE,
    id TEXT NOT NULL,
    ordinal INTEGER NOT NULL,
    kind TEXT NOT NULL,
    start_s REAL, end_s REAL, page INTEGER,
    text TEXT NOT NULL,             -- JSON: the fields of SegmentText that are not empty
    words_digest INTEGER NOT NULL,  -- of its row in words
    digest INTEGER NOT NULL,        -- of all columns before it
    UNIQUE (item, ordinal)
);
CREATE UNIQUE INDEX segments_by_id ON segments (id);

CREATE TABLE vectors (
    segment INTEGER PRIMARY KEY REFERENCES segments (number) ON DELETE CASCADE,
    modalities TEXT NOT NULL,       -- names divided by commas; empty where there is no vector
    vectors BLOB NOT NULL,          -- one after the other, float16, little-endian
    hubness BLOB NOT NULL,          -- one each among texts, then one each among pictures, float32
    digest INTEGER NOT NULL
);

CREATE VIRTUAL TABLE words USING fts5 (body, tokenize = "@TOKENIZER@");

CREATE TABLE extractions (
    sha256 TEXT NOT NULL, fingerprint TEXT NOT NULL, payload BLOB NOT NULL,
    digest INTEGER NOT NULL,
    UNIQUE (sha256, fingerprint)
);
CREATE TABLE calibration (
    modality TEXT PRIMARY KEY, mu REAL NOT NULL, sigma REAL NOT NULL, digest INTEGER NOT NULL
);
CREATE TABLE faiss_segments (
    name TEXT PRIMARY KEY, sha256 TEXT NOT NULL,
    first INTEGER NOT NULL, last INTEGER NOT NULL,  -- all live rows within are covered
    count INTEGER NOT NULL,
    index_type TEXT NOT NULL,
    nlist INTEGER NOT NULL, nprobe INTEGER NOT NULL,  -- 0 where nothing is probed
    recall REAL,                    -- measured when it was made; NULL where search is exact
    digest INTEGER NOT NULL
);
CREATE TABLE tombstones (
    segment INTEGER PRIMARY KEY, generation INTEGER NOT NULL, digest INTEGER NOT NULL
);
CREATE INDEX tombstones_by_generation ON tombstones (generation);
""".replace("@TOKENIZER@", WORDS_TOKENIZER)


META = {"generation": "0", "epoch": "0", "rows": "0"}
"""What a new catalogue begins with. ``rows``: :func:`mmqa.index.digests.of_rows` of all that live;
``generation`` counts the commits that changed what can be found, ``epoch`` the compactions."""


def statements() -> list[str]:
    """The statements that make the tables, one by one."""
    return [part.strip() for part in TABLES.split(";\n") if part.strip()]


def initialise(connection: sqlite3.Connection, folder: Path, identity: str) -> None:
    """Make the tables and write the identity, in one transaction.

    Raises:
        IndexFolderError: The disk refused them.
    """
    try:
        connection.executescript(
            f"BEGIN IMMEDIATE; {TABLES}"
            f"PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {FORMAT_VERSION};"
        )
        for name, value in {**META, "identity": identity}.items():
            set_meta(connection, name, value)
        connection.execute("COMMIT")
    except sqlite3.Error as error:
        raise unwritable(folder, error) from error


def set_meta(connection: sqlite3.Connection, name: str, value: object) -> None:
    """Write one named value."""
    text = str(value)
    connection.execute(
        "INSERT OR REPLACE INTO meta VALUES (?, ?, ?)", (name, text, of_values(name, text))
    )


def stored_version(connection: sqlite3.Connection, folder: Path) -> int:
    """The format of the tables; 0 for a catalogue whose creation was cut short.

    Raises:
        IndexMismatchError: A newer mmqa made it.
        IndexDamagedError: It is a database of something else.
    """
    try:
        # Tables first: another process may commit them between two of these questions.
        tables = int(connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0])
        version = int(connection.execute("PRAGMA user_version").fetchone()[0])
        owner = int(connection.execute("PRAGMA application_id").fetchone()[0])
    except sqlite3.DatabaseError as error:
        raise unreadable(folder, error) from error
    if not tables:
        return 0
    if owner != APPLICATION_ID:
        raise damaged(folder, "it is a database of another program")
    if version > FORMAT_VERSION:
        raise IndexMismatchError(
            folder,
            f"the index {str(folder)!r} has format {version}; this mmqa reads up to "
            f"{FORMAT_VERSION}",
            "Update mmqa.",
        )
    if version < 1:
        raise damaged(folder, f"its format is {version}")
    return version


def require_current(connection: sqlite3.Connection, folder: Path) -> None:
    """Refuse a catalogue that this mmqa would have to migrate first.

    Raises:
        IndexMissingError: Its creation was cut short.
        IndexMismatchError: An older or newer mmqa made it.
        IndexDamagedError: It is a database of something else.
    """
    version = stored_version(connection, folder)
    if not version:
        raise missing(folder)
    if version < FORMAT_VERSION:
        raise IndexMismatchError(
            folder,
            f"the index {str(folder)!r} has format {version}, not {FORMAT_VERSION}",
            "mmqa status brings it up to date where it may be written.",
        )


def require_there(folder: Path) -> None:
    """Refuse a folder without a catalogue.

    Raises:
        IndexMissingError: There is none.
    """
    if not (folder / FILE_NAME).is_file():
        raise missing(folder)


def missing(folder: Path) -> IndexMissingError:
    """There is no index."""
    return IndexMissingError(
        folder, f"there is no index in {str(folder)!r}", "mmqa add PATH --index DIR makes one."
    )


def unreadable(folder: Path, error: sqlite3.Error) -> IndexFolderError:
    """Why SQLite failed: damage has another remedy than a folder that may not be written."""
    code = getattr(error, "sqlite_errorcode", None)
    closed = isinstance(error, sqlite3.ProgrammingError)
    if not closed and (code is None or code & 0xFF in _DAMAGE):  # None: text that is no UTF-8
        return damaged(folder, error)
    return IndexFolderError(
        folder,
        f"the catalogue {str(folder / FILE_NAME)!r} cannot be opened or read: {error}",
        "Check that you may read and write the folder, and that the disk is not full.",
    )


def unwritable(folder: Path, error: sqlite3.Error) -> IndexFolderError:
    """Why SQLite could not write; what was committed before stays."""
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code in {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}:
        return damaged(folder, error)
    remedy = "Nothing that was added before is lost. " + (
        "The disk is full: make room, then try again."
        if code == sqlite3.SQLITE_FULL
        else "Check the disk and that you may write to the folder, then try again."
    )
    fact = f"the index {str(folder)!r} cannot be written: {error}"
    return IndexFolderError(folder, fact, remedy)


_DAMAGE = {
    sqlite3.SQLITE_CORRUPT,
    sqlite3.SQLITE_NOTADB,
    sqlite3.SQLITE_FORMAT,
    sqlite3.SQLITE_ERROR,  # a table or column that mmqa made is not there any more
    sqlite3.SQLITE_MISMATCH,
}


def damaged(folder: Path, reason: object) -> IndexDamagedError:
    """The catalogue cannot be read."""
    return IndexDamagedError(
        folder,
        f"the catalogue {str(folder / FILE_NAME)!r} cannot be read: {reason}",
        "mmqa rebuild saves what can still be read; else restore it from a backup.",
    )
