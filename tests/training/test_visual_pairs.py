"""A user's own questions: good rows, and bad ones by their line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from mmqa.config import Config
from mmqa.errors import MediaError, UsageError
from mmqa.media.reader import FileReader
from mmqa.training.visual_pairs import LEAST, read

CONFIG = Config()
READER = FileReader(CONFIG.max_pixels, CONFIG.max_text_bytes, CONFIG.max_audio_s)


def picture(folder: Path, number: int) -> str:
    name = f"{number}.png"
    Image.new("RGB", (12, 10), (number * 5, 20, 30)).save(folder / name)
    return name


def row(image: str, question: str = "What is it?", answer: str = "a kite") -> dict[str, Any]:
    return {"image": image, "question": question, "answer": answer}


@pytest.fixture
def rows(tmp_path: Path) -> list[dict[str, Any]]:
    return [row(picture(tmp_path, n)) for n in range(30)]


def written(folder: Path, rows: list[Any], name: str = "rows.jsonl") -> Path:
    file = folder / name
    lines = [r if isinstance(r, str) else json.dumps(r) for r in rows]
    file.write_text("\n".join(lines), encoding="utf-8")
    return file


def test_each_picture_is_one_example_with_all_its_questions(
    tmp_path: Path, rows: list[dict[str, Any]]
) -> None:
    rows += [row("3.png", " Is it  red? ", "no"), row("./3.png", "How many?", "2")]
    fitted, development = read([written(tmp_path, [*rows, "", "  "])], READER)
    examples = fitted + development
    assert len(examples) == 30
    (one,) = [e for e in examples if len(e.asked) > 1]
    assert [(a.question, a.answer) for a in one.asked] == [
        ("What is it?", "a kite"),
        ("Is it  red?", "no"),
        ("How many?", "2"),
    ]
    assert one.source == "own"
    assert one.pictures[0]().pixels[0, 0].tolist() == [15, 20, 30]


def test_a_tenth_of_the_pictures_is_not_fitted_to_whatever_the_order_of_the_rows(
    tmp_path: Path, rows: list[dict[str, Any]]
) -> None:
    fitted, development = read([written(tmp_path, rows)], READER)
    assert (len(fitted), len(development)) == (27, 3)
    assert not {e.key for e in fitted} & {e.key for e in development}
    again = read([written(tmp_path, rows[::-1])], READER)[1]
    assert {e.key for e in again} == {e.key for e in development}


def test_several_files_are_read_each_relative_to_its_own_folder(tmp_path: Path) -> None:
    files = []
    for name in ("one", "two"):
        folder = tmp_path / name
        folder.mkdir()
        start = 0 if name == "one" else 20
        files.append(written(folder, [row(picture(folder, start + n)) for n in range(15)]))
    fitted, development = read(files, READER)
    assert len(fitted) + len(development) == 30


@pytest.mark.parametrize(
    "bad",
    [
        "{not json",
        "[1, 2]",
        '"words"',
        "null",
        '{"image": "3.png", "question": "What is it?"}',
        '{"image": "gone.png", "question": "What is it?", "answer": "a kite"}',
        '{"image": "3.png", "question": " ", "answer": "a kite"}',
        '{"image": "3.png", "question": "What is it?", "answer": ""}',
        '{"image": "", "question": "What is it?", "answer": "a kite"}',
        '{"image": "three\\u0000.png", "question": "What is it?", "answer": "a kite"}',
        '{"image": "' + "long" * 80 + '.png", "question": "What is it?", "answer": "a kite"}',
        '{"image": "3.png", "question": "What is it?", "answer": null}',
        '{"image": "3.png", "question": ["What is it?"], "answer": "a kite"}',
        '{"image": "3.png", "question": "Is it a kite?", "answer": true}',
    ],
)
def test_a_bad_row_is_named_by_its_file_and_line(
    tmp_path: Path, rows: list[dict[str, Any]], bad: str
) -> None:
    file = written(tmp_path, [*rows[:2], "", bad, *rows[2:]])
    with pytest.raises(UsageError, match=r"rows\.jsonl', line 4") as caught:
        read([file], READER)
    assert '"answer": "a kite"' in caught.value.remedy


def test_a_number_may_be_written_as_one(tmp_path: Path, rows: list[dict[str, Any]]) -> None:
    counted = {"image": "0.png", "question": "How many?", "answer": 3}
    fitted, development = read([written(tmp_path, [*rows, counted])], READER)
    assert "3" in [one.answer for e in fitted + development for one in e.asked]


def test_too_few_pictures_say_how_many_there_are(
    tmp_path: Path, rows: list[dict[str, Any]]
) -> None:
    with pytest.raises(UsageError, match=f"about 19 pictures, and {LEAST}"):
        read([written(tmp_path, rows[:19] * 2)], READER)
    assert len(read([written(tmp_path, rows[:20])], READER)[1]) == 2
    with pytest.raises(UsageError, match="about 0 pictures"):
        read([written(tmp_path, [])], READER)


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"gone\.jsonl"):
        read([tmp_path / "gone.jsonl"], READER)
    (tmp_path / "bytes.jsonl").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(UsageError, match=r"bytes\.jsonl"):
        read([tmp_path / "bytes.jsonl"], READER)


def test_a_file_that_is_no_picture_is_named_when_it_is_looked_at(
    tmp_path: Path, rows: list[dict[str, Any]]
) -> None:
    (tmp_path / "note.txt").write_text("Buy milk on Tuesday, and bread.", encoding="utf-8")
    fitted, development = read([written(tmp_path, [row("note.txt"), *rows])], READER)
    with pytest.raises(UsageError, match=r"note\.txt.*no picture"):
        for example in fitted + development:
            example.pictures[0]()


def test_a_damaged_picture_is_named_when_it_is_looked_at(
    tmp_path: Path, rows: list[dict[str, Any]]
) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (40, 40, 3), np.uint8)
    Image.fromarray(noise).save(tmp_path / "cut.png")
    whole = (tmp_path / "cut.png").read_bytes()
    (tmp_path / "cut.png").write_bytes(whole[:60])
    fitted, development = read([written(tmp_path, [row("cut.png"), *rows])], READER)
    with pytest.raises(MediaError, match=r"cut\.png"):
        for example in fitted + development:
            example.pictures[0]()
