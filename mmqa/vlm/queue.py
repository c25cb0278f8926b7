"""Turns at one model: first come, first served, with a bounded wait.

Knows: who came when, who is being served, and how long a request may wait.
Refuses to know: what is done in a turn, and models.

A turn belongs to the work, not to a thread: the thread that generates gives back the turn that the
thread that asked has taken, as soon as the last token is there. So a consumer that neither reads on
nor closes its stream holds up others no longer than its answer takes.
"""

from __future__ import annotations

import threading
from collections import deque
from time import monotonic

from mmqa.errors import GenerationError
from mmqa.interfaces import Cancelled

POLL_S = 0.02
"""While it waits, a request asks so often whether it was cancelled."""


class Turn:
    """The right to use the model, until it is given back; usable as a context."""

    def __init__(self, queue: Queue) -> None:
        self._queue = queue

    def leave(self) -> None:
        """Give it back; doing so again changes nothing."""
        self._queue._remove(self)

    def __enter__(self) -> Turn:
        return self

    def __exit__(self, *failure: object) -> None:
        self.leave()


class Queue:
    """Lets one request at a time use a model, strictly in the order in which they came.

    Args:
        wait_s: Longest wait for a turn, in seconds, from 0.
    """

    def __init__(self, wait_s: float) -> None:
        self._wait_s = wait_s
        self._line: deque[Turn] = deque()  # the first is being served
        self._changed = threading.Condition()

    def __len__(self) -> int:
        """Requests that are served or wait."""
        return len(self._line)

    def enter(self, cancelled: Cancelled | None = None, *, patient: bool = False) -> Turn | None:
        """Wait for a turn.

        Args:
            cancelled: Asked while waiting; true leaves the queue at once.
            patient: Wait as long as it takes.

        Returns:
            The turn, to be given back; ``None`` if cancelled.

        Raises:
            GenerationError: None came free within ``wait_s``; says how many were ahead.
        """
        turn = Turn(self)
        with self._changed:
            self._line.append(turn)
        try:
            mine = self._wait(turn, cancelled, None if patient else monotonic() + self._wait_s)
        except BaseException:  # also an interrupt from the keyboard must not leave it standing
            turn.leave()
            raise
        if not mine:
            turn.leave()
        return turn if mine else None

    def _wait(self, turn: Turn, cancelled: Cancelled | None, until: float | None) -> bool:
        """Whether its turn came; false if cancelled."""
        while True:
            if cancelled is not None and cancelled():
                return False
            with self._changed:
                if self._line[0] is turn:
                    return True
                left = None if until is None else until - monotonic()
                if left is not None and left <= 0:
                    raise self._in_vain(self._line.index(turn))
                polled = [POLL_S] if cancelled is not None else []
                self._changed.wait(min([*polled, *([] if left is None else [left])], default=None))

    def _in_vain(self, ahead: int) -> GenerationError:
        were = "1 request was" if ahead == 1 else f"{ahead} requests were"
        return GenerationError(
            f"the language model had no turn free within {self._wait_s:g} s: {were} ahead",
            "Ask again later, or raise queue_wait_s.",
        )

    def _remove(self, turn: Turn) -> None:
        with self._changed:
            if turn in self._line:
                self._line.remove(turn)
                self._changed.notify_all()
