"""The language model's speed on a processor, against bare ``generate`` and llama.cpp.

Knows: what is compared with what, and what is to be reached. Refuses to know: how any of them is
run.

The same weights, the same prompts, as many threads each, which wait in the same way; one process
for each model, asked by turns, so that whatever else the machine does strikes all of them. Ratios
are medians over turns.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from statistics import median
from typing import Any

from mmqa.config import Config
from mmqa.evaluation import llama_cpp
from mmqa.evaluation.bench_vlm_process import BATCH, BATCH_TOKENS, TOKENS, started, waiting
from mmqa.evaluation.line_process import Answering
from mmqa.evaluation.report import BenchReport, Figure
from mmqa.interfaces import Progress
from mmqa.models.preset import load_preset
from mmqa.records import Chunk

DECODE = 0.95
"""Tokens a second, as a share of bare ``generate``'s."""
FIRST = 1.2
"""Time to the first token, as a multiple of bare ``generate``'s."""
GOAL = 0.7
"""Tokens a second, as a share of llama.cpp's: to be come near."""

OWN, FULL, BARE, LLAMA = "mmqa", "mmqa-full", "bare", "llama.cpp"
SAID = {
    OWN: "mmqa",
    FULL: "mmqa, quantization = none",
    BARE: "bare generate",
    LLAMA: "llama.cpp",
}

Turn = Mapping[str, Mapping[str, float]]
"""Contestant → what it measured."""


def run(
    config: Config | None = None, progress: Progress | None = None, rounds: int = 7
) -> BenchReport:
    """Ask all of them by turns.

    Args:
        config: Settings; ``threads`` are everybody's.
        progress: Told after each turn.
        rounds: Turns; the medians over them count.

    Raises:
        ModelError: A model cannot be loaded, or failed.
    """
    settings = replace(config or Config(), device="cpu")
    absent = llama_cpp.missing(load_preset(settings.preset).role("language_model"))
    names = [OWN, FULL, BARE] if absent else [OWN, FULL, BARE, LLAMA]
    with ExitStack() as stack:
        asked = {name: stack.enter_context(started(name, settings)) for name in names}
        turns = [_turn(asked, turn, rounds, progress) for turn in range(rounds + 1)][1:]
        held = {name: ask({"memory": True}) for name, ask in asked.items()}
    return BenchReport(
        suite="bench: vlm",
        figures=tuple(_figures(turns)),
        how={
            "threads, each": settings.thread_count,
            "waiting threads, each": "; ".join("=".join(pair) for pair in waiting().items()),
            "measured": f"medians of {rounds} turns, one process a model, {TOKENS} tokens a turn",
            **({"llama.cpp": f"not measured: {absent}"} if absent else {}),
            **_speeds(turns),
            **{f"{SAID[n]}, memory, MB": round(m["resident"] / 1e6) for n, m in held.items()},
        },
    )


def _turn(
    asked: Mapping[str, Answering], turn: int, rounds: int, progress: Progress | None
) -> Turn:
    """All of them once; every other turn in the opposite order. The first turn warms up."""
    names = list(asked)[:: 1 if turn % 2 else -1]
    found = {name: dict(asked[name]({"time": turn})) for name in names}
    for name in (OWN, BARE):
        found[name]["batch_s"] = asked[name]({"batch": turn})["all_s"]
    if seen := asked[OWN]({"picture": turn}):
        found[OWN]["picture_s"] = seen["first_s"]
        found[BARE]["picture_s"] = asked[BARE]({"reading": seen["tokens"]})["first_s"]
    if progress is not None:
        progress(Chunk("asking", turn + 1, rounds + 1, "steps"))
    return found


def _figures(turns: Sequence[Turn]) -> list[Figure]:
    def figure(name: str, one: str, other: str, what: str, **settings: Any) -> Figure:
        ratio = median(turn[one][what] / turn[other][what] for turn in turns)
        return Figure(name, ratio, len(turns), **settings)

    most = {"target": FIRST, "lower_is_better": True}
    figures = []
    for one in (OWN, FULL):
        said = SAID[one]
        figures += [
            figure(f"decode: {said} / bare generate", BARE, one, "token_s", target=DECODE),
            figure(f"first token: {said} / bare generate", one, BARE, "first_s", **most),
        ]
    if LLAMA in turns[0]:
        name = f"decode: mmqa / llama.cpp (goal >= {GOAL})"
        figures.append(figure(name, LLAMA, OWN, "token_s"))
    figures.append(figure(f"{BATCH} prompts at once: mmqa / bare generate", BARE, OWN, "batch_s"))
    if "picture_s" in turns[0][OWN]:
        name = "first token about a picture: mmqa / bare generate of as many tokens"
        figures.append(figure(name, OWN, BARE, "picture_s", **most))
    return figures


def _speeds(turns: Sequence[Turn]) -> dict[str, float]:
    """What was measured, for people."""
    units: dict[str, tuple[str, Callable[[float], float]]] = {
        "token_s": ("decode, tokens/s", lambda s: round(1 / s, 1)),
        "first_s": ("first token, ms", lambda s: round(1000 * s)),
        "batch_s": (f"{BATCH} prompts of {BATCH_TOKENS} tokens, s", lambda s: round(s, 2)),
        "picture_s": ("first token about a picture, ms", lambda s: round(1000 * s)),
    }
    return {
        f"{SAID[name]}, {unit}": value(median(turn[name][what] for turn in turns))
        for what, (unit, value) in units.items()
        for name in turns[0]
        if what in turns[0][name]
    }
