"""How the catalogue is opened: by the one who writes, by readers, and where nobody may write.

Knows: SQLite's ways to open a file, the pragmas that durability rests on, and how to tell that the
file on disk is not the one that was opened. Refuses to know: what is in it.

A reader writes nothing. Where it may not write, SQLite cannot make the small file by which readers
and writer agree, so a catalogue that nobody has open there is read as immutable, without locks, and
whether it changed meanwhile is for :class:`Place` to say.
"""

from __future__ import annotations

import os
import sqlite3
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from mmqa.errors import IndexFolderError
from mmqa.index import schema

PRAGMAS = (
    "PRAGMA synchronous = FULL",
    "PRAGMA foreign_keys = ON",
    "PRAGMA cache_size = -32768",  # KiB
    "PRAGMA cell_size_check = ON",
)
LOG_PAGES = 4_096
"""Pages the log may hold before it is put into the catalogue: 32 MiB. Indexes on hashes change at
random places, so the more changes share one passage, the fewer pages are written."""


@dataclass(frozen=True, slots=True)
class Place:
    """Which file was opened, so that one put in its place is noticed.

    Attributes:
        path: The catalogue.
        immutable: Whether it is read without locks, because nobody may write there.
        identity: Device and inode; of an immutable one size and time of change too.
    """

    path: Path
    immutable: bool
    identity: tuple[int, ...]

    @staticmethod
    def of(folder: Path) -> Place:
        """The catalogue that is there now.

        Raises:
            IndexMissingError: There is none.
            IndexFolderError: It may not be looked at, or only its writer could put it in order.
        """
        path = folder / schema.FILE_NAME
        immutable = not _may_write(path) and not _has_log(path)
        try:
            identity = _identity(path, immutable)
        except FileNotFoundError as error:
            raise schema.missing(folder) from error
        except OSError as error:
            fact = f"the catalogue {str(path)!r} cannot be opened: {error.strerror}"
            raise IndexFolderError(folder, fact, "Check that you may read the folder.") from error
        if not _may_write(path) and _has_log(path) and not _beside(path, "-shm").exists():
            raise IndexFolderError(
                folder,
                f"the index {str(folder)!r} holds changes that its writer did not put away, and "
                "nobody may write there",
                "Run mmqa status on it once where it may be written.",
            )
        return Place(path, immutable, identity)

    def changed(self) -> bool:
        """Whether another catalogue is there now, or none, or one that lets in a writer."""
        try:
            if self.immutable and _has_log(self.path):
                return True
            return _identity(self.path, self.immutable) != self.identity
        except OSError:
            return True


def connect(folder: Path, *, writable: bool) -> sqlite3.Connection:
    """A connection whose transactions are explicit.

    Args:
        folder: The index.
        writable: Make the catalogue if there is none, in WAL mode; otherwise only read.

    Raises:
        IndexMissingError: There is none to read.
        IndexDamagedError: The file is no catalogue.
        IndexFolderError: It cannot be opened.
    """
    try:
        connection = sqlite3.connect(
            _address(folder, writable),
            uri=True,
            timeout=30.0,
            isolation_level=None,
            check_same_thread=False,
            cached_statements=256,
        )
    except sqlite3.Error as error:
        raise schema.unreadable(folder, error) from error
    try:
        if writable:
            connection.execute(f"PRAGMA page_size = {schema.PAGE_BYTES}")
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute(f"PRAGMA wal_autocheckpoint = {LOG_PAGES}")
        else:
            connection.execute("PRAGMA query_only = ON")
        for pragma in PRAGMAS:
            connection.execute(pragma)
        connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    except sqlite3.Error as error:
        connection.close()
        raise schema.unreadable(folder, error) from error
    except UnicodeDecodeError as error:  # SQLite quotes the damage, which need not be text
        connection.close()
        raise schema.damaged(folder, error) from error
    return connection


def _address(folder: Path, writable: bool) -> str:
    path = folder / schema.FILE_NAME
    if writable:
        mode = "rwc"
    elif Place.of(folder).immutable:
        mode = "ro&immutable=1"
    else:  # the last of several readers puts the log away, so it must be able to write
        mode = "rw" if _may_write(path) else "ro"
    return f"file://{quote(os.fsencode(path.absolute()))}?mode={mode}"


def _may_write(path: Path) -> bool:
    return os.access(path, os.W_OK) and os.access(path.parent, os.W_OK | os.X_OK)


def _beside(path: Path, suffix: str) -> Path:
    return path.with_name(path.name + suffix)


def _has_log(path: Path) -> bool:
    try:
        return _beside(path, "-wal").stat().st_size > 0
    except OSError:
        return False


def _identity(path: Path, immutable: bool) -> tuple[int, ...]:
    found = path.stat()
    place = (found.st_dev, found.st_ino)
    return (*place, found.st_size, found.st_mtime_ns) if immutable else place
