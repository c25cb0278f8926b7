"""An index of other models, made anew beside the old one and put in its place.

Knows: where the new one grows, what is taken over into it, and how two folders change places.
Refuses to know: recipes, and how files become part of an index.

At every moment there is a whole index at the place. The new one grows in a hidden folder beside it,
so a build that was interrupted goes on where it was; the old one cannot be written to meanwhile and
is deleted last. Where the system cannot exchange two folders, there is no index for a moment, and
the next build puts the new one there.
"""

from __future__ import annotations

import ctypes
import errno
import json
import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from mmqa import Library
from mmqa.config import Config
from mmqa.document_entries import document_id
from mmqa.errors import IndexFolderError, IndexMismatchError, IndexMissingError
from mmqa.index.catalogue import Catalogue
from mmqa.index.files import sync_folder
from mmqa.index.lock import WriterLock
from mmqa.index.store import IndexStore
from mmqa.records import MediaItem
from mmqa.sync import is_hidden

_AT_FDCWD, _RENAME_EXCHANGE = -100, 2


def beside(index: Path) -> Path:
    """Where the new index grows.

    >>> beside(Path("indexes/trip")).as_posix()
    'indexes/.trip.new'
    """
    return index.with_name(f".{index.name}.new")


def is_outdated(index: Path, settings: Config) -> bool:
    """Whether an index is there and was made by other models than ``settings`` name.

    Raises:
        IndexMismatchError: A newer mmqa made it; that is no reason to make it anew.
        IndexDamagedError: It cannot be read.
    """
    if not IndexStore.exists(index):
        return False
    IndexStore.stored_identity(index)
    return _is_of_others(index, settings)


def _is_of_others(index: Path, settings: Config) -> bool:
    try:
        Library.open(index, create=False, config=settings).close()
    except IndexMismatchError:
        return True
    return False


def tidy(index: Path, settings: Config) -> None:
    """Put right what an interrupted build left, but for a new index that can still grow."""
    new, aside = beside(index), _aside(index)
    if not IndexStore.exists(index) and IndexStore.exists(new):
        new.rename(index)  # it was to be put there when the system failed
    if new.exists() and not is_outdated(index, settings):
        shutil.rmtree(new)  # the old one, after they changed places
    if aside.exists() and IndexStore.exists(index):
        shutil.rmtree(aside)


def _aside(index: Path) -> Path:
    return index.with_name(f".{index.name}.old")


@dataclass(frozen=True, slots=True)
class Renewal:
    """A new index while it grows.

    Attributes:
        old: The index that is there.
        new: Where the new one grows.
    """

    old: Path
    new: Path

    def files_outside(self, folders: Iterable[Path]) -> list[Path]:
        """Files of the old index that a sync of the folders would leave alone."""
        inside = [Path(os.path.realpath(folder)) for folder in folders]
        with closing(Catalogue(self.old)) as catalogue:
            paths = [item.path for item in catalogue.items() if item.path.is_absolute()]
        return [
            path
            for path in paths
            if not any(folder in path.parents for folder in inside)
            or (is_hidden(path, inside) and path.exists())
        ]

    def take_over(self, library: Library) -> None:
        """Tags of files and documents, and the documents themselves, which lie nowhere else."""
        with closing(Catalogue(self.old)) as catalogue:
            items = catalogue.items()
            _add_documents(catalogue, items, library)
        there = {item.path for item in library.items()}
        by_tags: dict[tuple[str, ...], list[Path]] = {}
        for item in items:
            if item.tags and item.path in there:
                by_tags.setdefault(item.tags, []).append(item.path)
        for tags, paths in by_tags.items():
            library.tag(paths, add=tags)


def _add_documents(catalogue: Catalogue, items: Iterable[MediaItem], library: Library) -> None:
    named = [(document_id(item.path), item) for item in items]
    documents = [(name, item) for name, item in named if name is not None]
    if documents:
        library.as_vectorstore().add_texts(
            [catalogue.item_segments(item.path)[0].text.passage for _, item in documents],
            [json.loads(item.metadata or "{}") for _, item in documents],
            ids=[name for name, _ in documents],
        )


@contextmanager
def renewed(index: Path, settings: Config) -> Iterator[Renewal]:
    """Let a new index grow in the block; when it ends well, the new one takes the place.

    Raises:
        IndexLockedError: Another process is writing to the old index.
        IndexFolderError: The folders cannot change places; the old index is where it was.
    """
    new = beside(index)
    lock = WriterLock(index)
    try:
        if new.exists() and (not IndexStore.exists(new) or _is_unusable(new, settings)):
            shutil.rmtree(new)
        yield Renewal(index, new)
        exchange(index, new)
    finally:
        lock.release()
    shutil.rmtree(new)


def _is_unusable(index: Path, settings: Config) -> bool:
    try:
        return _is_of_others(index, settings)
    except (IndexFolderError, IndexMissingError):
        return True


def exchange(one: Path, other: Path) -> None:
    """Let two folders change places, at once where the system can (Linux 3.15).

    Raises:
        IndexFolderError: They cannot.
    """
    try:
        if not _exchanged(one, other):
            aside = _aside(one)
            one.rename(aside)
            other.rename(one)
            aside.rename(other)
        sync_folder(one.parent)
    except OSError as error:
        raise IndexFolderError(
            one,
            f"{str(other)!r} cannot take the place of {str(one)!r}: {error.strerror}",
            "Check that you may write to the folder around them, then build again.",
        ) from error


def _exchanged(one: Path, other: Path) -> bool:
    rename = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    if rename is None:
        return False
    names = (os.fsencode(one), os.fsencode(other))
    if rename(_AT_FDCWD, names[0], _AT_FDCWD, names[1], _RENAME_EXCHANGE) == 0:
        return True
    number = ctypes.get_errno()
    if number in (errno.ENOSYS, errno.EINVAL, errno.ENOTSUP):
        return False
    raise OSError(number, os.strerror(number))
