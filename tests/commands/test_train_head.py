"""``mmqa train head`` as a person types it, over real pictures and words and the real encoders."""

from __future__ import annotations

import json
from argparse import Namespace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mmqa.cli import main
from mmqa.commands import train_head
from mmqa.errors import UsageError
from mmqa.fusion import head
from mmqa.records import Features

SAID = {
    "glad": ["wonderful", "lovely", "delightful", "splendid", "marvellous", "superb"],
    "sad": ["awful", "dreadful", "miserable", "gloomy", "terrible", "horrid"],
}
ABOUT = ["day", "trip", "meal", "evening", "journey", "concert", "visit", "game", "holiday", "walk"]


@pytest.fixture
def rows(tmp_path: Path) -> Path:
    """Words that are glad or sad; half of them beside a bright or dark picture."""
    found = []
    for label, words in SAID.items():
        for number, (word, what) in enumerate((w, a) for w in words for a in ABOUT):
            row = {"text": f"what a {word} {what}", "label": label}
            if number % 2:
                light = 200 if label == "glad" else 30
                noise = np.random.default_rng(number).integers(0, 40, (64, 64, 3))
                name = f"{label}_{number}.png"
                Image.fromarray((light + noise).astype(np.uint8)).save(tmp_path / name)
                row["image"] = name
            found.append(row)
    found.append({"text": "no label"})
    file = tmp_path / "rows.jsonl"
    file.write_text("\n".join(map(json.dumps, found)))
    return file


@pytest.mark.weights
@pytest.mark.parametrize("method", ["sum", "concatenation"])
def test_examples_become_a_classifier_with_figures(
    rows: Path,
    method: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("MMQA_CORPORA", str(tmp_path / "corpora"))
    out = tmp_path / "mood"
    words = ["train", "head", "--pairs", str(rows), "--method", method, "--out", str(out)]
    assert main([*words, "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["classes"] == ["glad", "sad"]
    assert sum(report["sizes"].values()) == 120
    accuracy = report["figures"][0]
    assert accuracy["value"] > accuracy["chance"] + 0.2
    assert "rows.jsonl, line 121: it has no label" in report["refused"]
    opened = head.load(out)
    assert opened.weights.joining == method
    assert set(opened.weights.encoders) >= {"text_encoder", "mapping"}
    unheard = opened.probabilities([Features({})])
    assert unheard.shape == (1, 2)


def test_what_cannot_be_meant_is_refused_before_anything_is_loaded() -> None:
    plain = {"pairs": None, "method": None, "epochs": None, "seed": 0, "device": "cpu"}
    with pytest.raises(UsageError, match="no file is named"):
        train_head.run(Namespace(**plain), lambda _chunk: None)
    with pytest.raises(UsageError, match="no classifier joins modalities by 'product'"):
        given = {**plain, "pairs": ["rows.jsonl"], "method": "product"}
        train_head.run(Namespace(**given), lambda _chunk: None)
