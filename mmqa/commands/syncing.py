"""``sync``: an index made equal to folders, once or as long as it runs.

Knows: what is printed, and how a watch is ended. Refuses to know: what a sync does.
"""

from __future__ import annotations

import signal
import threading
from argparse import Namespace
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType

from mmqa.commands.output import settings, talk, write_json
from mmqa.commands.telling import Telling, sync_json, telling
from mmqa.errors import IndexMissingError, UsageError
from mmqa.library import Library
from mmqa.records import Source, SyncReport

REFUSED = 3


def sync(options: Namespace) -> int:
    """Make the index equal to folders, and with ``--watch`` keep it so."""
    if options.watch and options.dry_run:
        raise UsageError("--watch and --dry-run exclude each other", "Give one of them.")
    flags = {
        "ocr": False if options.no_ocr else None,
        "language": options.language,
        "captions": True if options.captions else None,
    }
    configured = settings(options, **flags)
    sources = [
        Source(Path(folder), tuple(options.include or ("**",)), tuple(options.exclude or ()))
        for folder in options.folders
    ]
    telling_how = telling(
        "comparing" if options.dry_run else "syncing",
        as_json=options.json,
        changes=options.watch or options.dry_run,
        would=options.dry_run,
        bar_shown=not options.watch,
    )
    with telling_how as tell:
        if options.dry_run:
            try:
                library = Library.open(config=configured, create=False)
            except IndexMissingError:
                report = Library.preview(sources, tell.event, config=configured)
            else:
                with library:
                    report = library.sync(sources, tell.event, dry_run=True)
        else:
            with Library.open(config=configured) as library:
                if options.watch:
                    return _watch(library, sources, tell, as_json=options.json)
                report = library.sync(sources, tell.event, on_progress=tell.step)
    _conclude(report, as_json=options.json, dry_run=options.dry_run)
    return REFUSED if report.failed else 0


def _conclude(report: SyncReport, *, as_json: bool, dry_run: bool = False) -> None:
    if as_json:
        write_json(sync_json(report, dry_run=dry_run))
        return
    would = "would be " if dry_run else ""
    talk.print(
        f"{would}{report.added} added, {report.unchanged} unchanged, {report.moved} moved, "
        f"{report.removed} removed, {len(report.failed)} refused"
        + ("" if dry_run else f", in {report.seconds:.1f} s")
    )


def _watch(library: Library, sources: list[Source], tell: Telling, *, as_json: bool) -> int:
    with _stopped_by_signals() as stop, suppress(KeyboardInterrupt):
        for report in library.watch(sources, tell.event, stop.is_set, on_notice=tell.notice):
            if report.added or report.moved or report.removed or report.failed:
                _conclude(report, as_json=as_json)
            elif as_json:
                write_json(sync_json(report))
            if not stop.is_set() and not as_json:
                talk.print("watching; Ctrl-C ends it", style="dim")
    if not as_json:
        talk.print("stopped; what was reported as done is kept")
    return 0


@contextmanager
def _stopped_by_signals() -> Iterator[threading.Event]:
    """Set by Ctrl-C and by a service manager's SIGTERM: the file in hand is stored first.

    A second Ctrl-C does not wait for that.
    """
    stop = threading.Event()

    def ask(number: int, _frame: FrameType | None) -> None:
        if stop.is_set() and number == signal.SIGINT:
            raise KeyboardInterrupt
        stop.set()

    if threading.current_thread() is not threading.main_thread():
        yield stop  # only the main thread is told of signals
        return
    before = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
