"""``status`` and ``verify``: what an index holds, and whether it is sound.

Knows: what they print and their exit codes. Refuses to know: how anything is counted or checked.
"""

from __future__ import annotations

from argparse import Namespace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from mmqa.commands.output import printable, settings, talk, write_json, write_line
from mmqa.errors import IndexDamagedError
from mmqa.library import Library
from mmqa.records import FaissFile, MediaItem, Status

UNITS = ("B", "kB", "MB", "GB", "TB")
NAMED = 5
"""Missing files that are named to a person; JSON names all."""


def status(options: Namespace) -> int:
    """What an index holds, and with ``--items`` every file."""
    with Library.open(config=settings(options), create=False) as library:
        found = library.status()
        items = library.items() if options.items else ()
    if options.json:
        facts = status_json(found)
        write_json({**facts, "items": [item_json(i) for i in items]} if options.items else facts)
        return 0
    for name, value in _lines(found):
        write_line(f"{name:12} {value}")
    for item in items:
        write_line(_item_line(item))
    return 0


def status_json(found: Status) -> dict[str, Any]:
    """All numbers; the items are no part of it."""
    return {
        "path": found.path,
        "preset": found.preset,
        "fusion": found.fusion,
        "item_count": found.items,
        "segments": found.segments,
        "by_kind": dict(found.by_kind),
        "by_modality": dict(found.by_modality),
        "media_bytes": found.media_bytes,
        "index_bytes": found.index_bytes,
        "catalogue_bytes": found.catalogue_bytes,
        "faiss_bytes": found.faiss_bytes,
        "thumbnail_bytes": found.thumbnail_bytes,
        "generation": found.generation,
        "pending": found.pending,
        "tombstones": found.tombstones,
        "faiss_files": [
            {
                "name": one.name,
                "rows": one.rows,
                "index_type": one.index_type,
                "nlist": one.nlist,
                "nprobe": one.nprobe,
                "recall": one.recall,
            }
            for one in found.faiss_files
        ],
        "fingerprints": dict(found.fingerprints),
    }


def item_json(item: MediaItem) -> dict[str, Any]:
    """One file; ``taken`` as ISO 8601 in UTC, ``null`` where the file does not say."""
    return {
        "path": item.path,
        "kind": item.kind,
        "size_bytes": item.size_bytes,
        "flags": list(item.flags),
        "tags": list(item.tags),
        "taken": None if item.taken_ns is None else _moment(item.taken_ns).isoformat(),
    }


def _moment(since_epoch_ns: int) -> datetime:
    return datetime.fromtimestamp(since_epoch_ns // 1_000_000_000, UTC)


def _lines(found: Status) -> list[tuple[str, str]]:
    kinds = ", ".join(f"{n} {kind}" for kind, n in found.by_kind.items())
    modalities = ", ".join(f"{n} {name}" for name, n in found.by_modality.items())
    parts = (
        f"catalogue {size(found.catalogue_bytes)}, FAISS {size(found.faiss_bytes)}, "
        f"thumbnails {size(found.thumbnail_bytes)}"
    )
    lines = [
        ("index", printable(found.path)),
        ("files", f"{found.items} ({kinds})" if kinds else "0"),
        ("segments", f"{found.segments} (vectors: {modalities})" if modalities else "0"),
        ("media", size(found.media_bytes)),
        ("on disk", f"{size(found.index_bytes)} ({parts})"),
        ("generation", str(found.generation)),
        ("pending", f"{found.pending} segments newer than the FAISS files"),
        ("removed", f"{found.tombstones} segments that `mmqa compact` would drop"),
        ("models", f"preset {found.preset}, fusion {found.fusion}"),
    ]
    lines += [(f"  {role}", print_) for role, print_ in sorted(found.fingerprints.items())]
    return lines + [("FAISS file", _faiss_line(one)) for one in found.faiss_files]


def _faiss_line(one: FaissFile) -> str:
    lists = f", {one.nprobe} of {one.nlist} lists searched" if one.nlist else ""
    recall = "exact" if one.recall is None else f"recall@10 {one.recall:.3f}"
    return f"{one.name}: {one.rows} rows, {one.index_type}{lists}, {recall}"


def _item_line(item: MediaItem) -> str:
    taken = "" if item.taken_ns is None else f"{_moment(item.taken_ns):%Y-%m-%d}"
    words = [*item.flags, *(f"#{tag}" for tag in item.tags)]
    return f"{item.kind:6} {taken:10} {printable(item.path)}  {' '.join(words)}".rstrip()


def size(count: int) -> str:
    """Bytes for people.

    >>> size(999), size(8_400_000)
    ('999 B', '8.4 MB')
    """
    value, unit = float(count), 0
    while value >= (999.95 if unit else 1000) and unit < len(UNITS) - 1:
        value, unit = value / 1000, unit + 1
    return f"{value:.1f} {UNITS[unit]}" if unit else f"{count} B"


def _missing(library: Library, *, sound: bool) -> tuple[Path, ...]:
    """Files that are gone; of a damaged catalogue, where their names can be read."""
    try:
        return library.missing_media()
    except IndexDamagedError:
        if sound:
            raise
        return ()


def verify(options: Namespace) -> int:
    """Exit code 1 with every problem named; missing media are a warning and change nothing."""
    with Library.open(config=settings(options), create=False) as library:
        problems = library.verify()
        missing = _missing(library, sound=not problems)
    if options.json:
        write_json({"problems": list(problems), "missing_media": list(missing)})
        return 1 if problems else 0
    for problem in problems:
        write_line(problem)
    if missing:
        named = ", ".join(printable(path) for path in missing[:NAMED])
        more = f" and {len(missing) - NAMED} more" if len(missing) > NAMED else ""
        talk.print(
            f"no longer where they were: {named}{more}. `mmqa sync FOLDER` forgets them, or finds "
            "them where they were moved to.",
            style="yellow",
            markup=False,
        )
    if not problems:
        talk.print("the index is sound")
    return 1 if problems else 0
