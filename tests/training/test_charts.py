"""Charts: extremes are clear, words are kept apart by split, answers are true and balanced."""

from __future__ import annotations

import random
import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from functools import cache, partial

import numpy as np
import pytest

from mmqa.training.chart_drawing import Chart
from mmqa.training.charts import examples, made, read
from mmqa.training.scenes import COLOURS, contrast
from mmqa.training.visual_examples import Asked, Example, Split

SPLITS: tuple[Split, ...] = ("train", "development", "test")


@cache
def drawn(split: Split) -> list[Example]:
    return examples(split, 1000)


def every(split: Split) -> Iterator[tuple[Chart, Asked]]:
    for example in drawn(split):
        (picture,) = example.pictures
        assert isinstance(picture, partial)
        for asked in example.asked:
            yield picture.args[0], asked


def section(asked: Asked) -> str:
    return asked.phrasing.split("/")[0]


def parts(asked: Asked, chart: Chart) -> list[int]:
    """Places of the bars or slices whose colours a question names, in its order."""
    words = re.findall(r"[a-z]+", asked.question.lower().replace("grey", "gray"))
    found = [chart.colours.index(word) for word in words if word in COLOURS]
    return found[::-1] if words[0] in ("compared", "set") else found


def test_the_same_split_number_and_seed_give_the_same_chart() -> None:
    one, other = examples("test", 4, seed=3), examples("test", 6, seed=3)[:4]
    for first, second in zip(one, other, strict=True):
        assert (first.key, first.asked, first.read) == (second.key, second.asked, second.read)
        pixels, again = (e.pictures[0]().pixels for e in (first, second))
        assert np.array_equal(pixels, again)
    assert examples("test", 4, seed=4)[0].asked != one[0].asked


def test_keys_are_unique_and_the_source_is_charts() -> None:
    everything = [e for split in SPLITS for e in drawn(split)]
    assert len({e.key for e in everything}) == len(everything)
    assert {e.source for e in everything} == {"charts"}


def test_the_largest_and_the_smallest_clearly_are_and_colours_are_seen() -> None:
    for seed in range(500):
        chart = made("train", random.Random(seed))
        assert len(chart.labels) == len(chart.values)
        assert all(contrast(tone, chart.ground) >= 130 for tone in chart.tones)
        if chart.kind == "line":
            rising = np.diff(chart.values) > 0
            assert rising.all() or not rising.any()
            assert len(chart.colours) == 1
            continue
        values = sorted(chart.values)
        assert 2 <= len(values) <= 6
        assert values[-1] >= 1.25 * values[-2]
        assert values[1] >= 1.25 * values[0]
        assert len(set(chart.colours)) == len(chart.tones) == len(values)


def test_words_are_read_from_top_to_bottom_a_line_each() -> None:
    bars = Chart("bar", "Sales", ("A", "B"), (1, 2), ("red", "blue"), ((1, 1, 1), (2, 2, 2)))
    assert read(bars) == "Sales\nA\nB"
    # the first slice is the right half when it begins upwards, and the lower when a quarter on
    tones = ((1, 1, 1), (2, 2, 2))
    pie = Chart("pie", "", ("A", "B"), (1, 1), ("red", "blue"), tones, start=90.0)
    assert read(pie) == "B\nA"
    assert read(Chart("bar", "", ("", ""), (1, 2), ("red", "blue"), tones)) == ""


def test_titles_and_labels_of_the_test_are_never_trained_on() -> None:
    words = {split: {w for e in drawn(split) for w in e.read[0].split()} for split in SPLITS}
    # "by" and "in" join words of titles
    assert words["test"] & (words["train"] | words["development"]) <= {"by", "in"}
    assert words["development"] <= words["train"]


def test_no_phrasing_of_the_test_is_trained_on() -> None:
    phrasings = {split: {a.phrasing for e in drawn(split) for a in e.asked} for split in SPLITS}
    assert not phrasings["test"] & (phrasings["train"] | phrasings["development"])
    assert phrasings["development"] <= phrasings["train"]


@pytest.mark.parametrize("split", SPLITS)
def test_kind_number_and_title_are_those_of_the_chart(split: Split) -> None:
    called = {"bar": "bar chart", "row": "bar chart", "line": "line chart", "pie": "pie chart"}
    for chart, asked in every(split):
        if section(asked) == "kind":
            assert asked.answer == called[chart.kind]
        elif section(asked) == "is_kind":
            assert asked.answer == ("yes" if called[chart.kind] in asked.question.lower() else "no")
        elif section(asked) == "parts":
            assert asked.answer == str(len(chart.values))
        elif section(asked) == "title":
            assert asked.answer == chart.title != ""
        elif section(asked) == "trend":
            assert asked.answer == ("rise" if chart.values[-1] > chart.values[0] else "fall")


@pytest.mark.parametrize("split", SPLITS)
def test_colours_are_those_of_the_part_that_is_meant(split: Split) -> None:
    for chart, asked in every(split):
        if section(asked) == "colour":
            question = asked.question.lower()
            meant = {
                "tallest|longest|largest": int(np.argmax(chart.values)),
                "shortest|smallest": int(np.argmin(chart.values)),
                "leftmost|top bar|the line": 0,
                "rightmost|bottom bar": -1,
            }
            (place,) = (at for words, at in meant.items() if re.search(words, question))
            assert asked.answer == chart.colours[place], asked


@pytest.mark.parametrize("split", SPLITS)
def test_comparisons_and_claims_about_ends_are_true(split: Split) -> None:
    for chart, asked in every(split):
        question = asked.question.lower()
        if section(asked) in ("larger", "is_larger"):
            one, other = parts(asked, chart)
            less = re.search("shorter|smaller", question) is not None
            first = (chart.values[one] < chart.values[other]) is less
            if section(asked) == "is_larger":
                assert asked.answer == ("yes" if first else "no")
            else:
                assert chart.colours[one if first else other] in asked.answer
        elif section(asked) == "is_extreme":
            end = 0 if re.search("leftmost|top bar", question) else -1
            extreme = min if "shortest" in question else max
            true = chart.values[end] == extreme(chart.values)
            assert asked.answer == ("yes" if true else "no")


@pytest.mark.parametrize("split", SPLITS)
def test_no_answer_is_likelier_than_chance_whatever_is_asked(split: Split) -> None:
    said: dict[str, Counter[str]] = defaultdict(Counter)
    for _, asked in every(split):
        said[section(asked)][asked.answer] += 1
    chance = {"kind": 1 / 3, "parts": 1 / 5, "colour": 1 / 12, "title": 1 / 30, "larger": 1 / 20}
    for name, answers in said.items():
        most = answers.most_common(1)[0][1] / answers.total()
        expected = chance.get(name, 1 / 2)
        assert most < 1.2 * expected + 4 * (expected / answers.total()) ** 0.5, (name, most)
