"""Charts to learn from: what they show, under which words.

Knows: which charts there are, that the tallest and the shortest part clearly are, and which titles
and labels are kept out of training. Refuses to know: how charts are drawn, what is asked of them.
"""

from __future__ import annotations

import random
from functools import partial
from math import cos, radians

from mmqa.training.chart_drawing import Chart, ChartKind, draw, middles
from mmqa.training.chart_questions import questions
from mmqa.training.scenes import COLOURS, Rgb, contrast
from mmqa.training.visual_examples import Example, Split

VERSION = 1
"""Part of every key, since features are kept by key: raised when a key's picture changes."""

_GROUNDS: tuple[Rgb, ...] = (
    (255, 255, 255),
    (255, 255, 255),
    (248, 246, 238),
    (236, 242, 248),
    (30, 32, 40),
)

_SERIES: dict[str, tuple[str, ...]] = {
    "train": (
        "Jan Feb Mar Apr May Jun",
        "Mon Tue Wed Thu Fri Sat",
        "A B C D E F",
        "2019 2020 2021 2022 2023 2024",
        "Rome Oslo Bern Lima Cairo Delhi",
        "tea milk juice water cola beer",
        "cats dogs birds fish mice pigs",
        "team crew army navy guild club",
    ),
    "test": (
        "Jul Aug Sep Oct Nov Dec",
        "Q1 Q2 Q3 Q4 Q5 Q6",
        "P Q R S T U",
        "Paris Tokyo Quito Kyiv Seoul Turin",
        "bus tram car bike train ship",
    ),
}
_TITLES: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "train": (
        ("Sales", "Visitors", "Rainfall", "Votes", "Income", "Costs", "Members", "Tickets"),
        ("", "per group", "2023", "by region", "this year", "in total", "of the club", "(%)"),
    ),
    "test": (
        ("Profit", "Guests", "Snowfall", "Points", "Exports", "Patients", "Parcels"),
        ("", "2025", "by class", "last week", "in thousands", "at a glance"),
    ),
}


def examples(split: Split, count: int, *, seed: int = 0) -> list[Example]:
    """The first ``count`` charts of a split, source ``charts``; the same for the same seed.

    Args:
        split: Titles, labels and phrasings of ``test`` are never trained on; ``development`` has
            those of ``train``.
        count: How many charts.
        seed: Another seed, other charts.
    """
    return [_example(split, number, seed) for number in range(count)]


def _example(split: Split, number: int, seed: int) -> Example:
    rng = random.Random(f"charts {split} {seed} {number}")
    chart = made(split, rng)
    return Example(
        key=f"v{VERSION}-{split}-{seed}-{number}",
        source="charts",
        pictures=(partial(draw, chart),),
        asked=questions(chart, split, rng),
        read=(read(chart),),
    )


def read(chart: Chart) -> str:
    """The words of a chart from top to bottom, a line each, as OCR gives them."""
    labels = chart.labels
    if chart.kind == "pie":
        heights = [-cos(radians(angle)) for angle in middles(chart)]
        labels = tuple(label for _, label in sorted(zip(heights, labels, strict=True)))
    return "\n".join(words for words in (chart.title, *labels) if words)


def made(split: Split, rng: random.Random) -> Chart:
    """One chart of a split, drawn from ``rng``: of 2 to 6 parts."""
    kind: ChartKind = rng.choices(("bar", "row", "line", "pie"), (2, 2, 3, 3))[0]
    count = rng.randint(3, 6) if kind == "line" else rng.randint(2, 6)
    ground = rng.choice(_GROUNDS)
    colours = _colours(1 if kind == "line" else count, ground, rng)
    values = _trend(count, rng) if kind == "line" else _values(count, kind, rng)
    return Chart(
        kind,
        _title(split, rng),
        _labels(split, count, rng),
        values,
        tuple(name for name, _ in colours),
        tuple(tone for _, tone in colours),
        ground,
        ink=(40, 40, 40) if sum(ground) > 380 else (225, 225, 225),
        grid=rng.random() < 0.4,
        width=rng.uniform(0.3, 0.6) if kind == "line" else rng.uniform(0.5, 0.85),
        start=rng.uniform(0, 360),
        dots=rng.random() < 0.5,
    )


def _colours(count: int, ground: Rgb, rng: random.Random) -> list[tuple[str, Rgb]]:
    """Different colours that are seen on the ground."""
    seen = [
        (name, tone)
        for name, tones in COLOURS.items()
        for tone in [rng.choice(tones)]
        if contrast(tone, ground) >= 130
    ]
    return rng.sample(seen, count)


def _values(count: int, kind: ChartKind, rng: random.Random) -> tuple[float, ...]:
    """Values of which the largest and the smallest clearly are.

    At an end of a bar chart stands an extreme as often as not, lest "is the leftmost the tallest?"
    be mostly wrong.
    """
    inner = sorted(rng.uniform(0.42, 0.76) for _ in range(max(0, count - 2)))
    least = rng.uniform(0.18, 0.3) if kind != "pie" else rng.uniform(0.22, 0.32)
    values = [least, *inner, 1.0]
    rng.shuffle(values)
    if kind in ("bar", "row") and rng.random() < 0.5:
        extreme = rng.choice((min(values), max(values)))
        values.remove(extreme)
        values.insert(rng.choice((0, len(values))), extreme)
    return tuple(values)


def _trend(count: int, rng: random.Random) -> tuple[float, ...]:
    """Values that rise or fall from the first to the last, each step by at least a little."""
    steps = [rng.uniform(0.5, 1.5) for _ in range(count - 1)]
    low = rng.uniform(0.05, 0.3)
    values = [low]
    for step in steps:
        values.append(values[-1] + step * (1 - low) / sum(steps))
    return tuple(values if rng.random() < 0.5 else reversed(values))


def _labels(split: Split, count: int, rng: random.Random) -> tuple[str, ...]:
    if rng.random() < 0.15:
        return ("",) * count
    words = rng.choice(_SERIES["test" if split == "test" else "train"]).split()
    start = rng.randint(0, max(0, len(words) - count))
    return tuple((words * 2)[start : start + count])


def _title(split: Split, rng: random.Random) -> str:
    if rng.random() < 0.15:
        return ""
    firsts, seconds = _TITLES["test" if split == "test" else "train"]
    return f"{rng.choice(firsts)} {rng.choice(seconds)}".strip()
