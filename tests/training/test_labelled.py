import json
from pathlib import Path

import numpy as np
import pytest

from mmqa.errors import UsageError
from mmqa.training.labelled import parse, read, side_of, sides


def test_rows_that_cannot_be_meant_are_refused_one_by_one(tmp_path: Path):
    (tmp_path / "a.jpg").write_bytes(b"x")
    rows = [
        '{"image": "a.jpg", "text": " our ferry ", "label": "travel"}',
        '{"image": "b.jpg", "label": "travel"}',
        '{"text": "hello"}',
        '{"label": "travel"}',
        '{"text": "hello", "label": "travel", "colour": "red"}',
        '{"text": 3, "label": "travel"}',
        "no json",
        "[1]",
    ]
    file = tmp_path / "rows.jsonl"
    file.write_text("\n".join(rows) + "\n\n")
    examples, refused = read([file])
    (one,) = examples
    assert (one.image, one.text, one.label) == (tmp_path / "a.jpg", "our ferry", "travel")
    assert one.where == "rows.jsonl, line 1"
    assert [line.partition(":")[0] for line in refused] == [
        f"rows.jsonl, line {number}" for number in range(2, 9)
    ]
    assert "there is no file 'b.jpg'" in refused[0]
    assert "no label" in refused[1]
    assert "neither image nor audio nor text" in refused[2]
    assert "'colour' means nothing" in refused[3]


def test_files_without_one_good_row_are_an_error(tmp_path: Path):
    (tmp_path / "rows.jsonl").write_text('{"text": "hello"}\n')
    with pytest.raises(UsageError, match=r"no example to learn from .*no label"):
        read([tmp_path / "rows.jsonl"])
    with pytest.raises(UsageError, match="cannot be read"):
        read([tmp_path / "none.jsonl"])


def test_a_path_that_is_no_path_is_a_reason(tmp_path: Path):
    with pytest.raises(ValueError, match="there is no file"):
        parse(json.dumps({"image": "a\0b", "label": "x"}), folder=tmp_path)


def test_rows_that_hold_the_same_thing_fall_on_one_side():
    rng = np.random.default_rng(0)
    rows = [(f"picture {rng.integers(60)}", f"words {rng.integers(60)}") for _ in range(300)]
    found: dict[str, set[str]] = {}
    for names, side in zip(rows, sides(rows), strict=True):
        for name in names:
            found.setdefault(name, set()).add(side)
    assert all(len(one) == 1 for one in found.values())


def test_about_a_fifth_tests_and_a_seventh_chooses():
    said = [side_of(str(number)) for number in range(2000)]
    assert 0.17 < said.count("test") / 2000 < 0.23
    assert 0.12 < said.count("development") / 2000 < 0.18
