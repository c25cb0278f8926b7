"""What fewer bits cost and save: the same questions to full precision, int8 and NF4.

Knows: which modes are compared, and how their answers, memory and speed become figures. Refuses to
know: how a model is asked or timed (``quantization_process``), and how weights are quantized.

Every mode runs in a process of its own, so that memory is its own; they are timed by turns. What a
mode loses is the share of right answers of full precision minus its own, in points, with a paired
interval: both were asked the very same questions.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from functools import partial
from statistics import median
from typing import Any, Literal, TypeAlias

import numpy as np

from mmqa.config import Config
from mmqa.errors import ModelError
from mmqa.evaluation import vqa
from mmqa.evaluation.answers import holds
from mmqa.evaluation.evidence_questions import drawn
from mmqa.evaluation.line_process import Answering
from mmqa.evaluation.quantization_process import picture_cases, started
from mmqa.evaluation.report import Figure, Report, wilson
from mmqa.evaluation.significance import compare
from mmqa.interfaces import Progress
from mmqa.records import Chunk

Suite: TypeAlias = Literal["pictures", "passages"]

MAY_LOSE = 1.0
"""Points that the shipped default may lose."""


@dataclass(frozen=True, slots=True)
class Mode:
    """One way to hold the weights.

    Attributes:
        name: For people.
        settings: Settings that choose it.
        may_lose: Suite → points that it may lose against the first mode; others are told.
    """

    name: str
    settings: Mapping[str, Any]
    may_lose: Mapping[Suite, float] = field(default_factory=dict)


MODES: tuple[Mode, ...] = (
    Mode("full precision", {"quantization": "none"}),
    Mode("int8", {"quantization": "int8"}),
    Mode("NF4", {"quantization": "nf4"}, {"pictures": MAY_LOSE}),
)
"""The first is what the others are compared with."""

DEFAULT = Mode("shipped default", {"quantization": "auto"})
"""Measured beside the others, unless it is one of them with this model on this machine."""


@dataclass(frozen=True, slots=True)
class Size:
    """How much is measured.

    Attributes:
        pictures: Questions about pictures (easy-VQA's test part).
        passages: Questions about passages of text.
        rounds: How often each mode is timed.
        seed: Draws the questions.
    """

    pictures: int = 1000
    passages: int = 480
    rounds: int = 9
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Measured:
    """What was found of one mode.

    Attributes:
        said: Suite → its answers; suites that were not asked are not there.
        right: Suite → whether each is right.
        weight_bytes: Memory of the weights; 0 where the model does not tell.
        resident_bytes: Memory of its process after answering.
        loaded_s: How long loading took.
        prefill: Tokens a second, by round.
        decode: The same of writing; ``None`` where an answer ended at once.
    """

    said: Mapping[Suite, Sequence[str]]
    right: Mapping[Suite, Sequence[bool]]
    weight_bytes: int
    resident_bytes: int
    loaded_s: float
    prefill: Sequence[float]
    decode: Sequence[float | None]


def run(
    config: Config,
    *,
    modes: Sequence[Mode] = MODES,
    default: Mode = DEFAULT,
    size: Size | None = None,
    progress: Progress | None = None,
) -> Report:
    """Measure all modes.

    Args:
        config: All other settings.
        modes: The first is what the others are compared with.
        default: What people get who set nothing.
        size: How much is measured.
        progress: Told as questions are answered and rounds are timed.

    Raises:
        CorpusError: easy-VQA cannot be fetched.
        ModelError: A mode cannot be loaded, or the language model does not heed the settings.
    """
    size = size or Size()
    with ExitStack() as stack:
        running = {mode.name: _start(stack, config, mode) for mode in modes}
        _refuse_alike({name: one.facts for name, one in running.items()})
        shipped = _same(running, _start(stack, config, default))
        if isinstance(shipped, _Running):
            modes, running[default.name], shipped = [*modes, default], shipped, default.name
        asking = _Asking(size, running[modes[0].name].facts["sees"], progress)
        answers = {name: asking.all(one.ask, name) for name, one in running.items()}
        facts = {name: one.ask({"facts": True}) for name, one in running.items()}
        times = _by_turns({n: one.ask for n, one in running.items()}, size.rounds, progress)
    measured = {
        name: Measured(
            *answers[name],
            **{k: facts[name][k] for k in ("weight_bytes", "resident_bytes", "loaded_s")},
            prefill=[time["prefill"] for time in times[name]],
            decode=[time["decode"] for time in times[name]],
        )
        for name in running
    }
    return report(modes, measured, shipped=shipped)


@dataclass(frozen=True, slots=True)
class _Running:
    """A process, what it loaded, and how to end it."""

    ask: Answering
    facts: Mapping[str, Any]
    end: Callable[[], None]


def _start(stack: ExitStack, config: Config, mode: Mode) -> _Running:
    own = stack.enter_context(ExitStack())
    ask = own.enter_context(started(replace(config, **mode.settings)))
    return _Running(ask, ask({"facts": True}), own.close)


def _same(running: Mapping[str, _Running], default: _Running) -> str | _Running:
    """The mode that the default is, by name, and then it is ended; itself where it is none."""
    for name, one in running.items():
        if one.facts["fingerprint"] == default.facts["fingerprint"]:
            default.end()
            return name
    return default


def _refuse_alike(facts: Mapping[str, Mapping[str, Any]]) -> None:
    """A model that is served, say, is the same whatever is set: there is nothing to compare."""
    if len({one["fingerprint"] for one in facts.values()}) < len(facts):
        raise ModelError(
            "language_model",
            f"the language model is the same with any of {', '.join(facts)}",
            "Choose one that runs in this process (see `mmqa models list`, and the setting vlm).",
        )


class _Asking:
    """Puts the questions of both suites, in pieces, and marks the answers."""

    def __init__(self, size: Size, sees: bool, progress: Progress | None) -> None:
        self._size = size
        self._progress = progress
        self._marks: dict[Suite, list[Callable[[str], bool]]] = {
            "passages": [partial(holds, words=q.answer) for q in drawn(size.passages, size.seed)]
        }
        if sees and size.pictures:
            cases = picture_cases(size.pictures, size.seed)
            self._marks["pictures"] = [partial(vqa.right, answer=c.asked.answer) for c in cases]

    def all(
        self, process: Answering, name: str
    ) -> tuple[dict[Suite, list[str]], dict[Suite, list[bool]]]:
        """Suite → answers, and whether each is right."""
        said: dict[Suite, list[str]] = {}
        for suite, marks in self._marks.items():
            said[suite] = []
            while (done := len(said[suite])) < len(marks):
                asked = {"from": done, "to": done + vqa.BATCH, "seed": self._size.seed}
                n = self._size.pictures if suite == "pictures" else self._size.passages
                said[suite] += process({"ask": suite, "n": n, **asked})["said"]
                if self._progress is not None:
                    told = f"{name}: {suite}"
                    self._progress(Chunk(told, len(said[suite]), len(marks), "steps"))
        right = {
            suite: [mark(answer) for mark, answer in zip(marks, said[suite], strict=True)]
            for suite, marks in self._marks.items()
        }
        return said, right


def _by_turns(
    processes: Mapping[str, Answering], rounds: int, progress: Progress | None
) -> dict[str, list[dict[str, Any]]]:
    """Times of each mode, in an order that is drawn anew for each round; the first warms up."""
    rng = random.Random(0)
    times: dict[str, list[dict[str, Any]]] = {name: [] for name in processes}
    for turn in range(rounds + 1):
        for name in rng.sample(list(processes), len(processes)):
            times[name].append(processes[name]({"time": turn}))
        if progress is not None:
            progress(Chunk("timing", turn, rounds, "steps"))
    return {name: found[1:] for name, found in times.items()}


# --------------------------------------------------------------------------------- the report


def report(modes: Sequence[Mode], measured: Mapping[str, Measured], *, shipped: str) -> Report:
    """Figures of what was found.

    Args:
        modes: The first is what the others are compared with.
        measured: By the names of modes.
        shipped: Name of the one that is the default.
    """
    full = measured[modes[0].name]
    figures: list[Figure] = []
    for suite in full.said:
        for mode in modes:
            figures += _quality(suite, mode, measured[mode.name], full)
        figures.append(_default(suite, shipped, measured[shipped], full))
    for mode in modes[1:]:
        figures += _costs(mode.name, measured[mode.name], full)
    how: dict[str, str | int | float] = {
        "shipped default": shipped,
        "asked": "each mode the same questions, greedily; pictures: easy-VQA's test part, word for"
        " word; passages: the expected words stand in the answer",
        "lost": f"points of right answers less than {modes[0].name}; interval: paired bootstrap",
        "speed and memory": f"a process for each mode, ratios to {modes[0].name}, medians of rounds"
        " by turns",
    }
    if "pictures" not in full.said:
        how["pictures"] = "not asked: the language model does not see"
    for mode in modes:
        how |= _absolute(mode.name, measured[mode.name])
    return Report("quantization", tuple(figures), how)


def _quality(suite: Suite, mode: Mode, found: Measured, full: Measured) -> list[Figure]:
    right, n = sum(found.right[suite]), len(found.right[suite])
    figures = [Figure(f"{suite}, {mode.name}: right", right / n, n, *wilson(right, n))]
    if found is full:
        return figures
    same = sum(
        a.strip() == b.strip() for a, b in zip(found.said[suite], full.said[suite], strict=True)
    )
    figures.append(Figure(f"{suite}, {mode.name}: same words", same / n, n, *wilson(same, n)))
    name = f"{suite}, {mode.name}: points lost"
    return [*figures, _lost(name, suite, found, full, mode.may_lose.get(suite))]


def _default(suite: Suite, name: str, found: Measured, full: Measured) -> Figure:
    title = f"{suite}, shipped default ({name}): points lost"
    return _lost(title, suite, found, full, MAY_LOSE)


def _lost(
    name: str, suite: Suite, found: Measured, full: Measured, may_lose: float | None
) -> Figure:
    """Points lost, with their paired 95 % interval."""
    before, after = (np.array(m.right[suite], np.float64) for m in (full, found))
    lost = compare(100 * before, 100 * after).difference
    return Figure(
        name, lost.mean, len(before), lost.low, lost.high, target=may_lose, lower_is_better=True
    )


def _costs(name: str, found: Measured, full: Measured) -> list[Figure]:
    figures = [
        Figure(f"{name}: memory of {what}", ours / theirs, 1)
        for what, ours, theirs in (
            ("weights", found.weight_bytes, full.weight_bytes),
            ("process", found.resident_bytes, full.resident_bytes),
        )
        if ours and theirs
    ]
    both = {"prefill": (found.prefill, full.prefill), "decode": (found.decode, full.decode)}
    for what, (ours, theirs) in both.items():
        ratios = [a / b for a, b in zip(ours, theirs, strict=True) if a and b]
        if ratios:
            figures.append(Figure(f"{name}: {what} speed", median(ratios), len(ratios)))
    return figures


def _absolute(name: str, found: Measured) -> dict[str, float]:
    decode = [speed for speed in found.decode if speed]
    return {
        f"{name}: weights, MB": round(found.weight_bytes / 1e6, 1),
        f"{name}: process, MB": round(found.resident_bytes / 1e6, 1),
        f"{name}: loading, s": round(found.loaded_s, 2),
        **(
            {f"{name}: prefill, tokens/s": round(median(found.prefill), 1)} if found.prefill else {}
        ),
        **({f"{name}: decode, tokens/s": round(median(decode), 1)} if decode else {}),
    }
