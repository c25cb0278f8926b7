"""A process that is asked line by line: this very file is what runs in it."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

from mmqa.config import Config
from mmqa.errors import ModelError
from mmqa.evaluation.line_process import Answering, contestant, serve, serve_alone, started


class EndedError(Exception):
    """The process answers no more."""


def process(monkeypatch: pytest.MonkeyPatch, **environment: str) -> Any:
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent))
    return started(
        Path(__file__).stem,
        ["hello"],
        ended=EndedError,
        failed=lambda fact, remedy: ModelError("eye", fact, remedy),
        environment=environment,
    )


def test_each_question_gets_its_answer_and_the_process_ends_by_itself(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with process(monkeypatch) as ask:
        assert ask({"say": 1}) == {"said": ["hello", 1]}
        assert ask({"say": "é"}) == {"said": ["hello", "é"]}


def test_variables_may_be_set_for_it_beside_those_of_this_process(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("EYE", "closed")
    with process(monkeypatch, EYE="open") as ask:
        assert ask({"variable": "EYE"}) == {"said": ["hello", "open"]}
    with process(monkeypatch) as ask:
        assert ask({"variable": "EYE"}) == {"said": ["hello", "closed"]}


def test_what_goes_wrong_there_is_raised_here(monkeypatch: pytest.MonkeyPatch) -> None:
    with process(monkeypatch) as ask, pytest.raises(ModelError, match=r"too dark\. Light a lamp"):
        ask({"fail": True})


def test_one_that_died_is_told_with_its_status(monkeypatch: pytest.MonkeyPatch) -> None:
    with process(monkeypatch) as ask:
        with pytest.raises(EndedError) as ended:
            ask({"die": 7})
        assert ended.value.args == (7,)
        with pytest.raises(EndedError):
            ask({"say": 1})


def test_a_block_that_fails_does_not_wait_for_one_that_is_busy(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    began_s = time.monotonic()
    with pytest.raises(KeyError), process(monkeypatch) as ask:
        ask({"linger": True})
        raise KeyError
    assert time.monotonic() - began_s < 60


def test_a_contestant_is_told_its_name_and_dies_as_a_model(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent))
    with contestant(Path(__file__).stem, "bare", Config(), environment={"THREADS": "7"}) as ask:
        assert ask({"say": 1}) == {"said": ["bare", 1]}
        assert ask({"variable": "THREADS"}) == {"said": ["bare", "7"]}
        with pytest.raises(ModelError, match=r"the process of bare ended \(3\)"):
            ask({"die": 3})


def test_what_is_printed_stands_not_between_the_answers(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def loud() -> Answering:
        print("loading")
        return lambda asked: {"n": asked["n"] + 1}

    monkeypatch.setattr(sys, "stdin", StringIO('{"n": 1}\n{"n": 2}\n'))
    monkeypatch.setattr(sys, "stdout", sys.stdout)  # which is put back afterwards
    serve_alone(loud)
    told = capsys.readouterr()
    assert told.out.splitlines() == ['{"n": 2}', '{"n": 3}']
    assert told.err == "loading\n"


def answering() -> Answering:
    def answer(asked: dict[str, Any]) -> dict[str, Any]:
        if "die" in asked:
            sys.exit(asked["die"])
        if "fail" in asked:
            raise ModelError("eye", "it is too dark", "Light a lamp.")
        said = os.environ[asked["variable"]] if "variable" in asked else asked.get("say")
        return {"said": [sys.argv[1], said]}

    return answer


def lingering() -> Iterator[str]:
    """The questions; after one that says so, nothing is read for long."""
    for line in sys.stdin:
        yield line
        time.sleep(120 if "linger" in line else 0)


if __name__ == "__main__":
    serve(answering, lingering(), sys.stdout)
