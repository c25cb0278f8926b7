"""Adding in the background: progress, refusals, stopping, failing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from threading import Event

from mmqa.errors import IndexLockedError
from mmqa.records import AddEvent, AddReport, Chunk
from ui.adding import AddJob


class Slow:
    """Adds one file, then waits to be stopped."""

    def __init__(self) -> None:
        self.first = Event()

    def add(
        self,
        paths: Sequence[Path],
        *,
        on_event: Callable[[AddEvent], None],
        cancelled: Callable[[], bool],
        on_progress: Callable[[Chunk], None],
    ) -> AddReport:
        on_progress(Chunk("listening to a.wav", 1, 2, "seconds"))
        on_event(AddEvent("refused", paths[0], reason="it is empty", done=1, total=4))
        on_progress(Chunk("writing", 1, 9, "steps"))
        on_progress(Chunk("listening to talk.mp3", 900, 1800, "seconds"))
        self.first.set()
        while not cancelled():
            Event().wait(0.01)
        return AddReport(0, 0, ((paths[0], "it is empty"),), 0, 0.0)


class Locked:
    def add(self, paths: Sequence[Path], **rest: object) -> AddReport:
        raise IndexLockedError(Path("/i"), "another process is adding", "Wait for it.")


def test_progress_is_seen_while_it_runs_and_stop_ends_it() -> None:
    slow = Slow()
    job = AddJob(slow, [Path("/a.png")])
    assert slow.first.wait(5)
    now = job.progress()
    assert (now.running, now.done, now.total, now.share) == (True, 1, 4, 0.375)
    assert now.listening == Chunk("listening to talk.mp3", 900, 1800, "seconds")
    assert now.refused == ((Path("/a.png"), "it is empty"),)
    job.stop()
    job.wait(5)
    ended = job.progress()
    assert (ended.running, ended.stopping) == (False, True)
    assert ended.report is not None


def test_a_failure_is_kept_in_words() -> None:
    job = AddJob(Locked(), [Path("/a.png")])
    job.wait(5)
    failure = job.progress().failure
    assert failure is not None
    assert failure.sentence == "another process is adding."
    assert failure.remedy == "Wait for it."
