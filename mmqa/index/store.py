"""An index folder, opened: the door through which flows write, read and search.

Knows: who may write, when a change is durable, which generation a search sees. Refuses to know: SQL
and FAISS beyond calling them, and what is asked.

The catalogue (SQLite, WAL, synchronous=FULL) is the truth; what is committed there is acknowledged.
FAISS files are a cache of it. One writer holds a lock; readers hold none and see each commit at
their next search.
"""

from __future__ import annotations

import logging
import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from threading import RLock, get_ident
from types import TracebackType
from typing import Self

from mmqa.errors import IndexDamagedError, IndexFolderError, IndexLockedError, UsageError
from mmqa.index import maintenance, migrations, schema, seal
from mmqa.index.catalogue import Catalogue
from mmqa.index.connection import connect
from mmqa.index.faiss_segments import FOLDER, SUFFIX
from mmqa.index.files import TEMPORARY, sync_folder
from mmqa.index.identity import FILE_NAME, IndexIdentity, require_same, write_for_people
from mmqa.index.layout import thumbnail_of, thumbnails
from mmqa.index.lock import WriterLock
from mmqa.index.plan import IndexPlan
from mmqa.index.reader import Counts, IndexReader
from mmqa.index.repair import Repair, forget_damaged, repair
from mmqa.index.rows import item_id
from mmqa.index.segment_writer import SegmentWriter
from mmqa.index.transaction import Transaction
from mmqa.interfaces import Cancelled, Fuser, Progress
from mmqa.records import Calibration, Channel

__all__ = ["Counts", "IndexStore", "item_id"]

Notice = Callable[[str], None]
"""Told, as a sentence, what was put right without being asked."""

MIGRATING_S = 60.0
"""How long a reader waits for another process that brings the index to the present format."""

_log: Notice = logging.getLogger("mmqa.index").warning


class IndexStore(IndexReader):
    """An open index; use :meth:`create` or :meth:`open`, and close it.

    Safe to use from several threads. FAISS files are read at the first search, so that adding and
    looking up never pay for them.
    """

    def __init__(
        self,
        folder: Path,
        fuser: Fuser,
        lock: WriterLock | None,
        notice: Notice | None,
        plan: IndexPlan | None = None,
    ) -> None:
        super().__init__(folder, fuser, plan)
        self._segment_writer = SegmentWriter(self, fuser, self.plan, self.transaction)
        self._writer_lock = lock
        self._notice = notice or _log
        self._write_mutex = RLock()
        self._writer = connect(folder, writable=True) if lock else None
        self._open: Transaction | None = None
        self._unsealed = False
        self._trusted = False

    # ------------------------------------------------------------------ opening

    @staticmethod
    def exists(folder: Path) -> bool:
        """Whether an index is there, sound or not."""
        return (folder / schema.FILE_NAME).is_file()

    @staticmethod
    def stored_identity(folder: Path) -> IndexIdentity:
        """What the index was made with.

        Raises:
            IndexMissingError: There is no index.
            IndexDamagedError: The catalogue cannot be read.
            IndexMismatchError: A newer mmqa made it.
        """
        _bring_up_to_date(folder, None, _log)
        catalogue = Catalogue(folder)
        try:
            return IndexIdentity.from_json(catalogue.meta("identity"))
        finally:
            catalogue.close()

    @classmethod
    def create(
        cls,
        folder: Path,
        identity: IndexIdentity,
        fuser: Fuser,
        *,
        notice: Notice | None = None,
        plan: IndexPlan | None = None,
    ) -> Self:
        """Open for writing, and make the index first if there is none.

        Args:
            folder: The index.
            identity: What the caller's vectors are made with.
            fuser: The fuser that ``identity.fusion`` names.
            notice: Told what was put right; default is a log line.
            plan: How FAISS files are made and searched.

        Raises:
            ConfigError: The plan asks for a GPU and there is none.
            IndexMismatchError: There is one, made with something else.
            IndexLockedError: Another process is writing to it.
            IndexFolderError: The folder cannot be made.
        """
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            fact = f"the index folder {str(folder)!r} cannot be made: {error.strerror}"
            raise IndexFolderError(folder, fact, "Name another folder.") from error
        lock = WriterLock(folder)
        try:
            with closing(connect(folder, writable=True)) as connection:
                if fresh := not schema.stored_version(connection, folder):
                    schema.initialise(connection, folder, identity.to_json())
                    sync_folder(folder)
            store = cls._opened(folder, identity, fuser, lock, notice=notice, plan=plan)
            store._trusted = store._trusted or fresh
            return store
        except BaseException:
            lock.release()
            raise

    @classmethod
    def open(
        cls,
        folder: Path,
        identity: IndexIdentity | None,
        fuser: Fuser,
        *,
        writable: bool = False,
        notice: Notice | None = None,
        plan: IndexPlan | None = None,
    ) -> Self:
        """Open an index that is there.

        Args:
            folder: The index.
            identity: What the caller's vectors are made with; ``None`` takes the index's own.
            fuser: The fuser that ``identity.fusion`` names.
            writable: Take the writer lock, until :meth:`close`.
            notice: Told what was put right; default is a log line.
            plan: How FAISS files are made and searched.

        Raises:
            ConfigError: The plan asks for a GPU and there is none.
            IndexMissingError: There is no index.
            IndexMismatchError: It was made with something else, or by a newer mmqa.
            IndexLockedError: Another process is writing to it.
            IndexDamagedError: The catalogue cannot be read.
        """
        schema.require_there(folder)
        lock = WriterLock(folder) if writable else None
        try:
            return cls._opened(folder, identity, fuser, lock, notice=notice, plan=plan)
        except BaseException:
            if lock:
                lock.release()
            raise

    @classmethod
    def _opened(
        cls,
        folder: Path,
        identity: IndexIdentity | None,
        fuser: Fuser,
        lock: WriterLock | None,
        *,
        notice: Notice | None,
        plan: IndexPlan | None,
    ) -> Self:
        _bring_up_to_date(folder, lock, notice or _log)
        store = cls(folder, fuser, lock, notice, plan)
        try:
            require_same(folder, store.identity, identity or store.identity)
            if lock:
                if found := seal.damage(folder):  # or the next seal would make it true
                    raise schema.damaged(folder, found)
                store._trusted = seal.is_on(folder)
                store._tidy()
            store._tell_what_is_lost()
        except BaseException:
            store.close()
            raise
        return store

    @staticmethod
    def repair(folder: Path, fuser: Fuser, *, notice: Notice | None = None) -> Repair | None:
        """Save what can be read of a damaged catalogue; derived files are for :meth:`rebuild`.

        Args:
            folder: The index; no store of this process may be open on it for writing.
            fuser: The fuser that it was made with.
            notice: Told what was put right.

        Returns:
            What was saved and lost, or ``None`` where nothing was damaged.

        Raises:
            IndexMissingError: There is no index.
            IndexLockedError: Another process is writing to it.
            IndexDamagedError: Nothing can be saved.
            IndexFolderError: The disk refused it; everything is as it was.
        """
        schema.require_there(folder)
        lock = WriterLock(folder)
        try:
            broken = bool(seal.damage(folder))
            _bring_up_to_date(folder, lock, notice or _log, trusting=True)
            if not broken and _is_sound(folder):
                return None
            done = repair(folder, fuser)
            _remove_derived(folder)
            lock.settle()
            return done
        finally:
            lock.release()

    @property
    def writable(self) -> bool:
        """Whether this store holds the writer lock."""
        return self._writer is not None

    def close(self) -> None:
        """Give lock and connections back; what was committed stays."""
        if self._writer is not None:
            if self._unsealed:
                self._seal(self._writer)
            self._writer.close()
            self._writer = None
        super().close()
        if self._writer_lock:
            self._writer_lock.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _seal(self, writer: sqlite3.Connection) -> None:
        """Put the log away and seal the file, unless a reader is in the middle of a search.

        What a killed writer left without a seal is looked at first: a seal over damage would hide
        it for good.
        """
        try:
            writer.execute("PRAGMA busy_timeout = 1000")
            (busy, *_) = writer.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            if busy:
                return
            if not self._trusted and (found := maintenance.unsealed_problems(self)):
                self._notice(
                    f"the index {str(self.folder)!r} is damaged and not sealed: {found[0]}"
                )
                return
            seal.put_on(self.folder)
            self._lock().settle()
        except (sqlite3.Error, OSError) as error:
            fact = f"the index {str(self.folder)!r} is complete, but could not be sealed: {error}"
            self._notice(f"{fact}; the next writer seals it.")

    def _tell_what_is_lost(self) -> None:
        """A writer goes on from what is there; generations never mean two things."""
        lost, last = self.lost_generations()
        if not lost:
            return
        if self.writable:
            with self.transaction() as change:
                change.generation, change.touched = last + 1, True
        self._notice(f"{maintenance.lost_changes(lost)} in the index {str(self.folder)!r}")

    def _tidy(self) -> None:
        for name in maintenance.orphans(self):
            (self.folder / FOLDER / name).unlink(missing_ok=True)
        for left in self.folder.glob(f"*{TEMPORARY}"):
            left.unlink(missing_ok=True)
        if not (self.folder / FILE_NAME).exists():
            with suppress(OSError):  # a full disk; whoever opens it next tries again
                write_for_people(self.folder, self.identity)

    # ------------------------------------------------------------------ writing

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        """Changes that become durable together when the block ends; an exception undoes them all.

        Raises:
            UsageError: The store was opened for reading.
            IndexFolderError: The disk refused the change; nothing happened.
        """
        with self._write_mutex:
            writer = self._require_writer()
            if self._open is not None:
                yield self._open  # joins the transaction around it
                return
            self._require_place()
            try:
                self._break_seal()
                writer.execute("BEGIN IMMEDIATE")
                self._open = Transaction(self.folder, writer, self.fuser)
                yield self._open
                self._open.seal()
                writer.execute("COMMIT")
                if self._open.touched:
                    self._lock().mark(self._open.generation)
            except sqlite3.Error as error:
                raise schema.unwritable(self.folder, error) from error
            finally:
                self._open = None
                if writer.in_transaction:
                    writer.execute("ROLLBACK")

    @contextmanager
    def moving(self, identity: IndexIdentity) -> Iterator[Transaction]:
        """A transaction after which the index is made with something else.

        Every file must be put anew in it; what was derived and measured is forgotten.

        Args:
            identity: What the vectors that are put are made with.

        Raises:
            UsageError: The store was opened for reading.
            IndexFolderError: The disk refused the change; nothing happened.
        """
        with self.transaction() as change:
            yield change
            change.move_to(identity)
        self.identity = identity
        with suppress(OSError):  # it is a copy for people, written anew when it is missing
            write_for_people(self.folder, identity)

    def _require_writer(self) -> sqlite3.Connection:
        if self._writer is None:
            raise UsageError(
                f"the index {str(self.folder)!r} was opened for reading", "Open it writable."
            )
        return self._writer

    def _lock(self) -> WriterLock:
        assert self._writer_lock is not None  # whoever has a writer holds it
        return self._writer_lock

    def _require_place(self) -> None:
        """What is written to a file that was taken away is lost when it is closed."""
        if self.place.changed():
            raise IndexFolderError(
                self.folder,
                f"the index {str(self.folder)!r} was taken away or replaced while it was open",
                "Nothing was written. Open it anew.",
            )
        self._lock().require_held()

    def _break_seal(self) -> None:
        if self._unsealed:
            return
        try:
            seal.take_off(self.folder)
        except OSError as error:
            fact = f"the index {str(self.folder)!r} cannot be written: {error.strerror}"
            raise IndexFolderError(self.folder, fact, "Check disk and permissions.") from error
        self._unsealed = True

    def put_extraction(self, sha256: str, fingerprint: str, payload: bytes) -> None:
        """Keep what an extractor made of these bytes; durable at once, or with the transaction."""
        with self.transaction() as change:
            change.put_extraction(sha256, fingerprint, payload)

    def set_calibration(self, values: Mapping[Channel, Calibration]) -> None:
        """Replace the statistics of unrelated pairs; stored vectors are not touched."""
        with self.transaction() as change:
            change.put_calibration(values)

    def flush(
        self,
        *,
        final: bool = True,
        progress: Progress | None = None,
        cancelled: Cancelled | None = None,
    ) -> bool:
        """Write rows that no FAISS file covers into one; small files before it are merged in.

        Args:
            final: Adding is done: merge until each file holds more than twice the rows of all that
                follow it, then train and tune what is large. Otherwise a file is written only once
                there are rows enough, without training, at the same cost however large the index.
            progress: Told as rows go in.
            cancelled: Asked now and then; true stops, and the old files stay.

        Returns:
            Whether it was done.
        """
        return self._segment_files().flush(final=final, progress=progress, cancelled=cancelled)

    def rebuild(self, progress: Progress | None = None, cancelled: Cancelled | None = None) -> bool:
        """Make all that is derived again from the catalogue; returns whether it was done."""
        files = self._segment_files()
        with self.transaction() as change:
            change.touched = True
            change.execute("INSERT INTO words (words) VALUES ('rebuild')")
        return files.rebuild(progress, cancelled)

    def compact(self, progress: Progress | None = None, cancelled: Cancelled | None = None) -> bool:
        """Forget removed segments and unused extractions: their bytes leave every file.

        A reader in the middle of a search keeps the old pages until it is done: this waits for it,
        and says so if it takes too long.

        Returns:
            Whether it was done; what was cancelled goes on with the next one.
        """
        files = self._segment_files()
        with self.transaction() as change:
            maintenance.purge(change)
        self._remove_unused_thumbnails()
        forget_damaged(self.folder)
        done = files.forget_dead(progress, cancelled) and files.flush(
            progress=progress, cancelled=cancelled
        )
        if self._writer is None or not done:
            return False
        with self._write_mutex:
            try:
                self._writer.execute("VACUUM")
                (busy, *_) = self._writer.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            except sqlite3.Error as error:
                raise schema.unwritable(self.folder, error) from error
        if busy:
            self._notice(
                f"a reader still holds an old state of the index {str(self.folder)!r}; compact "
                "again once it has finished, so that removed bytes leave the log too."
            )
        return True

    def _remove_unused_thumbnails(self) -> None:
        used = {sha256 for (sha256,) in self.all("SELECT sha256 FROM items")}
        for path in thumbnails(self.folder):
            if thumbnail_of(path) not in used:
                path.unlink(missing_ok=True)

    def _segment_files(self) -> SegmentWriter:
        if self._within_transaction():
            raise UsageError("FAISS files are written outside of a transaction", "Commit first.")
        self._require_writer()
        return self._segment_writer

    def _heal(self) -> None:
        """Write files anew that were found damaged; a reader can only say so.

        A search has its answer already, from the catalogue: a disk that refuses does not undo it.
        """
        while self._amiss and not self._within_transaction():
            one = self._amiss.pop()
            fact = f"{one.name} of the index {str(self.folder)!r} was missing or damaged"
            if not self.writable:
                self._notice(f"{fact}; the catalogue replaced it. mmqa rebuild writes it again.")
                continue
            try:
                self._segment_files().heal(one)
            except IndexDamagedError:
                raise
            except IndexFolderError as error:
                self._notice(f"{fact}; the catalogue replaced it, but {error.fact}. {error.remedy}")
            else:
                self._notice(f"{fact}; it has been made again from the catalogue.")

    def _within_transaction(self) -> bool:
        """Whether this thread is between the beginning and the end of a transaction."""
        change = self._open
        return change is not None and change.thread == get_ident()


def _bring_up_to_date(
    folder: Path, lock: WriterLock | None, notice: Notice, *, trusting: bool = False
) -> None:
    """Migrate a catalogue of an earlier format; takes the lock for that if the caller has none.

    Args:
        folder: The index.
        lock: The caller's, if it has one.
        notice: Told of it.
        trusting: Also where the seal says that the catalogue is damaged: it is to be repaired.
    """
    if _is_current(folder):
        return
    own = None if lock else _lock_to_migrate(folder)
    found = None
    try:
        if not _is_current(folder):
            if (damage := seal.damage(folder)) and not trusting:
                raise schema.damaged(folder, damage)
            seal.take_off(folder)  # of what is about to change; the next writer puts one on
            with closing(connect(folder, writable=True)) as connection:
                found = migrations.migrate(connection, folder)
                _remove_derived(folder)
    finally:
        if own:
            own.release()
    if found is not None:
        notice(
            f"the index {str(folder)!r} had format {found}; it has been brought to "
            f"{schema.FORMAT_VERSION}"
        )


def _is_current(folder: Path) -> bool:
    with closing(connect(folder, writable=False)) as looking:
        return schema.stored_version(looking, folder) in {0, schema.FORMAT_VERSION}


def _lock_to_migrate(folder: Path) -> WriterLock:
    """For one who only wants to read; another process may be migrating already."""
    deadline_s = time.monotonic() + MIGRATING_S
    while True:
        try:
            return WriterLock(folder)
        except IndexLockedError:
            if time.monotonic() > deadline_s:
                raise
            time.sleep(0.05)
        except IndexFolderError as error:
            raise IndexFolderError(
                folder,
                f"the index {str(folder)!r} has an earlier format, and you may not write there to "
                f"bring it to {schema.FORMAT_VERSION}",
                "Run mmqa status on it once where it may be written.",
            ) from error


def _is_sound(folder: Path) -> bool:
    """Whether the catalogue can be believed, whatever became of derived files."""
    try:
        catalogue = Catalogue(folder)
    except IndexDamagedError:
        return False
    try:
        return not maintenance.catalogue_problems(catalogue)
    finally:
        catalogue.close()


def _remove_derived(folder: Path) -> None:
    """FAISS files of a catalogue that is no more; its rows have other numbers now."""
    for path in (folder / FOLDER).glob(f"*{SUFFIX}"):
        path.unlink()
