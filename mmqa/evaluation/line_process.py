"""A fresh process that is asked and answers, one JSON object a line each way.

Knows: how it is started, asked and ended, and how what went wrong in it comes back. Refuses to
know: what is asked.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import asdict
from typing import IO, Any, TypeAlias

from mmqa.config import Config
from mmqa.errors import MmqaError, ModelError

Answering: TypeAlias = Callable[[dict[str, Any]], dict[str, Any]]
"""Question → answer."""


@contextmanager
def started(
    module: str,
    arguments: Sequence[str],
    *,
    ended: Callable[[int], Exception],
    failed: Callable[[str, str], Exception],
    environment: Mapping[str, str] | None = None,
) -> Iterator[Answering]:
    """A process that runs ``module``, as long as the block runs; a block that fails kills it.

    Args:
        module: Its full name.
        arguments: What it is told.
        ended: Exit status of a process that answers no more → what is raised.
        failed: Fact and remedy of what went wrong in it → what is raised.
        environment: Variables that are set for it beside those of this process.
    """
    command = [sys.executable, "-m", module, *arguments]
    with subprocess.Popen(  # noqa: S603  # a module of ours
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, **(environment or {})},
    ) as process:

        def ask(question: dict[str, Any]) -> dict[str, Any]:
            assert process.stdin is not None
            assert process.stdout is not None
            try:
                process.stdin.write(json.dumps(question) + "\n")
                process.stdin.flush()
                line = process.stdout.readline()
            except BrokenPipeError:
                line = ""
            if not line:
                raise ended(process.wait())
            answer: dict[str, Any] = json.loads(line)
            if "error" in answer:
                raise failed(*answer["error"])
            return answer

        try:
            yield ask
        except BaseException:
            process.kill()
            raise
        finally:
            assert process.stdin is not None
            with suppress(BrokenPipeError):  # of what one that died was never told
                process.stdin.close()


def contestant(
    module: str, name: str, config: Config, *, environment: Mapping[str, str] | None = None
) -> AbstractContextManager[Answering]:
    """A process with a contestant of a bench, as long as the block runs.

    Args:
        module: Full name of one that is told the contestant's name and settings as JSON.
        name: Of the contestant.
        config: Settings.
        environment: As for :func:`started`.

    Raises:
        ModelError: The model cannot be loaded or failed, or the process ended.
    """
    return started(
        module,
        [name, json.dumps(asdict(config))],
        ended=lambda status: ModelError(name, f"the process of {name} ended ({status})"),
        failed=lambda fact, remedy: ModelError(name, fact, remedy),
        environment=environment,
    )


def serve(make: Callable[[], Answering], lines: Iterable[str], out: IO[str]) -> None:
    """Answer line by line until there is no more, or something goes wrong, which is the last.

    Args:
        make: Makes what answers.
        lines: The questions.
        out: Where answers are written.
    """
    try:
        answer = make()
        for line in lines:
            write(out, answer(json.loads(line)))
    except MmqaError as error:
        write(out, {"error": [error.fact, error.remedy]})


def serve_alone(make: Callable[[], Answering]) -> None:
    """Serve standard input; what libraries print goes to the terminal and not between answers."""
    answers, sys.stdout = sys.stdout, sys.stderr
    serve(make, sys.stdin, answers)


def write(out: IO[str], answer: dict[str, Any]) -> None:
    """Write one line, at once."""
    out.write(json.dumps(answer) + "\n")
    out.flush()
