"""``mmqa train sentiment`` as a person types it, and the head it writes in use."""

from __future__ import annotations

import json
from argparse import Namespace
from pathlib import Path

import pytest

from mmqa.cli import main
from mmqa.commands import train_sentiment
from mmqa.errors import UsageError

SAID = {
    "positive": ["wonderful", "lovely", "delightful", "splendid", "marvellous", "superb"],
    "negative": ["awful", "dreadful", "miserable", "gloomy", "terrible", "horrid"],
    "neutral": ["short", "long", "second", "usual", "local", "written"],
}
ABOUT = ["day", "trip", "meal", "evening", "journey", "concert", "visit", "game", "holiday", "walk"]


@pytest.mark.weights
def test_rows_become_a_head_that_judges(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MMQA_CORPORA", str(tmp_path / "corpora"))
    rows = [
        {"text": f"a {word} {what}", "label": label}
        for label, words in SAID.items()
        for word in words
        for what in ABOUT
    ]
    file, out = tmp_path / "rows.jsonl", tmp_path / "head"
    file.write_text("\n".join(map(json.dumps, [*rows, {"text": "x", "label": "happy"}])))
    assert main(["train", "sentiment", "--labels", str(file), "--out", str(out), "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["classes"] == ["negative", "neutral", "positive"]
    assert report["figures"][0]["value"] > report["figures"][0]["chance"] + 0.2
    assert "'happy' is none of the labels" in report["refused"][0]
    words = ["sentiment", "--text", "a truly lovely concert", "--set", f"sentiment={out}", "--json"]
    assert main(words) == 0
    one = json.loads(capsys.readouterr().out.splitlines()[0])
    assert one["by"] == "trained" and one["label"] == "positive"
    assert [o["by"] for o in one["opinions"]] == ["trained", "lexicon"]


def test_an_unknown_method_is_refused_before_anything_is_loaded() -> None:
    options = Namespace(labels=None, method="product", epochs=None, seed=0, device="cpu")
    with pytest.raises(UsageError, match="no head joins modalities by 'product'"):
        train_sentiment.run(options, lambda _chunk: None)
