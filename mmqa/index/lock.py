"""One writer at a time, and what it has acknowledged.

Knows: a lock that the kernel drops when its owner dies, so a dead owner never blocks anyone; and
the generation that was committed last, which outlives the owner until all is put away. Refuses to
know: what is written. Readers take no lock.

SQLite ends its log at the first entry whose checksum does not agree, and says nothing: without that
number, a changed byte in the log of a killed writer would undo acknowledged changes in silence.
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
_MOST_BYTES = 4096


class WriterLock:
    """Held from construction until :meth:`release`, or until the process ends in any way.

    Args:
        folder: The index.

    Raises:
        IndexLockedError: A living process holds it; the message names process and host.
        IndexFolderError: The folder cannot be written to.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
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
        self._generation = _generation(_content(self._handle))
        self._sign(pid=os.getpid(), host=socket.gethostname())

    def require_held(self) -> None:
        """Make sure that nobody took the lock away.

        Raises:
            IndexFolderError: Its file is gone or is another one: a second writer may be at work.
        """
        held = os.fstat(self._handle)
        try:
            same = os.path.samestat(held, (self._folder / FILE_NAME).stat())
        except OSError:
            same = False
        if not same:
            raise IndexFolderError(
                self._folder,
                f"{FILE_NAME} of the index {str(self._folder)!r} was taken away while it was held",
                "Nothing was written. Leave that file alone, and try again.",
            )

    def mark(self, generation: int) -> None:
        """Remember what has been committed; a killed process leaves this behind."""
        self._generation = generation
        self._sign(pid=os.getpid(), host=socket.gethostname())

    def settle(self) -> None:
        """All that was committed is put away, where nothing can end it early."""
        self._generation = 0

    def release(self) -> None:
        """Let the next writer in; releasing twice does no harm."""
        if self._handle >= 0:
            self._sign()
            os.close(self._handle)
            self._handle = -1

    def _sign(self, **owner: object) -> None:
        """Name owner and generation; numbers have one width, so that half of one is never read."""
        if self._generation:
            owner["generation"] = f"{self._generation:020d}"
        name = json.dumps(owner).encode() if owner else b""
        with suppress(OSError):  # on a full disk; a lock holds without a name too
            os.pwrite(self._handle, name, 0)
            os.ftruncate(self._handle, len(name))


def acknowledged(folder: Path) -> int:
    """The last generation that a writer acknowledged and did not put away; 0 if there is none."""
    try:
        with (folder / FILE_NAME).open("rb") as file:
            return _generation(file.read(_MOST_BYTES))
    except OSError:
        return 0


def somebody_writes(folder: Path) -> bool:
    """Whether the process that signed the lock may still be there; takes no lock itself."""
    try:
        owner = json.loads((folder / FILE_NAME).read_bytes())
        pid, host = int(owner["pid"]), owner["host"]
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return False
    if host != socket.gethostname():
        return True
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:  # it belongs to somebody else
        return True
    return True


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


def _content(handle: int) -> bytes:
    return os.pread(handle, _MOST_BYTES, 0)


def _owner(handle: int) -> str:
    try:
        owner = json.loads(_content(handle))
        return f"process {owner['pid']} on {owner['host']}"
    except (ValueError, KeyError, TypeError, RecursionError):  # not written by us
        return "another process"


def _generation(content: bytes) -> int:
    try:
        return int(json.loads(content)["generation"])
    except (ValueError, KeyError, TypeError, RecursionError):
        return 0
