"""Folders watched: synced at once, and again whenever something changes in them.

Knows: when it is quiet enough to sync, whom to wait for, and what a lost folder means. Refuses to
know: what a sync does, and how changes are shown.

The operating system tells of changes (inotify, FSEvents …). What it does not tell of, as on network
drives and behind links to other folders, is found by a sync of everything now and then. The index
is locked only while a sync runs.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Protocol

from watchdog.events import (
    EVENT_TYPE_CLOSED_NO_WRITE,
    EVENT_TYPE_OPENED,
    FileSystemEvent,
    FileSystemEventHandler,
)
from watchdog.observers import Observer
from watchdog.observers.api import ObservedWatch

from mmqa.errors import FolderMissingError, IndexLockedError
from mmqa.ingest import OnEvent
from mmqa.interfaces import Cancelled
from mmqa.media.scan import absolute
from mmqa.records import Source, SyncReport

QUIET_S = 1.0
"""Nothing must have changed for so long: files are copied in pieces, and folders file by file."""

LONGEST_WAIT_S = 20.0
"""A folder that is never quiet is synced this long after its first change all the same."""

WHOLE_S = 900.0
"""Everything is synced this often, for changes that nobody told of."""

UNTOLD_S = 60.0
"""As :data:`WHOLE_S`, where the system cannot tell of changes, or not in so many folders."""

LOOK_S = 0.25
RETRY_S = 1.0
_NOT_CHANGES = frozenset({EVENT_TYPE_OPENED, EVENT_TYPE_CLOSED_NO_WRITE})
"""Reading a file changes nothing; what a sync reads must not cause the next one."""


class Sync(Protocol):
    """:meth:`mmqa.Library.sync`."""

    def __call__(
        self, folders: Sequence[Source], on_event: OnEvent | None, cancelled: Cancelled | None
    ) -> SyncReport:
        """Make the index equal to the folders."""
        ...


def watch(
    sync: Sync,
    sources: Sequence[Source],
    *,
    but: Path,
    on_event: OnEvent | None = None,
    cancelled: Cancelled | None = None,
    on_notice: Callable[[str], None] | None = None,
) -> Iterator[SyncReport]:
    """Sync until cancelled, a report a round; the first round is at once.

    A folder that is lost later on (its drive was unmounted) is left out until it is back.

    Args:
        sync: Syncs the folders.
        sources: The folders.
        but: The index: what happens in there is no change.
        on_event: Told of each file; of unchanged ones in the first round only.
        cancelled: Asked several times a second, and between files.
        on_notice: Told, as a sentence, what is being waited for.

    Raises:
        UsageError: At the start, a folder is not there, or empty while the index holds files of it.
    """
    stop = cancelled or (lambda: False)
    notice = _Notices(on_notice or (lambda _text: None))
    changes = _Changes(but.resolve())
    folders = _Folders(sources, changes, notice)
    try:
        folders.look()
        changes.take()
        report = _round(sync, sources, on_event, stop, notice)
        while report is not None:
            yield report
            _wait(folders, changes, stop)
            report = _later_round(sync, folders.there(), _changes_only(on_event), stop, notice)
    finally:
        folders.close()


def _changes_only(on_event: OnEvent | None) -> OnEvent | None:
    if on_event is None:
        return None
    return lambda event: None if event.event == "unchanged" else on_event(event)


def _round(
    sync: Sync,
    sources: Sequence[Source],
    on_event: OnEvent | None,
    stop: Cancelled,
    notice: _Notices,
) -> SyncReport | None:
    """Sync, waiting for another writer to finish; ``None`` where it was stopped meanwhile."""
    while not stop():
        try:
            return sync(sources, on_event, stop)
        except IndexLockedError as error:
            notice.once(f"{error.fact}; waiting until it has finished")
            time.sleep(RETRY_S)
    return None


def _later_round(
    sync: Sync,
    sources: Sequence[Source],
    on_event: OnEvent | None,
    stop: Cancelled,
    notice: _Notices,
) -> SyncReport | None:
    """As :func:`_round`; a folder that cannot be believed is left out."""
    left = list(sources)
    while left and not stop():
        try:
            report = _round(sync, left, on_event, stop, notice)
        except FolderMissingError as error:
            notice.once(f"{error.fact}; nothing of it is forgotten")
            left = [source for source in left if _real(source) != error.path]
        else:
            if len(left) == len(sources):
                notice.forget()
            return report
    return None if stop() else SyncReport(0, 0, 0, 0, ())


def _wait(folders: _Folders, changes: _Changes, stop: Cancelled) -> None:
    """Until something changed and it is quiet, or it is time to look at everything."""
    longest = WHOLE_S if folders.told_of else UNTOLD_S
    until = time.monotonic() + longest
    while not stop() and not changes.settled() and time.monotonic() < until:
        time.sleep(LOOK_S)
        folders.look()
    changes.take()


class _Notices:
    """Says a sentence once, until things are as they should be."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self._said: set[str] = set()

    def once(self, text: str) -> None:
        if text not in self._said:
            self._said.add(text)
            self._say(text)

    def forget(self) -> None:
        self._said.clear()


class _Changes(FileSystemEventHandler):
    """When the first and the last change was that no round has seen yet."""

    def __init__(self, but: Path) -> None:
        self._but = but
        self._lock = threading.Lock()
        self._first_s = self._last_s = 0.0

    def on_any_event(self, event: FileSystemEvent) -> None:
        if event.event_type not in _NOT_CHANGES and not self._is_ours(event):
            self.mark()

    def _is_ours(self, event: FileSystemEvent) -> bool:
        paths = [Path(os.fsdecode(p)) for p in (event.src_path, event.dest_path) if p]
        return all(self._but == path or self._but in path.parents for path in paths)

    def mark(self) -> None:
        """Something changed."""
        with self._lock:
            self._last_s = time.monotonic()
            self._first_s = self._first_s or self._last_s

    def settled(self) -> bool:
        """Whether something changed and is not changing any longer, or has been for too long."""
        with self._lock:
            now = time.monotonic()
            quiet = now - self._last_s >= QUIET_S or now - self._first_s >= LONGEST_WAIT_S
            return bool(self._first_s) and quiet

    def take(self) -> None:
        """A round begins: changes from now on are for the next one."""
        with self._lock:
            self._first_s = self._last_s = 0.0


class _Folders:
    """Listens to the folders that are there, and sees when one is lost or comes back.

    The system tells nothing of a folder any more once it was deleted or unmounted, also when
    another one takes its place.
    """

    def __init__(self, sources: Sequence[Source], changes: _Changes, notice: _Notices) -> None:
        self._sources = sources
        self._changes = changes
        self._notice = notice
        self._observer = Observer()
        self._observer.start()
        self._places = list(dict.fromkeys(_real(source) for source in sources))
        self._known: dict[Path, tuple[int, int]] = {}
        self._watches: dict[Path, ObservedWatch] = {}

    @property
    def told_of(self) -> bool:
        """Whether the system tells of changes in every folder that is there."""
        return self._known.keys() == self._watches.keys()

    def there(self) -> list[Source]:
        """The sources whose folder is there, or was deleted from one that is."""
        places = [place for place in self._places if place in self._known]
        return [
            source
            for source in self._sources
            if any(place == _real(source) or place in _real(source).parents for place in places)
        ]

    def look(self) -> None:
        """Listen where a folder appeared; stop listening where one was lost."""
        for place in self._places:
            now = _identity(place)
            if now == self._known.get(place):
                continue
            if (watched := self._watches.pop(place, None)) is not None:
                self._observer.unschedule(watched)
            self._changes.mark()
            if now is None:
                del self._known[place]
                self._notice.once(f"the folder {str(place)!r} is not there any more")
            else:
                self._known[place] = now
                self._listen(place)

    def _listen(self, place: Path) -> None:
        try:
            watched = self._observer.schedule(self._changes, str(place), recursive=True)
            self._watches[place] = watched
        except OSError as error:
            self._notice.once(
                f"the system does not tell of changes in {str(place)!r} ({error.strerror}); it is "
                f"looked through every {UNTOLD_S:.0f} s"
            )

    def close(self) -> None:
        """Stop listening."""
        self._observer.stop()
        self._observer.join()


def _real(source: Source) -> Path:
    return Path(os.path.realpath(absolute(source.folder)))


def _identity(place: Path) -> tuple[int, int] | None:
    try:
        found = place.stat()
    except OSError:
        return None
    return (found.st_dev, found.st_ino) if place.is_dir() else None
