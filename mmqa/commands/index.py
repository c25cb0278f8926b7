"""``add``, ``remove``, ``tag``, ``rebuild``, ``compact``: an index changed.

Knows: what they print and their exit codes. Refuses to know: how an index works.
"""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Callable

from mmqa.commands.output import printable, settings, talk, write_json, write_line
from mmqa.commands.telling import telling
from mmqa.config import Config
from mmqa.library import Library
from mmqa.records import AddReport, Chunk, MediaItem

REFUSED = 3


def add(options: Namespace) -> int:
    """Add files; one JSON object a file with ``--json``, only once it is durable."""
    flags = {
        "ocr": False if options.no_ocr else None,
        "language": options.language,
        "captions": True if options.captions else None,
    }
    with (
        Library.open(config=settings(options, **flags)) as library,
        telling("adding", as_json=options.json) as tell,
    ):
        report = library.add(
            options.paths, tell.event, tags=options.tag or (), on_progress=tell.step
        )
    if options.json:
        write_json(
            {
                "event": "done",
                "added": report.added,
                "unchanged": report.skipped,
                "refused": len(report.failed),
            }
        )
    else:
        _summarise(report)
    return REFUSED if report.failed else 0


def _summarise(report: AddReport) -> None:
    rate = report.added / report.seconds if report.seconds else 0.0
    talk.print(
        f"{report.added} added ({report.segments} segments), {report.skipped} unchanged, "
        f"{len(report.failed)} refused, in {report.seconds:.1f} s ({rate:.1f} files/s)"
    )


def remove(options: Namespace) -> int:
    """Forget files by path, folder, glob or id."""
    with Library.open(config=settings(options), create=False) as library:
        removed = library.remove(options.targets)
    _list(options, "removed", removed)
    if options.json:
        write_json({"event": "done", "removed": len(removed)})
    return 0


def tag(options: Namespace) -> int:
    """Change tags, or list them where none is to be changed."""
    changed = bool(options.add or options.remove)
    with Library.open(config=settings(options), create=False) as library:
        items = library.tag(options.targets, add=options.add or (), remove=options.remove or ())
    for item in items:
        if options.json:
            event = "tagged" if changed else "item"
            write_json({"event": event, "path": item.path, "tags": list(item.tags)})
        else:
            write_line(f"{printable(item.path)}  {', '.join(item.tags)}".rstrip())
    if options.json:
        write_json({"event": "done", "tagged": len(items) if changed else 0})
    return 0


def _list(options: Namespace, event: str, items: tuple[MediaItem, ...]) -> None:
    for item in items:
        if options.json:
            write_json({"event": event, "path": item.path})
        else:
            write_line(f"{event} {printable(item.path)}")


def rebuild(options: Namespace) -> int:
    """Make the FAISS files anew; of a damaged catalogue, save first what can be read."""
    configured = settings(options)
    saved = Library.repair(configured.index, config=configured)
    for path in saved.lost if saved else ():
        if options.json:
            write_json({"event": "lost", "path": path})
        else:
            write_line(f"lost {printable(path)}")
    lost = len(saved.lost) + saved.unnamed if saved else 0
    if saved is not None and not options.json:
        talk.print(
            f"the catalogue was damaged: {saved.saved} files were saved, {lost} were lost and have "
            f"to be added again; the old one is kept as {printable(saved.kept)}",
            style="yellow",
            markup=False,
        )
    moved = _remap(options, configured)
    with Library.open(config=configured, create=False) as library:
        _with_progress(options, "rebuilding", library.rebuild)
    if options.json:
        write_json({"event": "rebuilt", "lost": lost, "moved": moved})
    else:
        talk.print("moved to this mapping and fusion, and rebuilt" if moved else "rebuilt")
    return REFUSED if lost else 0


def _remap(options: Namespace, configured: Config) -> bool:
    """Move the index to the mapping and fusion that are configured, if it has others."""
    with telling("mapping anew", as_json=options.json, steps=True) as tell:
        return Library.remap(configured.index, config=configured, on_progress=tell.step)


def compact(options: Namespace) -> int:
    """Drop what was removed."""
    with Library.open(config=settings(options), create=False) as library:
        _with_progress(options, "compacting", library.compact)
    if options.json:
        write_json({"event": "compacted"})
    else:
        talk.print("compacted")
    return 0


def _with_progress(
    options: Namespace, verb: str, work: Callable[[Callable[[Chunk], None]], bool]
) -> None:
    with telling(verb, as_json=options.json, steps=True) as tell:
        work(tell.step)
