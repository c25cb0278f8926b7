"""Processes that cost 20 ms: a parent that has imported everything forks one for each job.

Knows: how a job (a function of a module beside this one) is run in a process of its own, and what
became of it. Refuses to know: what jobs do. What a job says comes back line by line, so that what
it said before it was killed counts, and what it did not say does not.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import select
import signal
import subprocess
import sys
import traceback
from pathlib import Path
from typing import Any

PATIENCE_S = 120.0
"""No job here takes as long; a parent that waits longer has found a deadlock."""


def say(word: str, **facts: Any) -> None:
    """One line to whoever started the job; a single write, so that it is there whole or not."""
    os.write(1, (json.dumps([word, facts]) + "\n").encode())


class Job:
    """A running job; reads what it says."""

    def __init__(self, zygote: Zygote, pid: int) -> None:
        self._zygote = zygote
        self.pid = pid
        self.status: int | None = None

    def next(self, timeout_s: float = PATIENCE_S) -> tuple[str, dict[str, Any]] | None:
        """What it says next; ``None`` once it has ended."""
        if self.status is not None:
            return None
        word, facts = self._zygote.line(timeout_s)
        if word == "ended":
            self.status = facts["status"]
            return None
        return word, facts

    def until(self, word: str) -> dict[str, Any]:
        """Wait until it says a word."""
        while (heard := self.next()) is not None:
            if heard[0] == word:
                return heard[1]
            assert heard[0] != "raised", heard[1]["trace"]
        raise AssertionError(f"it ended with {self.status} before it said {word!r}")

    def kill(self) -> None:
        """SIGKILL, as ``kill -9`` sends it."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)

    def rest(self) -> list[tuple[str, dict[str, Any]]]:
        """All that it still says until it ends."""
        said = []
        while (heard := self.next()) is not None:
            said.append(heard)
        return said


class Zygote:
    """Starts jobs, one at a time.

    Args:
        modules: Imported before the first fork.
    """

    def __init__(self, *modules: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, __file__, *modules],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "OMP_NUM_THREADS": "1"},
            start_new_session=True,
        )
        self._heard = b""

    def start(self, module: str, function: str, **arguments: Any) -> Job:
        """Run a function in a process of its own."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps([module, function, arguments]).encode() + b"\n")
        self._process.stdin.flush()
        word, facts = self.line()
        assert word == "started"
        return Job(self, facts["pid"])

    def run(self, module: str, function: str, **arguments: Any) -> Any:
        """What a function returned.

        Raises:
            AssertionError: It raised, or its process died.
        """
        job = self.start(module, function, **arguments)
        said = job.rest()
        assert job.status == 0, f"{function} ended with {job.status}: {said}"
        assert said[-1][0] == "returned", said[-1][1].get("trace", said)
        return said[-1][1]["value"]

    def line(self, timeout_s: float = PATIENCE_S) -> tuple[str, dict[str, Any]]:
        """The next line of the job that runs."""
        assert self._process.stdout is not None
        handle = self._process.stdout.fileno()
        while b"\n" not in self._heard:
            ready, _, _ = select.select([handle], [], [], timeout_s)
            assert ready, f"nothing was said for {timeout_s} s"
            more = os.read(handle, 1 << 16)
            assert more, "the zygote died"
            self._heard += more
        line, _, self._heard = self._heard.partition(b"\n")
        word, facts = json.loads(line)
        return word, facts

    def close(self) -> None:
        """End it, and the job that it runs: what a failed test leaves must not be waited for."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.communicate()


def _run(module: str, function: str, arguments: dict[str, Any]) -> None:
    try:
        value = getattr(importlib.import_module(module), function)(**arguments)
        say("returned", value=value)
    except BaseException as error:  # noqa: BLE001  # whoever started it judges
        say("raised", kind=type(error).__name__, text=str(error), trace=traceback.format_exc())
    os._exit(0)


def _serve(modules: list[str]) -> None:
    sys.path.insert(0, str(Path(__file__).parent))
    sys.modules["zygote"] = sys.modules["__main__"]
    for module in modules:
        importlib.import_module(module)
    for line in sys.stdin.buffer:
        module, function, arguments = json.loads(line)
        pid = os.fork()
        if not pid:
            say("started", pid=os.getpid())  # by the child: nothing it says can come before
            _run(module, function, arguments)
        _, status = os.waitpid(pid, 0)
        say("ended", status=os.waitstatus_to_exitcode(status))


if __name__ == "__main__":
    _serve(sys.argv[1:])
