"""Settings: who wins over whom, and that nothing wrong is taken in silence."""

from __future__ import annotations

from pathlib import Path

import pytest

from mmqa.config import Config, load
from mmqa.errors import ConfigError


def test_without_any_source_the_defaults_hold() -> None:
    assert load(environ={}) == Config()


def test_flags_win_over_the_environment_and_that_over_the_file(tmp_path: Path) -> None:
    file = tmp_path / "mmqa.toml"
    file.write_text('threads = 1\nlanguage = "de"\nfusion = "weighted"\n')
    config = load(
        {"threads": 3, "ocr": None}, file=file, environ={"MMQA_THREADS": "2", "MMQA_LANGUAGE": "en"}
    )
    assert (config.threads, config.language, config.fusion) == (3, "en", "weighted")


def test_mmqa_toml_in_the_working_folder_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "mmqa.toml").write_text("answer_tokens = 7\n")
    monkeypatch.chdir(tmp_path)
    assert load(environ={}).answer_tokens == 7


@pytest.mark.parametrize(
    ("line", "named"),
    [
        ("thread = 1", "thread"),
        ('threads = "many"', "threads"),
        ("ocr = 3", "ocr"),
        ("threads = true", "threads"),
        ("threads =", "mmqa.toml"),
    ],
)
def test_a_wrong_file_is_an_error_that_names_the_setting(
    tmp_path: Path, line: str, named: str
) -> None:
    file = tmp_path / "mmqa.toml"
    file.write_text(line)
    with pytest.raises(ConfigError, match=named):
        load(file=file, environ={})


def test_a_file_that_was_named_but_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no configuration file"):
        load(file=tmp_path / "none.toml", environ={})


@pytest.mark.parametrize(("text", "value"), [("yes", True), ("0", False), ("False", False)])
def test_booleans_are_read_from_the_environment(text: str, value: bool) -> None:
    assert load(environ={"MMQA_OCR": text}).ocr is value


def test_numbers_are_read_from_the_environment() -> None:
    assert load(environ={"MMQA_MIN_SCORE": "2.5"}).min_score == 2.5


def test_all_cores_are_used_unless_told_otherwise() -> None:
    assert Config().thread_count >= 1
    assert Config(threads=3).thread_count == 3
