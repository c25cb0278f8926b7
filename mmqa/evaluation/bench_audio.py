"""Recordings added, against the bare recogniser; and the memory that three hours take.

Knows: what is said in them, what is compared, and what is to be reached. Refuses to know: how any
of it is run.

The same audio, weights and threads; one process each, asked by turns, so that whatever else the
machine does strikes all of them. Each turn has a recording of its own, of 5 minutes in which
somebody speaks most of the time: Asterisk's prompts, a second apart. Memory is the most that fresh
processes ever held, which added 10 minutes and 3 hours of the same, in which somebody speaks for a
quarter of the time.
"""

from __future__ import annotations

import random
import tempfile
import wave
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from statistics import median

import numpy as np

from mmqa.config import Config
from mmqa.corpora import asterisk
from mmqa.evaluation.bench_audio_process import started
from mmqa.evaluation.line_process import Answering
from mmqa.evaluation.report import BenchReport, Figure
from mmqa.interfaces import Progress
from mmqa.media.audio import RATE_HZ, read_audio
from mmqa.records import Chunk, Floats, Recording

SPEED = 1.25
"""Time of the whole pipeline, as a multiple of the bare recogniser's."""
MEMORY = 1.3
"""Most memory with three hours, as a multiple of that with ten minutes."""
SHORT_S, LONG_S = 600.0, 3 * 3600.0
TURN_S = 300.0
OWN, BARE, ALL = "mmqa", "bare", "bare-all"
NAMES = (OWN, BARE, ALL)

Turn = Mapping[str, Mapping[str, float]]
"""Contestant → what it measured."""


def run(
    config: Config | None = None,
    progress: Progress | None = None,
    rounds: int = 5,
    *,
    turn_s: float = TURN_S,
    short_s: float = SHORT_S,
    long_s: float = LONG_S,
) -> BenchReport:
    """Hear all recordings by turns, then weigh the memory of two fresh processes.

    Args:
        config: Settings; ``threads`` are everybody's.
        progress: Told after each turn.
        rounds: Turns; the medians over them count.
        turn_s: Length of the recording of a turn, in seconds.
        short_s: Length of the shorter recording whose memory is measured.
        long_s: Length of the longer one.

    Raises:
        CorpusError: The prompts cannot be fetched.
        ModelError: A model cannot be loaded, or failed.
    """
    settings = config or Config()
    prompts = _prompts(progress)
    with tempfile.TemporaryDirectory(prefix="mmqa-bench-audio-") as place:
        folder = Path(place)
        turns = _turns(settings, prompts, folder, (rounds, turn_s), progress)
        peaks = {
            length_s: _peak(settings, prompts, folder, length_s, progress)
            for length_s in (short_s, long_s)
        }
    return _report(settings, turns, turn_s, (peaks[short_s], short_s), (peaks[long_s], long_s))


def _report(
    config: Config,
    turns: Sequence[Turn],
    turn_s: float,
    short: tuple[int, float],
    long: tuple[int, float],
) -> BenchReport:
    """Of the turns, and of the most memory (bytes) that recordings of two lengths (s) took."""
    (short_bytes, short_s), (long_bytes, long_s) = short, long
    return BenchReport(
        suite="bench: audio",
        figures=(
            _ratio("bare recogniser with voice activity", BARE, turns, SPEED),
            _ratio("bare recogniser of all of it", ALL, turns, None),
            Figure(
                f"memory, {long_s / 60:.0f} minutes / {short_s / 60:.0f} minutes",
                long_bytes / short_bytes,
                1,
                target=MEMORY,
                lower_is_better=True,
            ),
        ),
        how={
            "threads, each": config.thread_count,
            "measured": f"medians of {len(turns)} turns of {turn_s:.0f} s, one process each",
            **{
                f"{name}, times as fast as it is heard": round(
                    median(turn_s / turn[name]["seconds"] for turn in turns), 1
                )
                for name in NAMES
            },
            **{
                f"{name}, words": round(sum(turn[name]["words"] for turn in turns))
                for name in NAMES
            },
            **{f"most memory with {s / 60:.0f} minutes, MB": b // 10**6 for b, s in (short, long)},
        },
    )


def _ratio(of: str, other: str, turns: Sequence[Turn], target: float | None) -> Figure:
    ratio = median(turn[OWN]["seconds"] / turn[other]["seconds"] for turn in turns)
    name = f"time of the whole pipeline / {of}"
    return Figure(name, ratio, len(turns), target=target, lower_is_better=True)


def _turns(
    config: Config,
    prompts: Sequence[Floats],
    folder: Path,
    turns: tuple[int, float],
    progress: Progress | None,
) -> list[Turn]:
    """What each took in each of so many turns of so many seconds.

    Every other turn goes in the opposite order; one before the first warms up.
    """
    found: list[Turn] = []
    rounds, turn_s = turns
    with ExitStack() as stack:
        asked: dict[str, Answering] = {
            name: stack.enter_context(started(name, config)) for name in NAMES
        }
        for turn in range(rounds + 1):
            path = folder / f"turn-{turn}.wav"
            write(path, talk(prompts, turn_s if turn else 60.0, share=1.0, seed=turn))
            order = NAMES[:: 1 if turn % 2 else -1]
            found.append({name: asked[name]({"take": str(path)}) for name in order})
            path.unlink()
            _tell(progress, "hearing by turns", turn + 1, rounds + 1)
    return found[1:]


def _peak(
    config: Config,
    prompts: Sequence[Floats],
    folder: Path,
    length_s: float,
    progress: Progress | None,
) -> int:
    path = folder / f"memory-{length_s:.0f}.wav"
    write(path, talk(prompts, length_s, share=0.25, seed=1000))
    with started(OWN, config) as ask:
        ask({"take": str(path)})
        peak = int(ask({"memory": True})["peak"])
    path.unlink()
    _tell(progress, f"hearing {length_s / 60:.0f} minutes", 1, 1)
    return peak


def _tell(progress: Progress | None, label: str, done: int, total: int) -> None:
    if progress is not None:
        progress(Chunk(label, done, total, "steps"))


def _prompts(progress: Progress | None) -> list[Floats]:
    recordings = (
        read_audio(one.path, "wav", 3600.0).recording for one in asterisk.load(progress=progress)
    )
    return [one.samples for one in recordings if isinstance(one, Recording)]


def talk(prompts: Sequence[Floats], length_s: float, share: float, seed: int) -> Iterator[Floats]:
    """Prompts in an order of their own, float32 blocks at 16 kHz, about ``length_s`` together.

    Args:
        prompts: What is said; again from the start when all were.
        length_s: Seconds.
        share: Of the time in which somebody speaks, a second's pause between prompts included.
        seed: Of the order.
    """
    rng = random.Random(seed)
    left = round(length_s * RATE_HZ)
    order: list[Floats] = []
    while left > 0:
        order = order or rng.sample(list(prompts), len(prompts))
        said = order.pop()
        pause = round((len(said) + RATE_HZ) / share) - len(said)
        block = np.concatenate([said, np.zeros(pause, np.float32)])[:left]
        left -= len(block)
        yield block


def write(path: Path, blocks: Iterator[Floats]) -> None:
    """Blocks as a WAV file of 16 bits, one after the other: three hours are never held."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE_HZ)
        for block in blocks:
            file.writeframes(np.rint(block.clip(-1, 1) * 32767).astype("<i2").tobytes())
