"""What a disk may hold after the power went: replayed from the calls a program made to the kernel.

Knows: that only what was synced is certain. A file's bytes are certain after fsync of the file, its
name after fsync of the folder; all that came later may be there, or not, or in part, sector by
sector. Refuses to know: what is in the files. A file system that promises more is kinder than this.
"""

from __future__ import annotations

import random
import re
from dataclasses import dataclass, field
from pathlib import Path

SECTOR_BYTES = 512
TRACED = (
    "openat,write,pwrite64,ftruncate,fsync,fdatasync,rename,renameat,renameat2,unlink,unlinkat,"
    "mkdir,lseek"
)
_FD = r"(\d+)<([^>]*)>(?:\(deleted\))?"
_TEXT = r'"((?:\\x[0-9a-f]{2})*)"'


@dataclass
class _File:
    """Bytes that are certain, and what was written since: (place, bytes), or (size, None)."""

    certain: bytearray = field(default_factory=bytearray)
    pending: list[tuple[int, bytes | None]] = field(default_factory=list)

    def content(self, rng: random.Random | None, *, whole: bool = False) -> bytearray:
        """All that was written (``whole``), only what is certain, or something between."""
        found = bytearray(self.certain)
        for place, data in self.pending if (whole or rng) else ():
            if data is None:
                if whole or (rng and rng.random() < 0.5):
                    del found[place:]
                    found.extend(bytes(place - len(found)))
                continue
            for start in range(0, len(data), SECTOR_BYTES):
                if whole or (rng and rng.random() < 0.5):
                    piece, at = data[start : start + SECTOR_BYTES], place + start
                    found.extend(bytes(max(0, at + len(piece) - len(found))))
                    found[at : at + len(piece)] = piece
        return found


class Disk:
    """The files below one folder.

    Args:
        root: Calls about other places are passed over.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self._now: dict[str, _File] = {}
        self._certain: dict[str, _File] = {}
        self._names: dict[str, list[tuple[str, _File | None]]] = {}  # folder → entries set since
        self._places: dict[str, int] = {}

    def replay(self, line: str) -> str:
        """Follow one line of strace; returns the text of an acknowledgement, else nothing."""
        call = re.search(r"\b(\w+)\((.*)\)\s+= (-?\d+)", line)
        if call is None or call[3] == "-1":
            return ""
        name, arguments = call[1], call[2]
        if name == "write" and (said := re.match(rf"2<[^>]*>, {_TEXT}", arguments)):
            return _text(said[1]).decode()
        getattr(self, f"_{name}")(arguments, int(call[3]))
        return ""

    def build(self, place: Path, rng: random.Random | None, *, whole: bool = False) -> None:
        """Write to ``place`` what the disk may hold if the power goes now."""
        entries = dict(self._now if whole else self._certain)
        for pending in self._names.values() if rng and not whole else ():
            for path, file in pending[: rng.randint(0, len(pending))]:
                _set(entries, path, file)
        for path, file in entries.items():
            target = place / Path(path).relative_to(self.root)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(file.content(rng, whole=whole))

    # ------------------------------------------------------------------ calls

    def _openat(self, arguments: str, handle: int) -> None:
        found = re.match(rf"[^,]*, {_TEXT}, ([A-Z_|]+)", arguments)
        assert found, arguments
        path, flags = _text(found[1]).decode(), found[2]
        if not self._ours(path) or "O_DIRECTORY" in flags:
            return
        if "O_CREAT" in flags and path not in self._now:
            self._rename_entry(path, _File())
        if "O_TRUNC" in flags:
            self._now[path].pending.append((0, None))
        self._places[path] = 0

    def _write(self, arguments: str, count: int) -> None:
        found = re.match(rf"{_FD}, {_TEXT}", arguments)
        if found and (path := _path(found[2])) in self._now:
            place = self._places.get(path, 0)
            self._now[path].pending.append((place, _text(found[3])[:count]))
            self._places[path] = place + count

    def _pwrite64(self, arguments: str, count: int) -> None:
        found = re.match(rf"{_FD}, {_TEXT}, \d+, (\d+)", arguments)
        if found and (path := _path(found[2])) in self._now:
            self._now[path].pending.append((int(found[4]), _text(found[3])[:count]))

    def _lseek(self, arguments: str, place: int) -> None:
        found = re.match(_FD, arguments)
        if found and (path := _path(found[2])) in self._now:
            self._places[path] = place

    def _ftruncate(self, arguments: str, _: int) -> None:
        found = re.match(rf"{_FD}, (\d+)", arguments)
        if found and (path := _path(found[2])) in self._now:
            self._now[path].pending.append((int(found[3]), None))

    def _fsync(self, arguments: str, _: int) -> None:
        found = re.match(_FD, arguments)
        path = _path(found[2]) if found else ""
        if path in self._now:
            file = self._now[path]
            file.certain, file.pending = file.content(None, whole=True), []
        for name, file_or_none in self._names.pop(path, []):
            _set(self._certain, name, file_or_none)

    _fdatasync = _fsync

    def _rename(self, arguments: str, _: int) -> None:
        old, new = (_text(one).decode() for one in re.findall(_TEXT, arguments))
        if self._ours(new) and old in self._now:
            file = self._now[old]
            self._rename_entry(old, None)
            self._rename_entry(new, file)

    _renameat = _renameat2 = _rename

    def _unlink(self, arguments: str, _: int) -> None:
        (path,) = (_text(one).decode() for one in re.findall(_TEXT, arguments))
        if path in self._now:
            self._rename_entry(path, None)

    _unlinkat = _unlink

    def _mkdir(self, arguments: str, _: int) -> None:
        """Folders are taken as there: only what is in them counts."""

    def _rename_entry(self, path: str, file: _File | None) -> None:
        _set(self._now, path, file)
        self._names.setdefault(str(Path(path).parent), []).append((path, file))

    def _ours(self, path: str) -> bool:
        return path.startswith(f"{self.root}/")


def _set(entries: dict[str, _File], path: str, file: _File | None) -> None:
    if file is None:
        entries.pop(path, None)
    else:
        entries[path] = file


def _text(escaped: str) -> bytes:
    return bytes.fromhex(escaped.replace("\\x", ""))


def _path(shown: str) -> str:
    return _text(shown).decode() if shown.startswith("\\x") else shown
