"""Questions about charts that can be answered at a glance.

Knows: which facts of a chart are asked for, and that each answer is as frequent. Refuses to know:
which charts there are, how they are drawn, and the wording of the frames.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

from mmqa.training.chart_drawing import Chart, ChartKind
from mmqa.training.scene_facts import article
from mmqa.training.visual_examples import AnswerKind, Asked, Split
from mmqa.training.visual_phrasings import worded

FILE = Path(__file__).with_name("chart_phrasings.toml")

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
