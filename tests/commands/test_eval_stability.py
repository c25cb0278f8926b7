"""Which collection ``--suite`` names; the measuring itself has tests of its own."""

from __future__ import annotations

import json
from argparse import Namespace
from pathlib import Path

import pytest

from mmqa.commands import eval_stability
from mmqa.errors import ConfigError
from mmqa.evaluation import mixed
from mmqa.evaluation.collection import Collection
from mmqa.library import Library


def options(suite: str | None, index: Path | None = None) -> Namespace:
    return Namespace(suite=suite, index=index, set=["ocr=true"], config=None, limit=None, seed=0)


@pytest.mark.parametrize(
    ("suite", "side"),
    [(None, "test"), ("mixed", "test"), ("mixed-development", "development")],
)
def test_the_mixed_collection_is_asked_on_the_side_that_was_named(
    suite: str | None, side: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mixed, "load", lambda side, *_, **__: Collection(side, (), (), ()))
    config, found = eval_stability.collected(options(suite), lambda _chunk: None)
    assert found.name == side
    assert (config.ocr, config.fusion) == (False, "concat"), "as its index was made"


@pytest.mark.weights
def test_a_file_of_questions_is_asked_of_the_index(tmp_path: Path, media: Path) -> None:
    with Library.open(tmp_path / "index") as library:
        library.add(media)
    file = tmp_path / "mine.jsonl"
    file.write_text(json.dumps({"question": "a.txt ferry", "relevant": ["a.txt"]}) + "\n")
    config, found = eval_stability.collected(
        options(str(file), tmp_path / "index"), lambda _chunk: None
    )
    assert found.name == "mine"
    assert found.questions[0][1] == {(media / "a.txt").resolve()}
    assert config.ocr
    with pytest.raises(ConfigError, match="cannot be read"):
        eval_stability.collected(options("nowhere.jsonl", tmp_path / "index"), lambda _c: None)
