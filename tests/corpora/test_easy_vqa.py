"""easy-VQA: which shape a picture shows is read from its pixels."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from mmqa.corpora import easy_vqa, fetch
from mmqa.corpora.easy_vqa import COLOURS, SHAPES, look
from mmqa.errors import CorpusError
from mmqa.records import Pixels


def drawn(colour: str, shape: str, box: tuple[int, int, int, int] = (20, 20, 44, 44)) -> Pixels:
    """A shape as the package draws it; a box may lie partly outside the picture."""
    image = Image.new("RGB", (64, 64), (250, 240, 230))
    pen = ImageDraw.Draw(image)
    left, top, right, bottom = box
    if shape == "circle":
        pen.ellipse(box, fill=COLOURS[colour])
    elif shape == "rectangle":
        pen.rectangle(box, fill=COLOURS[colour])
    else:
        corners = [((left + right) // 2, top), (left, bottom), (right, bottom)]
        pen.polygon(corners, fill=COLOURS[colour])
    return np.asarray(image)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("colour", COLOURS)
def test_every_colour_and_shape_is_told_from_the_others(colour: str, shape: str) -> None:
    assert look(drawn(colour, shape)) == (colour, shape)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("box", [(-6, 20, 20, 46), (44, 20, 70, 46), (20, 44, 44, 68)])
def test_a_shape_that_an_edge_cuts_off_is_still_told(
    shape: str, box: tuple[int, int, int, int]
) -> None:
    assert look(drawn("teal", shape, box)) == ("teal", shape)


def test_a_picture_without_a_shape_is_an_error() -> None:
    with pytest.raises(CorpusError, match="no shape"):
        look(np.full((64, 64, 3), 250, np.uint8))


def package(root: Path, part: str, questions: list[list[object]], pictures: list[Pixels]) -> None:
    """The package's files below ``root``, as ``fetch`` would have left them."""
    digest = fetch.packages()["easy-vqa"].sha256[:12]
    folder = root / f"easy-vqa-{digest}" / easy_vqa.DATA / part
    (folder / "images").mkdir(parents=True)
    (folder / "questions.json").write_text(json.dumps(questions), encoding="utf-8")
    for number, pixels in enumerate(pictures):
        Image.fromarray(pixels).save(folder / "images" / f"{number}.png")


def test_questions_stand_with_their_picture_in_the_package_s_order(tmp_path: Path) -> None:
    asked: list[list[object]] = [
        ["what color is the shape?", "red", 1],
        ["is there a circle?", "yes", 0],
        ["what shape is present?", "triangle", 1],
    ]
    package(tmp_path, "test", asked, [drawn("blue", "circle"), drawn("red", "triangle")])
    circle, triangle = easy_vqa.load("test", tmp_path)
    assert (circle.number, circle.colour, circle.shape) == (0, "blue", "circle")
    assert triangle.questions == (
        ("what color is the shape?", "red"),
        ("what shape is present?", "triangle"),
    )


def test_questions_that_are_no_json_are_an_error(tmp_path: Path) -> None:
    package(tmp_path, "train", [], [])
    next(tmp_path.rglob("questions.json")).write_text("{", encoding="utf-8")
    with pytest.raises(CorpusError, match="questions cannot be read"):
        easy_vqa.load("train", tmp_path)


def test_a_damaged_picture_is_named(tmp_path: Path) -> None:
    package(tmp_path, "train", [["is there a circle?", "no", 0]], [drawn("red", "triangle")])
    next(tmp_path.rglob("0.png")).write_bytes(b"no picture")
    with pytest.raises(CorpusError, match=r"0\.png"):
        easy_vqa.load("train", tmp_path)


@pytest.mark.corpus
def test_what_is_seen_agrees_with_every_answer_of_the_test_part() -> None:
    shapes = easy_vqa.load("test")
    named = [(s, a) for s in shapes for _, a in s.questions if a not in ("yes", "no")]
    assert len(shapes) == 1000
    assert len(named) > 2000
    assert all(answer in (shape.colour, shape.shape) for shape, answer in named)
