"""One writer at a time.

Knows: a lock that the kernel drops when its owner dies, so a dead owner never blocks anyone.
Refuses to know: what is written. Readers take no lock.
"""

from __future__ import annotations

import fcntl
import json
import os
import socket
from contextlib import suppress
from pathlib import Path

from mmqa.errors import IndexFolderError, IndexLockedError

FILE_NAME = "writer.lock"


class WriterLock:
    """Held from construction until :meth:`release`, or until the process ends in any way.

    Args:
        folder: The index.

    Raises:
        IndexLockedError: A living process holds it; the message names process and host.
        IndexFolderError: The folder cannot be written to.
    """

    def __init__(self, folder: Path) -> None:
        self._handle = _open(folder)
        try:
            fcntl.flock(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            owner = _owner(self._handle)
            os.close(self._handle)
            raise IndexLockedError(
                folder,
                f"{owner} is writing to the index {str(folder)!r}",
                "Wait until it has finished, then try again; searching works meanwhile.",
            ) from error
        except OSError as error:
            os.close(self._handle)
            raise _refused(folder, error) from error
        with suppress(OSError):  # on a full disk; a lock holds without a name too
            self._sign()

    def release(self) -> None:
        """Let the next writer in; releasing twice does no harm."""
        if self._handle >= 0:
            os.ftruncate(self._handle, 0)
            os.close(self._handle)
            self._handle = -1

    def _sign(self) -> None:
        name = json.dumps({"pid": os.getpid(), "host": socket.gethostname()}).encode()
        os.ftruncate(self._handle, 0)
        os.pwrite(self._handle, name, 0)


def _open(folder: Path) -> int:
    try:
        return os.open(folder / FILE_NAME, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError as error:
        raise _refused(folder, error) from error


def _refused(folder: Path, error: OSError) -> IndexFolderError:
    fact = f"the index {str(folder)!r} cannot be written: {error.strerror}"
    return IndexFolderError(
        folder, fact, "Check that you may write to the folder, or name another one."
    )


def _owner(handle: int) -> str:
    try:
        owner = json.loads(os.pread(handle, 4096, 0))
        return f"process {owner['pid']} on {owner['host']}"
    except (ValueError, KeyError, TypeError, RecursionError):  # not written by us
        return "another process"
