"""Questions in Chinese, asked of the samples with the real weights."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from mmqa import Library

pytestmark = pytest.mark.weights
SAMPLES = Path(__file__).parents[1] / "indexes/samples"
FILES = (
    "pictures/IMG_2035.jpg",
    "pictures/IMG_2054.png",
    "pictures/IMG_2057.jpg",
    "notes/会议记录.md",
    "notes/house manual.md",
)


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    media = tmp_path_factory.mktemp("media")
    for name in FILES:
        shutil.copy(SAMPLES / name, media)
    with Library.open(tmp_path_factory.mktemp("built") / "index") as opened:
        opened.add(media)
        yield opened


def test_a_picture_is_found_by_its_chinese_name(library: Library) -> None:
    best = library.search("哪张照片里有自行车？", k=1).hits[0]
    assert best.segment.path.name == "IMG_2054.png"


def test_the_answer_names_the_picture_and_what_it_looks_like_in_chinese(library: Library) -> None:
    answer = library.ask("哪张照片里有自行车？")
    assert answer.text.startswith("IMG_2054.png")
    assert "自行车" in answer.text
    assert "bicycle" not in answer.text


def test_english_evidence_answers_a_chinese_question(library: Library) -> None:
    assert "1.5 bar" in library.ask("锅炉的压力应该是多少？").text


def test_a_chinese_note_is_found_to_the_letter(library: Library) -> None:
    assert "李雪" in library.ask("谁负责地图印刷？").text


@pytest.mark.parametrize(
    "question", ["哪张照片里有大象？", "哪张照片里有囹圄？", "王强的电话号码是多少？"]
)
def test_what_is_not_there_is_not_answered(library: Library, question: str) -> None:
    assert library.ask(question).abstained
