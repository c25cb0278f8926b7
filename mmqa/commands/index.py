"""``add``, ``remove``, ``status``, ``verify``, ``rebuild``, ``compact``.

Knows: what they print and their exit codes. Refuses to know: how an index works.
"""

from __future__ import annotations

from argparse import Namespace

from rich.progress import Progress, TaskID

from mmqa.commands.output import printable, progress, settings, talk, write_json, write_line
from mmqa.library import Library
from mmqa.records import AddEvent, AddReport

REFUSED = 3


def add(options: Namespace) -> int:
    """Add files; one JSON object a file with ``--json``, only once it is durable."""
    flags = {"ocr": False if options.no_ocr else None, "language": options.language}
    with (
        Library.open(config=settings(options, **flags)) as library,
        progress() as bar,
    ):
        task = bar.add_task("adding", total=None)
        report = library.add(
            options.paths, on_event=lambda event: _tell(event, options.json, bar, task)
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


def _tell(event: AddEvent, as_json: bool, bar: Progress, task: TaskID) -> None:
    bar.update(task, completed=event.done, total=event.total)
    if as_json:
        write_json(
            {
                "event": event.event,
                "path": event.path,
                "segments": event.segments,
                "reason": event.reason,
                "flags": list(event.flags),
            }
        )
    elif event.event == "refused":
        talk.print(f"refused {printable(event.path)}: {event.reason}", style="yellow", markup=False)


def _summarise(report: AddReport) -> None:
    rate = report.added / report.seconds if report.seconds else 0.0
    talk.print(
        f"{report.added} added ({report.segments} segments), {report.skipped} unchanged, "
        f"{len(report.failed)} refused, in {report.seconds:.1f} s ({rate:.1f} files/s)"
    )


def remove(options: Namespace) -> int:
    """Forget files by path, folder or id."""
    with Library.open(config=settings(options), create=False) as library:
        removed = library.remove(options.targets)
    for item in removed:
        if options.json:
            write_json({"event": "removed", "path": item.path})
        else:
            write_line(f"removed {printable(item.path)}")
    if options.json:
        write_json({"event": "done", "removed": len(removed)})
    return 0


def status(options: Namespace) -> int:
    """What an index holds, and with ``--items`` every file."""
    with Library.open(config=settings(options), create=False) as library:
        found = library.status()
        items = library.items() if options.items else ()
    facts = {
        "path": found.path,
        "preset": found.preset,
        "fusion": found.fusion,
        "item_count": found.items,
        "segments": found.segments,
        "by_kind": dict(found.by_kind),
        "media_bytes": found.media_bytes,
        "index_bytes": found.index_bytes,
        "pending": found.pending,
        "fingerprints": dict(found.fingerprints),
    }
    if options.json:
        listed = [
            {"path": i.path, "kind": i.kind, "size_bytes": i.size_bytes, "flags": list(i.flags)}
            for i in items
        ]
        write_json({**facts, "items": listed} if options.items else facts)
        return 0
    for name, value in facts.items():
        write_line(f"{name:14} {value}")
    for item in items:
        write_line(f"{item.kind:6} {printable(item.path)}  {' '.join(item.flags)}".rstrip())
    return 0


def verify(options: Namespace) -> int:
    """Exit code 1 with every problem named; 0 when the index is sound."""
    with Library.open(config=settings(options), create=False) as library:
        problems = library.verify()
    if options.json:
        write_json({"problems": list(problems)})
    for problem in problems if not options.json else ():
        write_line(problem)
    if not problems and not options.json:
        talk.print("the index is sound")
    return 1 if problems else 0


def rebuild(options: Namespace) -> int:
    """Make the FAISS files anew."""
    with Library.open(config=settings(options), create=False) as library:
        library.rebuild()
    return _done(options, "rebuilt")


def compact(options: Namespace) -> int:
    """Drop what was removed."""
    with Library.open(config=settings(options), create=False) as library:
        library.compact()
    return _done(options, "compacted")


def _done(options: Namespace, event: str) -> int:
    if options.json:
        write_json({"event": event})
    else:
        talk.print(f"{event}")
    return 0
