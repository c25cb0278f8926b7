"""Files and folders → the files in them, in a stable order.

Knows: what to walk, what to pass over, what to refuse. Refuses to know: what is inside a file.

Hidden files, version-control folders, system litter, captions and transcripts beside files, and
folders that are indexes of ours found while walking are passed over; a path that the caller names
is taken at its word.
Nothing found makes a walk fail: what cannot be given is a refusal with a sentence.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from mmqa.media.globs import matcher
from mmqa.media.refusals import refusal, special
from mmqa.media.sidecar import is_sidecar, told_by
from mmqa.records import Source

JUNK = frozenset(
    {
        "__macosx",
        "__pycache__",
        "$recycle.bin",
        "system volume information",
        "lost+found",
        "node_modules",
        "thumbs.db",
        "ehthumbs.db",
        "desktop.ini",
        "@eadir",
    }
)
"""Names, lower case, that no person put there; names with a leading dot are hidden anyway."""

INDEX_MARK = "catalogue.sqlite"
"""A folder with this file is an index: its thumbnails are no pictures of anybody's."""


@dataclass(frozen=True, slots=True)
class Refused:
    """A path that cannot be read.

    Attributes:
        path: Absolute, as it was found.
        reason: Why, as :attr:`mmqa.errors.MediaError.reason` has it.
    """

    path: Path
    reason: str


_NOTHING_THERE = frozenset({errno.ENOENT, errno.ENOTDIR, errno.ELOOP})

Found: TypeAlias = Path | Refused
"""A file to read, as an absolute path with symbolic links resolved, or a refusal."""


def scan(paths: Iterable[Path]) -> Iterator[Found]:
    """Walk files and folders, lazily.

    Args:
        paths: Files and folders; ``~`` is expanded. Each is walked in the order given, folders
            depth first by name, files before folders.

    Yields:
        Every file once, however many names lead to it, and every refusal.
    """
    named = [absolute(path) for path in paths]
    walk = _Walk(set(named))
    for path in named:
        if not walk.is_named_sidecar(path):
            yield from walk.visit(path, (), "")


@dataclass(frozen=True, slots=True)
class Survey:
    """All that some folders hold.

    Attributes:
        files: Every file once, as :func:`scan` gives them.
        refused: What cannot be given, and why.
        folders: The folders that were walked, links resolved: those that were named, and those
            that links in them lead to. What lies below one of them is known.
        unread: Resolved paths of what could not be looked into: of what lies there nothing is
            known.
        captioned: Files that have a caption or a transcript in a text file beside them.
    """

    files: tuple[Path, ...]
    refused: tuple[Refused, ...]
    folders: tuple[Path, ...]
    unread: tuple[Path, ...]
    captioned: frozenset[Path]


def survey(sources: Iterable[Source]) -> Survey:
    """Walk folders to the end.

    A file belongs to it when the globs of any source choose it.
    """
    files: dict[Path, None] = {}
    refused: dict[Refused, None] = {}
    folders: dict[Path, None] = {}
    unread: dict[Path, None] = {}
    captioned: set[Path] = set()
    for source in sources:
        folder = absolute(source.folder)
        walk = _Walk({folder}, _chosen(source))
        for found in walk.visit(folder, (), ""):
            if isinstance(found, Refused):
                refused[found] = None
            else:
                files[found] = None
        folders |= dict.fromkeys(walk.roots)
        unread |= dict.fromkeys(walk.unread)
        captioned |= walk.captioned
    return Survey(tuple(files), tuple(refused), tuple(folders), tuple(unread), frozenset(captioned))


def _chosen(source: Source) -> Callable[[str], bool]:
    include, exclude = matcher(source.include), matcher(source.exclude)
    return lambda inside: include(inside) and not exclude(inside)


def absolute(path: Path) -> Path:
    """``path`` seen from the working folder, ``~`` expanded, links left as they are."""
    try:
        expanded = Path(path).expanduser()
    except RuntimeError:  # "~name" of nobody: then it is a file of that name
        expanded = Path(path)
    return Path.cwd() / expanded


class _Walk:
    """One walk: remembers what was given, so that nothing is given twice.

    Args:
        named: The paths that the caller named.
        chosen: Whether a file is wanted, by its path below the folder that was named.
    """

    def __init__(self, named: set[Path], chosen: Callable[[str], bool] = lambda _: True) -> None:
        self.named = named
        self.chosen = chosen
        self.given: set[Path] = set()
        self.roots: list[Path] = []
        self.unread: list[Path] = []
        self.captioned: set[Path] = set()

    def is_named_sidecar(self, path: Path) -> bool:
        """Whether the file that ``path`` is about was named beside it, as ``*`` in a shell does."""
        siblings = {other.name for other in self.named if other.parent == path.parent}
        return is_sidecar(path, siblings)

    def visit(self, path: Path, above: tuple[Path, ...], inside: str) -> Iterator[Found]:
        """Give what lies at ``path``, links followed.

        Args:
            path: Named by the caller, or a link.
            above: The resolved folders that led here.
            inside: The path below the one that was named, with ``/``.
        """
        try:
            real = path.resolve(strict=True)
            mode = real.stat().st_mode
        except (OSError, RuntimeError, ValueError) as error:
            if isinstance(error, OSError) and error.errno not in _NOTHING_THERE:
                self.unread.append(path.resolve())
            yield _refused(path, error)
            return
        if stat.S_ISDIR(mode):
            self.roots.append(real)
            yield from self._visit_folder(path, real, above, inside)
        elif name := special(mode):
            yield Refused(path, f"it is {name}, not a file")
        else:
            yield from self._give(real, inside)

    def _visit_folder(
        self, path: Path, real: Path, above: tuple[Path, ...], inside: str
    ) -> Iterator[Found]:
        if real in above:
            yield Refused(path, "it is a symbolic link that leads back to a folder around it")
            return
        if real in self.given:
            return
        self.given.add(real)
        try:
            with os.scandir(real) as entries:
                listed = sorted(entries, key=lambda entry: (_is_folder(entry), entry.name))
        except OSError as error:
            if error.errno not in _NOTHING_THERE:
                self.unread.append(real)
            yield _refused(path, error)
            return
        names = {entry.name for entry in listed}
        if above and INDEX_MARK in names:
            return
        for entry in listed:
            child = real / entry.name
            if passed_over(entry.name):
                continue
            if is_sidecar(child, names):
                self.captioned.update(real / name for name in told_by(child, names))
            else:
                below = f"{inside}/{entry.name}" if inside else entry.name
                yield from self._visit_entry(entry, child, (*above, real), below)

    def _visit_entry(
        self, entry: os.DirEntry[str], child: Path, above: tuple[Path, ...], inside: str
    ) -> Iterator[Found]:
        """What is no link needs neither ``stat`` nor ``resolve``: its folder has been resolved."""
        if entry.is_symlink():
            yield from self.visit(child, above, inside)
        elif _is_folder(entry):
            yield from self._visit_folder(child, child, above, inside)
        elif _is_file(entry):
            yield from self._give(child, inside)
        else:
            yield from self.visit(child, above, inside)

    def _give(self, real: Path, inside: str) -> Iterator[Found]:
        if real not in self.given and (not inside or self.chosen(inside)):
            self.given.add(real)
            yield real


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:
        return False


def _is_file(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_file()
    except OSError:
        return False


def passed_over(name: str) -> bool:
    """Whether a walk passes over what has this name: hidden, or litter of some system."""
    return name.startswith(".") or name.lower() in JUNK


def _refused(path: Path, error: Exception) -> Refused:
    if isinstance(error, FileNotFoundError) and path.is_symlink():
        return Refused(path, "it is a symbolic link to a file that does not exist")
    if isinstance(error, OSError):
        return Refused(path, refusal(path, error).reason)
    if isinstance(error, RuntimeError):  # how Python before 3.13 reports links in a circle
        return Refused(path, refusal(path, OSError(errno.ELOOP, str(error))).reason)
    return Refused(path, f"it cannot be read ({error})")
