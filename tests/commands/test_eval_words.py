"""``mmqa eval words`` on the held-out side of OpenMoji; needs the corpus."""

from __future__ import annotations

import json

import pytest

from mmqa.cli import main


@pytest.mark.corpus
@pytest.mark.weights
def test_the_shipped_words_do_what_they_promise(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["eval", "words", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["suite"] == "words"
    assert said["figures"][0]["n"] > 200
