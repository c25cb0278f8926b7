"""``mmqa eval router`` as a person types it, with the real text encoder."""

from __future__ import annotations

from pathlib import Path

import pytest

from mmqa.cli import main


@pytest.mark.weights
def test_a_file_of_ones_own_questions_is_measured(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "mine.toml"
    file.write_text(
        '[english]\nvisual = ["What colour is the goat?"]\n'
        'speech = ["Is a goat heard in the recording?"]\n',
        encoding="utf-8",
    )
    assert main(["eval", "router", "--suite", str(file)]) == 0
    said = capsys.readouterr().out
    assert "right first modality, English 1.000" in said
    assert "decided by words 1.000" in said


@pytest.mark.weights
def test_the_shipped_router_does_what_it_promises(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["eval", "router"]) == 0
    assert "reached" in capsys.readouterr().out
