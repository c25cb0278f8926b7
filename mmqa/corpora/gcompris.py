"""The pictures of GCompris, which its package keeps in Qt resource files.

Knows: how a Qt resource file (``.rcc``, ``qres``) is laid out. Refuses to know: which of the
pictures are photographs, and what they are used for.

Layout (Qt 5, ``rcc.cpp``): ``qres``, then big-endian version and the offsets of tree, data and
names. A node is (name, flags, …): a folder has a count and its first child, a file its offset in
the data, where four bytes of length come first. Flag 1 means zlib, 2 a folder, 4 Zstandard.
"""

from __future__ import annotations

import struct
import tempfile
import zlib
from collections.abc import Iterator
from pathlib import Path

from mmqa.corpora.fetch import default_folder, fetch, packages
from mmqa.errors import CorpusError
from mmqa.interfaces import Progress

RESOURCES = "usr/share/gcompris-qt/rcc"
ACTIVITIES = "gcompris/gcompris/src/activities/"
"""Where the files of each game start within its resource file."""

_ZLIB, _FOLDER, _ZSTD = 1, 2, 4
_PICTURES = (".webp", ".png", ".jpg", ".jpeg")


def load(folder: Path | None = None, *, progress: Progress | None = None) -> Path:
    """The folder of all pictures, ``GAME/resource/…``; fetched and unpacked first where needed.

    Raises:
        CorpusError: The package cannot be fetched, or a resource file is not as expected.
    """
    root = folder or default_folder()
    digest = packages()["gcompris"].sha256[:12]
    target = root / f"gcompris-{digest}-pictures"
    if target.is_dir():
        return target
    source = fetch("gcompris", folder=folder, progress=progress) / RESOURCES
    with tempfile.TemporaryDirectory(dir=root, prefix=".unpack-") as part:
        content = Path(part) / "content"
        for file in sorted(source.glob("*.rcc")):
            _unpack(file, content)
        content.rename(target)
    return target


def entries(data: bytes) -> Iterator[tuple[str, bytes]]:
    """(path, bytes) of the files in a resource file, but those in Zstandard.

    Raises:
        CorpusError: It is no resource file, or is cut short.
    """
    try:
        magic, version, tree, base, names = struct.unpack(">4s4I", data[:20])
        if magic != b"qres":
            raise CorpusError("it is no Qt resource file", "Fetch the package again.")
        yield from _walk(data, (tree, base, names, 22 if version >= 2 else 14), 0, "")
    except (struct.error, zlib.error, UnicodeDecodeError) as error:
        raise CorpusError(f"the Qt resource file is damaged: {error}", "Fetch it again.") from error


def _walk(
    data: bytes, layout: tuple[int, int, int, int], node: int, path: str
) -> Iterator[tuple[str, bytes]]:
    tree, base, names, size = layout
    place = tree + node * size
    name_at, flags, first, second = struct.unpack(">IHII", data[place : place + 14])
    (length,) = struct.unpack(">H", data[names + name_at : names + name_at + 2])
    start = names + name_at + 6  # after the length comes a hash
    name = data[start : start + 2 * length].decode("utf-16-be")
    here = f"{path}/{name}" if path else name
    if flags & _FOLDER:
        for child in range(second, second + first):
            yield from _walk(data, layout, child, here)
    elif not flags & _ZSTD:
        yield here, _content(data, base + second, flags)


def _content(data: bytes, place: int, flags: int) -> bytes:
    (length,) = struct.unpack(">I", data[place : place + 4])
    content = data[place + 4 : place + 4 + length]
    return zlib.decompress(content[4:]) if flags & _ZLIB else content


def _unpack(file: Path, target: Path) -> None:
    for path, content in entries(file.read_bytes()):
        kept = path.removeprefix(ACTIVITIES)
        if kept == path or not path.lower().endswith(_PICTURES) or ".." in path:
            continue
        place = target / kept
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content)
