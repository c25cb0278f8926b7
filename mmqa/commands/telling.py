"""How work on an index is told while it goes on: events of files, and progress of long steps.

Knows: the JSON of an event, and the bar. Refuses to know: commands, and what is done.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from rich.progress import Progress, TaskID

from mmqa.commands.output import printable, progress, talk, write_json
from mmqa.records import AddEvent, Chunk, SyncReport

EVERY_S = 1.0
"""At most one line of JSON in this time says how far a long step is."""


def event_json(event: AddEvent) -> dict[str, Any]:
    """One file as the design lays it down; ``was`` only where it was moved."""
    facts: dict[str, Any] = {
        "event": event.event,
        "path": event.path,
        "segments": event.segments,
        "reason": event.reason,
        "flags": list(event.flags),
    }
    return facts if event.was is None else {**facts, "was": event.was}


def sync_json(report: SyncReport, *, dry_run: bool = False) -> dict[str, Any]:
    """What a sync came to; ``dry_run`` only where it was one."""
    facts = {
        "event": "done",
        "added": report.added,
        "unchanged": report.unchanged,
        "removed": report.removed,
        "moved": report.moved,
        "refused": len(report.failed),
    }
    return {**facts, "dry_run": True} if dry_run else facts


class Telling:
    """Says what happens: JSON Lines on stdout, or a bar and some words on stderr.

    Args:
        bar: Where progress is drawn.
        verb: What is being done, for the bar.
        as_json: JSON instead of words.
        changes: Whether added, moved and removed files are named in words, too.
        would: Whether nothing of it is really done.
        steps: Whether JSON says how far long steps are; else only the bar does. Listening to a long
            recording is always told: it takes many minutes.
    """

    def __init__(
        self,
        bar: Progress,
        verb: str,
        *,
        as_json: bool,
        changes: bool = False,
        would: bool = False,
        steps: bool = False,
    ) -> None:
        self._steps_as_json = steps
        self._as_json = as_json
        self._bar = bar
        self._changes = changes
        self._would = would
        self._files = bar.add_task(verb, total=None)
        self._steps: dict[str, TaskID] = {}
        self._last_s = time.monotonic()

    def event(self, event: AddEvent) -> None:
        """One file is done."""
        self._bar.update(self._files, completed=event.done, total=event.total or None)
        if self._as_json:
            write_json(event_json(event))
        elif event.event == "refused":
            talk.print(
                f"refused {printable(event.path)}: {event.reason}", style="yellow", markup=False
            )
        elif self._changes and event.event != "unchanged":
            was = f" (was {printable(event.was)})" if event.was else ""
            talk.print(f"{self._verb(event)} {printable(event.path)}{was}", markup=False)

    def _verb(self, event: AddEvent) -> str:
        return f"would be {event.event}:" if self._would else event.event

    def step(self, chunk: Chunk) -> None:
        """A long step advanced."""
        listening = chunk.unit == "seconds"
        if chunk.label not in self._steps:
            self._steps[chunk.label] = self._bar.add_task(chunk.label, total=chunk.total)
        self._bar.update(
            self._steps[chunk.label],
            completed=chunk.done,
            total=chunk.total,
            visible=not (listening and chunk.done >= chunk.total),
        )
        now = time.monotonic()
        told = self._as_json and (self._steps_as_json or listening)
        if told and now - self._last_s >= EVERY_S:
            self._last_s = now
            write_json(
                {
                    "event": "progress",
                    "label": chunk.label,
                    "done": chunk.done,
                    "total": chunk.total,
                }
            )

    def notice(self, text: str) -> None:
        """Something is being waited for."""
        if self._as_json:
            write_json({"event": "notice", "text": text})
        else:
            talk.print(text, style="yellow", markup=False)


@contextmanager
def telling(
    verb: str,
    *,
    as_json: bool,
    changes: bool = False,
    would: bool = False,
    steps: bool = False,
    bar_shown: bool = True,
) -> Iterator[Telling]:
    """A :class:`Telling` with its bar, which work without an end has no use for."""
    with progress(shown=bar_shown) as bar:
        yield Telling(bar, verb, as_json=as_json, changes=changes, would=would, steps=steps)
