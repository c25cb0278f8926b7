"""Adding files in the background, so that the page stays usable meanwhile.

Knows: one ``Library.add`` running in a thread, its progress and its end. Refuses to know:
Streamlit, and what adding does.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Lock, Thread
from typing import Protocol

from mmqa.records import AddEvent, AddReport, Chunk
from ui.conversation import Failure


class Adds(Protocol):
    """The one thing a job needs of a library."""

    def add(
        self,
        paths: Sequence[Path],
        *,
        on_event: Callable[[AddEvent], None],
        cancelled: Callable[[], bool],
        on_progress: Callable[[Chunk], None],
    ) -> AddReport:
        """Take in ``paths``, reporting each file, and how far it came in a long recording."""


@dataclass(frozen=True, slots=True)
class Progress:
    """A job at one moment.

    Attributes:
        done: Files finished.
        total: Files found so far; 0 before the first.
        current: The file finished last.
        listening: How far it came in a long recording, in seconds; ``None`` where there is none.
        refused: (path, reason) of files that were not taken.
        report: What the job did, once it ended well.
        failure: Why it ended early.
        running: Whether it still works.
        stopping: Whether it was asked to stop.
    """

    done: int = 0
    total: int = 0
    current: Path | None = None
    listening: Chunk | None = None
    refused: tuple[tuple[Path, str], ...] = ()
    report: AddReport | None = None
    failure: Failure | None = None
    running: bool = True
    stopping: bool = False

    @property
    def share(self) -> float:
        """How much is done, 0–1."""
        within = self.listening.done / self.listening.total if self.listening else 0.0
        return min(1.0, (self.done + within) / self.total) if self.total else 0.0


class AddJob:
    """One ``add``, started at once. A file reported as added is durable, so stopping loses none."""

    def __init__(self, library: Adds, paths: Sequence[Path]) -> None:
        self._library, self._paths = library, tuple(paths)
        self._stop, self._lock = Event(), Lock()
        self._last: AddEvent | None = None
        self._listening: Chunk | None = None
        self._refused: list[tuple[Path, str]] = []
        self._report: AddReport | None = None
        self._failure: Failure | None = None
        self._thread = Thread(target=self._run, name="mmqa-add", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Ask for an end after the file in hand; of a long recording, after the next minutes."""
        self._stop.set()

    def wait(self, timeout_s: float | None = None) -> None:
        """Wait for the end, at most ``timeout_s`` seconds."""
        self._thread.join(timeout_s)

    def progress(self) -> Progress:
        """Where the job stands now."""
        running = self._thread.is_alive()
        with self._lock:
            last = self._last
            return Progress(
                done=last.done if last else 0,
                total=last.total if last else 0,
                current=last.path if last else None,
                listening=self._listening,
                refused=self._report.failed if self._report else tuple(self._refused),
                report=self._report,
                failure=self._failure,
                running=running,
                stopping=self._stop.is_set(),
            )

    def _run(self) -> None:
        try:
            report = self._library.add(
                self._paths,
                on_event=self._note,
                cancelled=self._stop.is_set,
                on_progress=self._advanced,
            )
        except Exception as error:  # noqa: BLE001  # shown to the user and logged, never lost
            with self._lock:
                self._failure = Failure.of(error)
        else:
            with self._lock:
                self._report = report

    def _note(self, event: AddEvent) -> None:
        with self._lock:
            self._last = event
            self._listening = None
            if event.event == "refused":
                self._refused.append((event.path, event.reason))

    def _advanced(self, chunk: Chunk) -> None:
        if chunk.unit == "seconds":
            with self._lock:
                self._listening = chunk
