"""Errors of the operating system → sentences a person can act on.

Knows: what each way of failing to open a file means. Refuses to know: formats and decoders.
"""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

from mmqa.errors import MediaError

_SENTENCES: dict[int, tuple[str, str]] = {
    errno.ENOENT: ("there is no such file", "Check the path; it may have been moved or deleted."),
    errno.ENOTDIR: ("a folder in its path is a file", "Check the path."),
    errno.EACCES: ("permission to read it is denied", "Change its permissions, then add it again."),
    errno.EPERM: ("permission to read it is denied", "Change its permissions, then add it again."),
    errno.ELOOP: ("it is a symbolic link that leads back to itself", "Remove the link."),
    errno.EISDIR: ("it is a folder, not a file", "Name the files in it."),
    errno.ENAMETOOLONG: ("its name is too long for this system", "Shorten the name."),
    errno.EIO: ("the disk reports an error while reading it", "Check the disk."),
    errno.EMFILE: ("too many files are open", "Close other programs or raise `ulimit -n`."),
    errno.ESTALE: ("its network folder is gone", "Mount the folder again."),
}

_SPECIAL: tuple[tuple[int, str], ...] = (
    (stat.S_IFIFO, "a named pipe"),
    (stat.S_IFSOCK, "a socket"),
    (stat.S_IFCHR, "a device"),
    (stat.S_IFBLK, "a device"),
)


def refusal(path: Path, error: OSError) -> MediaError:
    """The :class:`MediaError` that says why the system would not give ``path``.

    >>> refusal(Path("a.jpg"), FileNotFoundError(2, "No such file")).reason
    'there is no such file. Check the path; it may have been moved or deleted.'
    """
    known = _SENTENCES.get(error.errno or 0)
    if known:
        return MediaError(path, *known)
    detail = error.strerror or str(error) or type(error).__name__
    return MediaError(path, f"it cannot be read ({detail})")


def special(mode: int) -> str:
    """Name of what is neither file nor folder, from ``st_mode``; empty for the ordinary ones.

    >>> special(0o010644)
    'a named pipe'
    """
    kind = stat.S_IFMT(mode)
    return next((name for value, name in _SPECIAL if value == kind), "")


def regular_file(path: Path) -> os.stat_result:
    """``stat`` of ``path`` with links followed.

    Raises:
        MediaError: It is missing, unreachable, a folder, special, or empty. Checked before opening:
            opening a named pipe would wait for ever.
    """
    try:
        found = path.stat()
    except OSError as error:
        raise refusal(path, error) from error
    except ValueError as error:
        raise MediaError(path, f"its name cannot be used ({error})", "Rename it.") from error
    if stat.S_ISDIR(found.st_mode):
        raise MediaError(path, "it is a folder, not a file", "Name the files in it.")
    if name := special(found.st_mode):
        raise MediaError(path, f"it is {name}, not a file")
    if not found.st_size:
        raise MediaError(path, "the file is empty (0 bytes)", "Copy or record it again.")
    return found
