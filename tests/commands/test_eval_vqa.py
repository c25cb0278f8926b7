"""``mmqa eval vqa``: the suites by name, and a few questions to the shipped model."""

from __future__ import annotations

import json

import pytest

from mmqa.cli import main


def test_a_suite_that_is_unknown_is_wrong_usage(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["eval", "vqa", "--suite", "clevr"]) == 2
    told = capsys.readouterr().err
    assert "clevr" in told
    assert "easy-vqa, scenes, words" in " ".join(told.split())


@pytest.mark.corpus
@pytest.mark.weights
def test_a_few_words_are_read_by_the_model_that_ships(capsys: pytest.CaptureFixture[str]) -> None:
    code = main(["eval", "vqa", "--suite", "words", "--limit", "8", "--json"])
    said = json.loads(capsys.readouterr().out)
    assert code == (0 if said["passed"] else 1)
    assert (said["suite"], said["figures"][0]["name"]) == ("vqa: words", "read")
    assert said["figures"][0]["n"] == 2  # four questions a picture, one of them to read it
    assert said["how"]["the model"] == "sees the pixels"
