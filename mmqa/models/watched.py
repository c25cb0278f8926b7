"""Another process that does long work: watched, and stopped when its work is no longer wanted.

Knows: waiting, asking whether to go on, and that no process is left behind.
Refuses to know: what the process does.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

from mmqa.interfaces import Cancelled

POLL_S = 0.2
STOP_S = 5.0


class Stopped(Exception):  # noqa: N818 - no error: the user asked for it
    """The caller's ``cancelled`` said so; everything is consistent."""


def watch(process: subprocess.Popen[bytes], tell: Callable[[], None], cancelled: Cancelled) -> int:
    """Wait for a process; whatever happens here, it has ended afterwards.

    Args:
        process: Just started.
        tell: Called several times a second: look how far it is, and say so.
        cancelled: Asked as often; true ends the process.

    Returns:
        Its exit code.

    Raises:
        Stopped: ``cancelled`` said so.
    """
    try:
        while True:
            try:
                return process.wait(timeout=POLL_S)
            except subprocess.TimeoutExpired:
                tell()
            if cancelled():
                raise Stopped
    finally:
        _stop(process)


def _stop(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(timeout=STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def file_sizes(folder: Path) -> list[int]:
    """Sizes of all files below, in bytes; the process moves and deletes files while we look."""
    sizes = []
    for root, _, names in os.walk(folder):
        for name in names:
            try:
                sizes.append(Path(root, name).stat().st_size)
            except FileNotFoundError:
                continue
    return sizes
