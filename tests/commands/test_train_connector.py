"""``mmqa train connector`` as a person types it: own questions, a small language model."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from PIL import Image

from mmqa.cli import main
from mmqa.vlm.mini import adapters, connector

from ..vlm.mini.small_chat import saved


@pytest.fixture(scope="module")
def words(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return saved(tmp_path_factory.mktemp("words") / "model")


@pytest.fixture(scope="module")
def pairs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twenty plain pictures, red or blue, each with a question."""
    folder = tmp_path_factory.mktemp("pairs")
    rows = []
    for number in range(20):
        colour = ("red", "blue")[number % 2]
        shade = (200 + number, 20, 20) if colour == "red" else (20, 20, 200 + number)
        Image.new("RGB", (32, 32), shade).save(folder / f"{number}.png")
        asked = {"image": f"{number}.png", "question": "What colour is it?", "answer": colour}
        rows.append(json.dumps(asked))
    file = folder / "questions.jsonl"
    file.write_text("\n".join(rows))
    return file


@pytest.fixture(autouse=True)
def corpora(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was seen is kept in a folder of this test."""
    monkeypatch.setenv("MMQA_CORPORA", str(tmp_path / "corpora"))


def typed(*words: str | Path) -> int:
    return main(["train", "connector", "--device", "cpu", "--epochs", "1", *map(str, words)])


@pytest.mark.weights
def test_a_connector_for_ones_own_language_model_and_questions(
    words: Path, pairs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "mine"
    assert typed("--language-model", words, "--pairs", pairs, "--out", out) == 0
    assert {p.name for p in out.iterdir()} == {
        *("connector.safetensors", "adapters.safetensors", "training.jsonl")
    }
    trained = connector.read(out)
    assert trained.facts["examples"] == {"own": 18}
    assert trained.connector.shape.features == 1280
    assert len(adapters.read(out).halves) == 2 * 7
    assert f"--set vlm={out}" in capsys.readouterr().out


@pytest.mark.weights
def test_an_index_teaches_no_connector(
    words: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = ("--language-model", words, "--index", tmp_path / "index", "--out", tmp_path / "out")
    assert typed(*given) != 0
    assert "--pairs FILE" in capsys.readouterr().err


@pytest.mark.weights
def test_a_bad_row_ends_it_before_anything_is_looked_at(
    words: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "rows.jsonl"
    file.write_text('{"image": "gone.png", "question": "What is it?", "answer": "a kite"}')
    assert typed("--language-model", words, "--pairs", file, "--out", tmp_path / "out") != 0
    assert "line 1" in " ".join(capsys.readouterr().err.split())
    assert not (tmp_path / "out").exists()
