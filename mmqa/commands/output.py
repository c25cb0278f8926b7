"""How commands speak: JSON Lines and tables on stdout, talk and progress on stderr.

Knows: rich, JSON, and how a path with any bytes in it is written down. Refuses to know: commands.
"""

from __future__ import annotations

import json
import sys
from argparse import Namespace
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
)

from mmqa import config
from mmqa.config import Config
from mmqa.errors import UsageError

talk = Console(stderr=True, highlight=False)
"""For people; never data."""


def settings(options: Namespace, **flags: Any) -> Config:
    """The configuration with this command's flags on top.

    Raises:
        ConfigError: A setting is unknown or of the wrong type.
        UsageError: ``--set`` was given something else than ``NAME=VALUE``.
    """
    overrides = dict(flags)
    for assignment in options.set:
        name, equals, value = assignment.partition("=")
        if not equals:
            raise UsageError(f"--set {assignment!r} has no '='", "Write: --set NAME=VALUE.")
        overrides[name] = value
    if getattr(options, "index", None):
        overrides["index"] = options.index
    return config.load(overrides, file=Path(options.config) if options.config else None)


@contextmanager
def resumable() -> Iterator[None]:
    """While something is trained: whoever stops it is told how to go on."""
    try:
        yield
    except KeyboardInterrupt:
        talk.print("Stopped. What was done is kept: run the same again with --resume.")
        raise


def write_json(value: Mapping[str, Any]) -> None:
    """One JSON object on one line of stdout, at once."""
    line = json.dumps(value, ensure_ascii=False, default=_plain)
    sys.stdout.buffer.write(line.encode("utf-8", "backslashreplace") + b"\n")
    sys.stdout.flush()


def write_line(text: str = "") -> None:
    """One line of text on stdout; characters the terminal cannot show are escaped."""
    encoding = sys.stdout.encoding or "utf-8"
    sys.stdout.write(text.encode(encoding, "backslashreplace").decode(encoding) + "\n")
    sys.stdout.flush()


def printable(path: Path | str) -> str:
    r"""A path on one line, whatever its name holds.

    >>> printable("a\nb")
    'a\\nb'
    """
    text = str(path).encode("utf-8", "backslashreplace").decode("utf-8")
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


@contextmanager
def progress(unit: str = "files", *, shown: bool = True) -> Iterator[Progress]:
    """A bar on stderr; on something else than a terminal it stays silent."""
    amount = DownloadColumn() if unit == "bytes" else MofNCompleteColumn()
    columns = (TextColumn("{task.description}"), BarColumn(), amount, TimeElapsedColumn())
    silent = not shown or not talk.is_terminal
    with Progress(*columns, console=talk, transient=True, disable=silent) as bar:
        yield bar


def _plain(value: object) -> object:
    if isinstance(value, Path):
        return str(value)
    raise TypeError(f"{type(value).__name__} cannot be written as JSON")
