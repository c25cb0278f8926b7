"""``eval ablation``: what ``--suite`` names."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path

import pytest

from mmqa.commands import eval_ablation
from mmqa.config import Config
from mmqa.errors import IndexMissingError, UsageError
from mmqa.evaluation import mixed
from mmqa.evaluation.collection import Collection
from mmqa.evaluation.questions_file import AskedFor

ASKED = tuple((AskedFor(str(n), ("a",)), frozenset({Path("/a")})) for n in range(3))


def _options(suite: str | None, limit: int | None = None) -> Namespace:
    return Namespace(suite=suite, limit=limit)


@pytest.fixture
def sides(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    loaded: list[str] = []

    def load(side: str, config: Config, progress: object = None) -> Collection:
        loaded.append(side)
        return Collection(side, (), (), ASKED)

    monkeypatch.setattr(mixed, "load", load)
    return loaded


@pytest.mark.parametrize(
    ("suite", "side"),
    [
        (None, "test"),
        ("mixed", "test"),
        ("mixed-train", "train"),
        ("mixed-development", "development"),
    ],
)
def test_mixed_is_the_test_side_and_others_are_named(
    suite: str | None, side: str, sides: list[str]
) -> None:
    found = eval_ablation.collection(_options(suite), Config(), lambda _: None)
    assert sides == [side]
    assert found.questions == ASKED


def test_a_limit_takes_the_first_questions(sides: list[str]) -> None:
    found = eval_ablation.collection(_options("mixed", 2), Config(), lambda _: None)
    assert found.questions == ASKED[:2]


def test_a_file_is_asked_of_the_configured_index(tmp_path: Path) -> None:
    file = tmp_path / "mine.jsonl"
    file.write_text('{"question": "q", "relevant": ["a"]}', encoding="utf-8")
    config = Config(index=str(tmp_path / "none"))
    with pytest.raises(IndexMissingError):
        eval_ablation.collection(_options(str(file)), config, lambda _: None)


def test_what_is_neither_is_a_usage_error_that_names_the_suites() -> None:
    with pytest.raises(UsageError, match=r"mixed-development"):
        eval_ablation.collection(_options("mixd"), Config(), lambda _: None)
