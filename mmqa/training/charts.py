"""Charts to learn from, with questions that can be answered at a glance.

Knows: which charts there are, which of their facts are asked for, and that each answer is as
frequent. Refuses to know: how charts are drawn, and the wording of the frames.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from mmqa.training.chart_drawing import Chart, ChartKind, draw
from mmqa.training.scene_facts import article
from mmqa.training.scenes import COLOURS, Rgb, contrast
from mmqa.training.visual_examples import AnswerKind, Asked, Example, Split
from mmqa.training.visual_phrasings import worded

FILE = Path(__file__).with_name("chart_phrasings.toml")

VERSION = 1
"""Part of every key, since features are kept by key: raised when a key's picture changes."""

MOST = 8
"""Questions of one chart at most."""

CLEAR = 1.25
"""Least ratio of two values of which one is said to be larger."""

CALLED: dict[ChartKind, str] = {
    "bar": "bar chart",
    "row": "bar chart",
    "line": "line chart",
    "pie": "pie chart",
}

_PARTS: dict[ChartKind, tuple[str, str]] = {
    "bar": ("bar", "bars"),
    "row": ("bar", "bars"),
    "line": ("point", "points"),
    "pie": ("slice", "slices"),
}
_LARGE: dict[ChartKind, tuple[str, str, str, str]] = {
    "bar": ("taller", "shorter", "tallest", "shortest"),
    "row": ("longer", "shorter", "longest", "shortest"),
    "pie": ("larger", "smaller", "largest", "smallest"),
}
_ENDS: dict[ChartKind, tuple[str, str]] = {
    "bar": ("leftmost", "rightmost"),
    "row": ("top", "bottom"),
}
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
    """The words of a chart from top to bottom, as OCR gives them."""
    return " ".join(words for words in (chart.title, *chart.labels) if words)


def made(split: Split, rng: random.Random) -> Chart:
    """One chart of a split, drawn from ``rng``: each kind as likely, 2 to 6 parts."""
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
    if kind in _ENDS and rng.random() < 0.5:
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


def questions(chart: Chart, split: Split, rng: random.Random) -> tuple[Asked, ...]:
    """At most :data:`MOST` questions of a chart, none of them twice."""
    asking = _Asking(chart, split, rng)
    found = [*asking.kinds(), *asking.title()]
    found += asking.trend() if chart.kind == "line" else asking.parts()
    rng.shuffle(found)
    kept = {asked.question.lower(): asked for asked in found[:MOST]}
    return tuple(kept.values())


class _Asking:
    """One chart and the means to ask about it."""

    def __init__(self, chart: Chart, split: Split, rng: random.Random) -> None:
        self.chart = chart
        self.split = split
        self.rng = rng

    def ask(self, asked: str, answer: str, kind: AnswerKind, **slots: str) -> Asked:
        part, parts = _PARTS[self.chart.kind]
        slots = {"part": part, "parts": parts, **slots}
        spelt = self.rng.choice(("gray", "grey"))
        slots = {name: words.replace("gray", spelt) for name, words in slots.items()}
        question, phrasing = worded(FILE, asked, self.split, slots, self.rng)
        return Asked(question, answer, kind, phrasing)

    def confirm(self, asked: str, true: bool, **slots: str) -> Asked:
        return self.ask(asked, "yes" if true else "no", "yes-no", **slots)

    def kinds(self) -> Iterator[Asked]:
        called = CALLED[self.chart.kind]
        yield self.ask("kind", called, "chart")
        true = self.rng.random() < 0.5
        told = called if true else self.rng.choice(sorted(set(CALLED.values()) - {called}))
        yield self.confirm("is_kind", true, a=article(told))

    def title(self) -> Iterator[Asked]:
        if self.chart.title:
            yield self.ask("title", self.chart.title, "read")

    def trend(self) -> Iterator[Asked]:
        rises = self.chart.values[-1] > self.chart.values[0]
        yield self.ask("trend", "rise" if rises else "fall", "chart")
        yield self.ask("colour", self.chart.colours[0], "colour", the="the line")

    def parts(self) -> Iterator[Asked]:
        """What is asked of bars and slices."""
        yield self.ask("parts", str(len(self.chart.values)), "count")
        yield from self.extremes()
        yield from self.ends()
        yield from self.compared()

    def extremes(self) -> Iterator[Asked]:
        part, _ = _PARTS[self.chart.kind]
        _, _, most, least = _LARGE[self.chart.kind]
        for word, value in ((most, max(self.chart.values)), (least, min(self.chart.values))):
            colour = self.chart.colours[self.chart.values.index(value)]
            yield self.ask("colour", colour, "colour", the=f"the {word} {part}")

    def ends(self) -> Iterator[Asked]:
        """Colours of the outermost bars, and whether one is the tallest: as often as not."""
        if self.chart.kind not in _ENDS:
            return
        part, _ = _PARTS[self.chart.kind]
        for place, word in zip((0, -1), _ENDS[self.chart.kind], strict=True):
            if self.rng.random() < 0.4:
                colour = self.chart.colours[place]
                yield self.ask("colour", colour, "colour", the=f"the {word} {part}")
        true = self.rng.random() < 0.5
        claims = list(self._claims())
        if any(claim[2] for claim in claims):
            end, most, _ = self.rng.choice([claim for claim in claims if claim[2] is true])
            yield self.confirm("is_extreme", true, end=f"the {end} {part}", most=most)

    def _claims(self) -> Iterator[tuple[str, str, bool]]:
        values = self.chart.values
        _, _, most, least = _LARGE[self.chart.kind]
        for place, end in zip((0, -1), _ENDS[self.chart.kind], strict=True):
            yield end, most, values[place] == max(values)
            yield end, least, values[place] == min(values)

    def compared(self) -> Iterator[Asked]:
        """Which of two parts is larger, and whether one is."""
        part, _ = _PARTS[self.chart.kind]
        more, less, _, _ = _LARGE[self.chart.kind]
        for asked in ("larger", "is_larger"):
            first, second = self.rng.sample(range(len(self.chart.values)), 2)
            one, other = (self.chart.values[place] for place in (first, second))
            if max(one, other) < CLEAR * min(one, other):
                continue
            words = [f"the {self.chart.colours[place]} {part}" for place in (first, second)]
            upwards = self.rng.random() < 0.5
            true = (one > other) is upwards
            slots = {"one": words[0], "other": words[1], "more": more if upwards else less}
            if asked == "larger":
                yield self.ask(asked, words[0 if true else 1], "size", **slots)
            else:
                yield self.confirm(asked, true, **slots)
