"""The index made equal to some folders: what they hold now against what the index holds of them.

Knows: what is new, changed, moved, gone or left in peace, and when a folder is better not believed.
Refuses to know: how a file becomes part of an index, and who asks for it.

Below the folders the index ends up with what adding them to an empty index would give. What lies
elsewhere stays, and so do

- files that are there but cannot be read now: they are refused, and what the index holds of them
  is kept, as it is of all that lies in a folder that cannot be opened;
- hidden files that were once added by name, as long as they are there.

A folder that is not there, or is suddenly empty, is an error: a drive may not be mounted. Its files
are forgotten by ``remove`` only, unless it lies in a folder that is synced as well.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Protocol

from mmqa.describing import lacking
from mmqa.errors import FolderMissingError, MediaError, UsageError
from mmqa.index.store import IndexStore
from mmqa.ingest import Ingest, OnEvent
from mmqa.interfaces import Cancelled, Progress
from mmqa.media.reader import FileReader
from mmqa.media.scan import Found, Survey, absolute, passed_over, survey
from mmqa.media.sidecar import FLAGS
from mmqa.moves import Moves
from mmqa.preparing import Stages
from mmqa.reading import same_beside, same_file
from mmqa.records import AddEvent, MediaItem, Segment, Source, SyncReport


class Held(Protocol):
    """What an index holds; an :class:`IndexStore` does."""

    def items_below(self, folder: Path) -> Sequence[MediaItem]:
        """The files in and below a folder."""
        ...

    def item_segments(self, path: Path) -> Sequence[Segment]:
        """The segments of a file."""
        ...


class Nothing:
    """What is held where there is no index yet."""

    def items_below(self, folder: Path) -> Sequence[MediaItem]:
        """None."""
        return ()

    def item_segments(self, path: Path) -> Sequence[Segment]:
        """None."""
        return ()


@dataclass(frozen=True, slots=True)
class Comparison:
    """Some folders against an index.

    Attributes:
        unchanged: Files that the index holds as they are.
        fresh: New or changed files, and refusals of what cannot be looked at.
        gone: Files of the index that the folders no longer hold.
    """

    unchanged: tuple[MediaItem, ...]
    fresh: tuple[Found, ...]
    gone: tuple[MediaItem, ...]


def sync(
    store: IndexStore,
    stages: Stages,
    sources: Iterable[Source],
    on_event: OnEvent | None = None,
    cancelled: Cancelled | None = None,
    *,
    on_progress: Progress | None = None,
) -> SyncReport:
    """Make the index equal to the folders; see the module.

    Files are forgotten last, and not at all where the run was cancelled: until every file has been
    looked at, one that is gone may be one that was moved.

    Args:
        store: The index, open for writing.
        stages: What reads and encodes new files.
        sources: The folders.
        on_event: Told of each file, only once it is durable.
        cancelled: Asked between files; what was done by then stays.
        on_progress: Told as FAISS files are written.

    Raises:
        UsageError: A folder is not there, or no folder, or empty while the index holds files of it.
    """
    started_s = time.monotonic()
    compared = compare(store, sources, partial(lacking, stages.describing, store))
    gone = Moves(compared.gone)
    ingest = Ingest(store, stages, on_event, cancelled, gone=gone, on_progress=on_progress)
    ingest.counts.total = len(compared.unchanged)
    with ingest.finishing():
        ingest.leave(compared.unchanged)
        ingest.take_in(compared.fresh)
        if not ingest.stopped:
            ingest.forget([*gone, *_vanished_meanwhile(store, ingest.counts.failed)])
    counts = ingest.counts
    return SyncReport(
        added=counts.added,
        unchanged=counts.unchanged,
        removed=counts.removed,
        moved=counts.moved,
        failed=tuple(counts.failed),
        segments=counts.segments,
        seconds=time.monotonic() - started_s,
    )


def preview(
    held: Held,
    reader: FileReader,
    sources: Iterable[Source],
    on_event: OnEvent | None = None,
) -> SyncReport:
    """What :func:`sync` would do; nothing is read but the bytes of files that may have been moved.

    Files that would be refused for what is in them count as added: that shows at decoding only.

    Raises:
        UsageError: As :func:`sync`.
    """
    compared = compare(held, sources)
    moves, told = Moves(compared.gone), _Told(on_event)
    for item in compared.unchanged:
        told.of(AddEvent("unchanged", item.path))
    sizes = {item.size_bytes for item in moves}
    for found in compared.fresh:
        told.of(_foreseen(found, moves, sizes, reader))
    for item in moves:
        told.of(AddEvent("removed", item.path))
    return told.report()


def compare(
    held: Held, sources: Iterable[Source], again: Callable[[MediaItem], bool] = lambda _: False
) -> Comparison:
    """Walk the folders and compare.

    Args:
        held: What the index holds.
        sources: The folders.
        again: Whether a file that did not change is to be read all the same.

    Raises:
        UsageError: A folder is not there, or no folder, or empty while the index holds files of it.
    """
    there = _believable(held, list(sources))
    found = survey(there)
    folders = dict.fromkeys([*found.folders, *map(_as_named, there)])
    known = {item.path: item for folder in folders for item in held.items_below(folder)}
    unchanged, fresh = [], list[Found](found.refused)
    for path in found.files:
        item = known.pop(path, None)
        if item is not None and _same(path, item, found, held) and not again(item):
            unchanged.append(item)
        else:
            fresh.append(path)
    refused = {refusal.path for refusal in found.refused}
    gone = [item for item in known.values() if not _kept(item.path, found, refused)]
    return Comparison(tuple(unchanged), tuple(fresh), tuple(gone))


def _same(path: Path, item: MediaItem, found: Survey, held: Held) -> bool:
    """What lies beside it is looked at only where the walk saw something, or something was."""
    if not same_file(path, item):
        return False
    if path in found.captioned or not FLAGS.isdisjoint(item.flags):
        return same_beside(path, item, held.item_segments)
    return True


# --------------------------------------------------------------------------- what is believed


def _believable(held: Held, sources: list[Source]) -> list[Source]:
    """The sources that are there; one that is not, within another one, has simply been deleted."""
    if not sources:
        raise UsageError("no folder was named", "Name one: mmqa sync FOLDER.")
    folders = [Path(os.path.realpath(absolute(source.folder))) for source in sources]
    there = []
    for source, folder in zip(sources, folders, strict=True):
        inside = any(other in folder.parents for other in folders if other.is_dir())
        if folder.is_dir():
            if not inside:
                _require_not_emptied(held, folder, _as_named(source))
            there.append(source)
        elif os.path.lexists(folder):
            raise UsageError(f"{str(folder)!r} is no folder", "Add a single file with mmqa add.")
        elif not inside:
            raise FolderMissingError(
                folder,
                f"the folder {str(folder)!r} is not there",
                "Mount or restore it. If it is gone for good, forget what the index holds of it: "
                "mmqa remove FOLDER.",
            )
    return there


def _as_named(source: Source) -> Path:
    """The folder with its links: it may have been a real one when its files were added."""
    return Path(os.path.abspath(absolute(source.folder)))  # noqa: PTH100  # resolves no link


def _require_not_emptied(held: Held, folder: Path, as_named: Path) -> None:
    """The folder that a drive was mounted on stays behind, empty."""
    try:
        with os.scandir(folder) as entries:
            if next(entries, None) is not None:
                return
    except OSError:
        return  # it cannot be opened: the walk says so, and nothing of it is forgotten
    if count := sum(len(held.items_below(place)) for place in {folder, as_named}):
        raise FolderMissingError(
            folder,
            f"the folder {str(folder)!r} is empty, but the index holds {count} files of it",
            "Mount the drive. If the files are gone for good, forget them: mmqa remove FOLDER.",
        )


def _kept(path: Path, found: Survey, refused: set[Path]) -> bool:
    """Whether a file that the walk did not give is to stay in the index all the same."""
    if path in refused or any(place == path or place in path.parents for place in found.unread):
        return True
    return is_hidden(path, found.folders) and os.path.lexists(path)


def is_hidden(path: Path, folders: Iterable[Path]) -> bool:
    """Whether a walk of one of the folders passes over a path because of a name in it."""
    return any(
        passed_over(name)
        for folder in folders
        if folder in path.parents
        for name in path.relative_to(folder).parts
    )


def _vanished_meanwhile(
    store: IndexStore, failed: Iterable[tuple[Path, str]]
) -> Iterator[MediaItem]:
    """Files that were there when the folder was walked and gone when they were to be read."""
    for path, _ in failed:
        item = store.known(path)
        if item is not None and not os.path.lexists(path) and path.parent.is_dir():
            yield item


# --------------------------------------------------------------------------- what would be done


def _foreseen(found: Found, moves: Moves, sizes: set[int], reader: FileReader) -> AddEvent:
    if not isinstance(found, Path):
        return AddEvent("refused", found.path, reason=found.reason)
    try:
        before = None
        if found.stat().st_size in sizes:
            before = moves.take(found, reader.describe(found)[0])
    except MediaError as error:
        return AddEvent("refused", found, reason=error.reason)
    except OSError as error:
        return AddEvent("refused", found, reason=str(error.strerror))
    return AddEvent("moved", found, was=before.path) if before else AddEvent("added", found)


class _Told:
    """Counts events as they are passed on."""

    def __init__(self, on_event: OnEvent | None) -> None:
        self._tell = on_event or (lambda _event: None)
        self._events: list[AddEvent] = []

    def of(self, event: AddEvent) -> None:
        """Count one and pass it on."""
        self._events.append(event)
        self._tell(event)

    def report(self) -> SyncReport:
        """What the events come to."""
        names = [event.event for event in self._events]
        failed = tuple((e.path, e.reason) for e in self._events if e.event == "refused")
        added, unchanged = names.count("added"), names.count("unchanged")
        return SyncReport(added, unchanged, names.count("removed"), names.count("moved"), failed)
