"""easy-VQA as a suite: a perfect eye, a blind one, and wrong pictures."""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from mmqa.corpora import easy_vqa as corpus
from mmqa.corpora import fetch
from mmqa.corpora.easy_vqa import COLOURS, SHAPES
from mmqa.evaluation import vqa, vqa_easy
from mmqa.evaluation.report import Figure
from mmqa.evaluation.vqa_easy import truth, with_wrong_pictures
from mmqa.records import Message, Picture, Prompt
from mmqa.training import easy_vqa
from mmqa.training.visual_examples import Asked

SHOWN = [("red", "circle"), ("red", "triangle"), ("blue", "rectangle"), ("teal", "triangle")]


class Plain:
    def prompt(self, question: str, pictures: Sequence[Picture]) -> Prompt:
        return Prompt((Message("user", question),), tuple(pictures))


class PerfectEye:
    """Answers what is true of the picture in the prompt."""

    sees = True

    def complete(
        self, prompts: Sequence[Prompt], *, max_tokens: int = 96, stop: Sequence[str] = ()
    ) -> list[str]:
        return [
            self._answer(p.messages[0].text, corpus.look(p.pictures[0].pixels)) for p in prompts
        ]

    @staticmethod
    def _answer(question: str, shown: tuple[str, str]) -> str:
        if easy_vqa.kind(question) == "yes-no":
            return truth(Asked(question, "", "yes-no"), shown)
        return shown[0] if "color" in question else shown[1]


class Blind:
    sees = False

    def complete(
        self, prompts: Sequence[Prompt], *, max_tokens: int = 96, stop: Sequence[str] = ()
    ) -> list[str]:
        return ["no"] * len(prompts)


def _draw(colour: str, shape: str) -> Image.Image:
    image = Image.new("RGB", (64, 64), (250, 240, 230))
    pen, box = ImageDraw.Draw(image), (20, 20, 44, 44)
    if shape == "circle":
        pen.ellipse(box, fill=COLOURS[colour])
    elif shape == "rectangle":
        pen.rectangle(box, fill=COLOURS[colour])
    else:
        pen.polygon([(32, 20), (20, 44), (44, 44)], fill=COLOURS[colour])
    return image


def _questions(colour: str, shape: str) -> list[tuple[str, str]]:
    other = {"red": "blue", "blue": "teal", "teal": "red"}[colour]
    return [
        ("what color is the shape?", colour),
        ("what shape is present?", shape),
        (f"is there a {colour} shape?", "yes"),
        (f"is there not a {other} shape?", "yes"),
    ]


@pytest.fixture
def corpora(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The package with four pictures in the test part, and all pairs in the training part."""
    monkeypatch.setenv(fetch.VARIABLE, str(tmp_path))
    root = tmp_path / f"easy-vqa-{fetch.packages()['easy-vqa'].sha256[:12]}" / corpus.DATA
    parts = {"test": SHOWN, "train": list(product(("red", "blue", "teal"), SHAPES))}
    for part, pairs in parts.items():
        (root / part / "images").mkdir(parents=True)
        asked = []
        for number, (colour, shape) in enumerate(pairs):
            _draw(colour, shape).save(root / part / "images" / f"{number}.png")
            asked += [[q, a, number] for q, a in _questions(colour, shape)]
        (root / part / "questions.json").write_text(json.dumps(asked), encoding="utf-8")
    return tmp_path


def by_name(figures: Sequence[Figure]) -> dict[str, Figure]:
    return {figure.name: figure for figure in figures}


def test_a_perfect_eye_reaches_every_target(corpora: Path) -> None:
    report = vqa_easy.run(PerfectEye(), Plain())
    figures = by_name(report.figures)
    assert figures["overall"].value == 1.0
    assert figures["overall"].n == 16
    assert figures["held-out pairs"].n == 8  # the red circle and the blue rectangle
    assert figures["yes/no"].n == figures["other"].n == 8
    told = report.how["a perfect eye with the wrong pictures"]
    assert figures["wrong picture"].value == pytest.approx(told, abs=0.0006)
    assert figures["wrong picture"].value <= 0.5
    assert report.passed
    assert report.misses == ()


def test_who_does_not_look_is_told_from_who_does(corpora: Path) -> None:
    report = vqa_easy.run(Blind(), Plain())
    figures = by_name(report.figures)
    assert figures["overall"].value == 0.0
    assert not report.passed
    # "is there a red shape?" and its like are always yes here, as training shows
    assert figures["yes/no"].chance == 1.0
    assert report.how["the model"] == "sees no pixels, only words about them"
    assert len(report.misses) == 16


def test_a_wrong_picture_has_another_colour_and_another_shape(corpora: Path) -> None:
    examples = easy_vqa.examples("test")
    asked = vqa.cases(examples)
    wrong = with_wrong_pictures(asked, examples)
    assert [c.asked for c in wrong] == [c.asked for c in asked]
    for case in wrong:
        assert not set(case.shown.group.split()) & set(case.example.group.split())
    assert [c.shown.key for c in wrong] == [
        c.shown.key for c in with_wrong_pictures(asked, examples)
    ]


def test_only_so_many_questions_are_put(corpora: Path) -> None:
    report = vqa_easy.run(PerfectEye(), Plain(), limit=3)
    assert by_name(report.figures)["overall"].n == 3


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("is there a teal shape?", "yes"),
        ("is no circle present?", "no"),
        ("does the image not contain a red shape?", "yes"),
        ("is a rectangle present?", "no"),
    ],
)
def test_the_truth_about_a_teal_circle(question: str, answer: str) -> None:
    assert truth(Asked(question, "", "yes-no"), ["teal", "circle"]) == answer


@pytest.mark.corpus
def test_the_truth_is_what_the_package_says_of_its_whole_test_part() -> None:
    asked = vqa.cases(easy_vqa.examples("test"))
    yes_no = [c for c in asked if c.asked.kind == "yes-no"]
    assert len(yes_no) > 7000
    told = [truth(c.asked, c.example.group.split()) == c.asked.answer for c in yes_no]
    assert np.mean(told) == 1.0
