"""Files and folders → the files in them, in a stable order.

Knows: what to walk, what to pass over, what to refuse. Refuses to know: what is inside a file.

Hidden files, version-control folders, system litter and caption sidecars found while walking are
passed over; a path that the caller names is taken at its word. Nothing found makes a walk fail:
what cannot be given is a refusal with a sentence.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from mmqa.media.refusals import refusal, special
from mmqa.media.sidecar import is_sidecar

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


@dataclass(frozen=True, slots=True)
class Refused:
    """A path that cannot be read.

    Attributes:
        path: Absolute, as it was found.
        reason: Why, as :attr:`mmqa.errors.MediaError.reason` has it.
    """

    path: Path
    reason: str


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
    named = [_absolute(path) for path in paths]
    walk = _Walk(set(named))
    for path in named:
        if not walk.is_named_sidecar(path):
            yield from walk.visit(path, ())


def _absolute(path: Path) -> Path:
    try:
        expanded = Path(path).expanduser()
    except RuntimeError:  # "~name" of nobody: then it is a file of that name
        expanded = Path(path)
    return Path.cwd() / expanded


class _Walk:
    """One walk: remembers what was given, so that nothing is given twice."""

    def __init__(self, named: set[Path]) -> None:
        self.named = named
        self.given: set[Path] = set()

    def is_named_sidecar(self, path: Path) -> bool:
        """Whether the file that ``path`` captions was named beside it, as ``*`` in a shell does."""
        siblings = {other.name for other in self.named if other.parent == path.parent}
        return is_sidecar(path, siblings)

    def visit(self, path: Path, above: tuple[Path, ...]) -> Iterator[Found]:
        """Give what lies at ``path``; ``above`` are the resolved folders that led here."""
        try:
            real = path.resolve(strict=True)
            mode = real.stat().st_mode
        except (OSError, RuntimeError, ValueError) as error:
            yield _refused(path, error)
            return
        if stat.S_ISDIR(mode):
            yield from self._visit_folder(path, real, above)
        elif name := special(mode):
            yield Refused(path, f"it is {name}, not a file")
        elif real not in self.given:
            self.given.add(real)
            yield real

    def _visit_folder(self, path: Path, real: Path, above: tuple[Path, ...]) -> Iterator[Found]:
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
            yield _refused(path, error)
            return
        names = {entry.name for entry in listed}
        for entry in listed:
            child = real / entry.name
            if not _passed_over(entry.name) and not is_sidecar(child, names):
                yield from self.visit(child, (*above, real))


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:
        return False


def _passed_over(name: str) -> bool:
    return name.startswith(".") or name.lower() in JUNK


def _refused(path: Path, error: Exception) -> Refused:
    if isinstance(error, FileNotFoundError) and path.is_symlink():
        return Refused(path, "it is a symbolic link to a file that does not exist")
    if isinstance(error, OSError):
        return Refused(path, refusal(path, error).reason)
    if isinstance(error, RuntimeError):  # how Python before 3.13 reports links in a circle
        return Refused(path, refusal(path, OSError(errno.ELOOP, str(error))).reason)
    return Refused(path, f"it cannot be read ({error})")
