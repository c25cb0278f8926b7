"""Checksums of the catalogue as a whole, from one writer's end to the next one's beginning.

Knows: how a file at rest becomes a list of checksums, and when they may be believed. Refuses to
know: what is in the file.

Rows carry checksums of their own (``mmqa.index.digests``), but SQLite's pages, its indexes and the
index of words do not: a flipped bit there would make a row impossible to find, in silence. A writer
that ends in order puts the log away and seals the file; the next writer takes the seal off before
it changes anything. Without a seal (a writer is at work, or was killed) nothing is compared.
"""

from __future__ import annotations

import errno
import json
import os
import subprocess
from functools import partial
from pathlib import Path
from zlib import crc32

from mmqa.index import schema
from mmqa.index.files import sync_folder, write_durably

FILE_NAME = "catalogue.seal"
PIECE_BYTES = 65_536


def put_on(folder: Path) -> None:
    """Seal the catalogue; its log must be empty, and no writer may follow before it is taken off.

    Raises:
        OSError: The disk refused it; there is no seal then.
    """
    path = folder / schema.FILE_NAME
    content = {
        "size_bytes": path.stat().st_size,
        "piece_bytes": PIECE_BYTES,
        "crc32": _checksums(path, PIECE_BYTES),
    }
    write_durably(folder / FILE_NAME, _signed(content))


def take_off(folder: Path) -> None:
    """Before the first change; durable, so that an old seal never comes back after a power cut."""
    path = folder / FILE_NAME
    if path.exists():
        path.unlink()
        sync_folder(folder)


def damage(folder: Path) -> str:
    """Where the catalogue is not as it was sealed, as a phrase; empty if it is, or has no seal."""
    sealed = _read(folder)
    if sealed is None:
        return ""
    found = _differences(folder, sealed)
    if found and _read(folder) != sealed:
        return ""  # a writer began meanwhile: what was compared is not what was sealed
    return found


def is_on(folder: Path) -> bool:
    """Whether there is a seal that can be read."""
    return _read(folder) is not None


def is_broken(folder: Path) -> bool:
    """Whether there is a seal that cannot be read itself."""
    return (folder / FILE_NAME).exists() and _read(folder) is None


def _differences(folder: Path, sealed: dict[str, object]) -> str:
    path = folder / schema.FILE_NAME
    if path.stat().st_size != sealed["size_bytes"]:
        return f"it has {path.stat().st_size} bytes, not {sealed['size_bytes']}"
    size, expected = int(str(sealed["piece_bytes"])), sealed["crc32"]
    assert isinstance(expected, list)
    found = zip(_checksums(path, size), expected, strict=True)
    places = [place * size for place, (is_, was) in enumerate(found) if is_ != was]
    if not places:
        return ""
    more = f" and {len(places) - 1} other places" if len(places) > 1 else ""
    return f"bytes were changed between {places[0]} and {places[0] + size}{more}"


def _checksums(path: Path, piece_bytes: int) -> list[int]:
    """Of each piece of the file, which another process reads.

    Were it opened here, closing it would drop all locks that SQLite holds on it in this process
    (POSIX locks belong to a process; https://sqlite.org/howtocorrupt.html, §2.2). Another process
    would then take itself for the last one and delete the log under this one: commits are lost.
    """
    command = ["cat", "--", os.fspath(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as reading:  # noqa: S603
        assert reading.stdout is not None
        found = [crc32(piece) for piece in iter(partial(reading.stdout.read, piece_bytes), b"")]
        _, said = reading.communicate()
    if reading.returncode:
        raise OSError(errno.EIO, said.decode(errors="replace").strip(), os.fspath(path))
    return found


def _signed(content: dict[str, object]) -> bytes:
    body = json.dumps(content)
    return f"{crc32(body.encode())}\n{body}\n".encode()


def _read(folder: Path) -> dict[str, object] | None:
    try:
        signature, _, body = (folder / FILE_NAME).read_bytes().partition(b"\n")
    except FileNotFoundError:
        return None
    if signature != str(crc32(body.rstrip(b"\n"))).encode():
        return None
    found: dict[str, object] = json.loads(body)
    return found
