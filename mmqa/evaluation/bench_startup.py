"""How long ``mmqa --help`` takes, against a Python that does nothing, in the same run.

Knows: subprocesses and a clock. Refuses to know: what the command imports.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median

from mmqa.evaluation.report import BenchReport, Figure
from mmqa.interfaces import Progress
from mmqa.records import Chunk

TARGET = 4.0


def run(progress: Progress | None = None, rounds: int = 15) -> BenchReport:
    """Start both by turns and compare the medians; the first round warms the caches.

    Args:
        progress: Told after each round.
        rounds: How often each is started.
    """
    commands = {"pass": [sys.executable, "-c", "pass"], "help": help_command()}
    seconds: dict[str, list[float]] = {name: [] for name in commands}
    for done in range(rounds + 1):
        for name, command in commands.items():
            seconds[name].append(_start(command))
        if progress is not None:
            progress(Chunk("starting", done + 1, rounds + 1, "steps"))
    medians = {name: median(values[1:]) for name, values in seconds.items()}
    ratio = medians["help"] / medians["pass"]
    return BenchReport(
        suite="bench: startup",
        figures=(
            Figure(
                "mmqa --help / python -c pass", ratio, rounds, target=TARGET, lower_is_better=True
            ),
        ),
        how={
            "measured": "medians of starts by turns",
            "mmqa --help, ms": round(1000 * medians["help"], 1),
            "python -c pass, ms": round(1000 * medians["pass"], 1),
        },
    )


def help_command() -> list[str]:
    """The installed command beside this Python, or the module where there is none."""
    installed = Path(sys.executable).with_name("mmqa")
    start = [str(installed)] if installed.exists() else [sys.executable, "-m", "mmqa"]
    return [*start, "--help"]


def _start(command: Sequence[str]) -> float:
    began_s = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True)  # noqa: S603
    return time.perf_counter() - began_s
