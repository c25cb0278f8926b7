"""The words of the command line: help, version, wrong usage, exit codes."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from mmqa.cli import build_parser, main

COMMANDS = (
    *("add", "remove", "status", "verify", "rebuild", "compact", "search", "ask", "chat"),
    *("models", "doctor", "train", "eval", "bench"),
)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main([command, "--help"])
    assert stopped.value.code == 0
    assert f"usage: mmqa {command}" in capsys.readouterr().out


def test_without_a_command_the_help_is_shown_and_the_usage_is_wrong(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main([]) == 2
    assert "first steps" in capsys.readouterr().out


@pytest.mark.parametrize(
    "arguments",
    [["dance"], ["add"], ["search", "--modality", "smell"], ["ask", "x", "-k", "many"]],
)
def test_wrong_words_are_exit_code_2(arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(arguments)
    assert stopped.value.code == 2


def test_python_m_mmqa_is_mmqa() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "mmqa", "--version"], capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith("mmqa ")


@pytest.mark.parametrize(
    ("setting", "words"),
    [("threads", "has no '='"), ("threads=many", "threads"), ("colour=red", "colour")],
)
def test_a_wrong_setting_is_wrong_usage(
    setting: str, words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = main(["status", "--index", str(tmp_path), "--set", setting])
    assert code == 2
    assert words in capsys.readouterr().err


def test_models_are_listed_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models", "list", "--json"]) == 0
    presets = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [preset["preset"] for preset in presets] == ["embedded", "large", "small", "standard"]
    preset = presets[0]
    assert {role["role"] for role in preset["roles"]} >= {"text_encoder", "language_model"}


def test_an_unknown_preset_is_wrong_usage(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models", "pull", "colossal"]) == 2
    assert "embedded" in capsys.readouterr().err


def test_models_that_were_not_pulled_are_an_error_with_the_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MMQA_CACHE", str(tmp_path / "cache"))
    assert main(["add", str(tmp_path), "--index", str(tmp_path / "index")]) == 1
    assert "mmqa models pull embedded" in capsys.readouterr().err


def test_the_documentation_has_every_command() -> None:
    page = (Path(__file__).parents[1] / "docs/command-line.md").read_text(encoding="utf-8")
    for action in build_parser()._actions:
        for name in getattr(action, "choices", None) or {}:
            assert f"## mmqa {name}\n" in page
