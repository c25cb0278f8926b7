"""How commands speak: JSON on one line, hostile paths on one line."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from mmqa.commands.output import printable, resumable, write_json, write_line


def test_json_keeps_chinese_and_writes_paths(capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    write_json({"path": Path("/a/照片.png"), "n": 1})
    line = capsysbinary.readouterr().out.decode("utf-8")
    assert "照片" in line
    assert json.loads(line) == {"path": "/a/照片.png", "n": 1}


def test_a_name_that_is_no_text_is_still_written(
    capsysbinary: pytest.CaptureFixture[bytes],
) -> None:
    write_json({"path": Path(os.fsdecode(b"latin-\xe9"))})
    assert capsysbinary.readouterr().out.count(b"\n") == 1


@pytest.mark.parametrize("name", ["a\nb", "tab\there", "bell\a", "\x1b[31mred"])
def test_a_path_cannot_move_the_cursor(name: str) -> None:
    assert printable(name).isprintable()


def test_a_line_the_terminal_cannot_show_is_escaped(capsys: pytest.CaptureFixture[str]) -> None:
    write_line("ok \udce9")
    assert capsys.readouterr().out == "ok \\udce9\n"


def test_whoever_stops_a_training_is_told_how_to_go_on(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(KeyboardInterrupt), resumable():
        raise KeyboardInterrupt
    assert "the same again with --resume" in " ".join(capsys.readouterr().err.split())


def test_a_training_that_ends_says_nothing_of_it(capsys: pytest.CaptureFixture[str]) -> None:
    with resumable():
        pass
    with pytest.raises(ValueError, match="no rows"), resumable():
        raise ValueError("no rows")
    assert capsys.readouterr().err == ""
