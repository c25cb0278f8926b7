"""Qt resource files, made by hand to the layout that Qt's own compiler writes."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import pytest

from mmqa.corpora import gcompris
from mmqa.corpora.fetch import packages
from mmqa.errors import CorpusError

PICTURE = b"RIFF....WEBP and so on" * 20


def resource_file(files: dict[str, tuple[bytes, int]], version: int = 2) -> bytes:
    """One folder ``gcompris/gcompris/src/activities/game`` with files; flag 1 compresses."""
    folders = ["", *f"{gcompris.ACTIVITIES}game".split("/")]
    names, offsets = b"", []
    for name in [*folders, *files]:
        offsets.append(len(names))
        names += struct.pack(">HI", len(name), 0) + name.encode("utf-16-be")
    data, places = b"", []
    for content, flags in files.values():
        stored = struct.pack(">I", len(content)) + zlib.compress(content) if flags & 1 else content
        places.append(len(data))
        data += struct.pack(">I", len(stored)) + stored
    modified = struct.pack(">Q", 0) if version >= 2 else b""
    tree = b""
    for place in range(len(folders)):
        last = place == len(folders) - 1
        count = len(files) if last else 1
        tree += struct.pack(">IHII", offsets[place], 2, count, place + 1) + modified
    for place, (_, flags) in enumerate(files.values()):
        at = offsets[len(folders) + place]
        tree += struct.pack(">IHHHI", at, flags, 0, 0, places[place]) + modified
    base = 20 + len(tree)
    head = struct.pack(">4s4I", b"qres", version, 20, base, base + len(data))
    return head + tree + data + names


@pytest.mark.parametrize("version", [1, 2])
def test_stored_and_compressed_files_come_out_as_they_went_in(version: int) -> None:
    made = resource_file({"a.webp": (PICTURE, 0), "bär.png": (PICTURE * 2, 1)}, version)
    found = dict(gcompris.entries(made))
    prefix = f"{gcompris.ACTIVITIES}game"
    assert found == {f"{prefix}/a.webp": PICTURE, f"{prefix}/bär.png": PICTURE * 2}


def test_something_else_and_a_damaged_file_are_refused() -> None:
    with pytest.raises(CorpusError, match="no Qt resource file"):
        list(gcompris.entries(b"PK\x03\x04" + bytes(40)))
    with pytest.raises(CorpusError, match="damaged"):
        list(gcompris.entries(resource_file({"a.webp": (PICTURE, 1)})[:60]))


def test_pictures_are_unpacked_once_and_nothing_else_is(tmp_path: Path) -> None:
    package = packages()["gcompris"]
    source = tmp_path / f"gcompris-{package.sha256[:12]}" / gcompris.RESOURCES
    source.mkdir(parents=True)
    files = {"a.webp": (PICTURE, 0), "b.qml": (b"import QtQuick", 1)}
    (source / "game.rcc").write_bytes(resource_file(files))
    root = gcompris.load(tmp_path)
    assert [p.relative_to(root).as_posix() for p in root.rglob("*.*")] == ["game/a.webp"]
    (source / "game.rcc").unlink()
    assert (gcompris.load(tmp_path) / "game/a.webp").read_bytes() == PICTURE
