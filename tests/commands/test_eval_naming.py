"""``mmqa eval naming``: the encoder's class names, and a few photographs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mmqa.cli import main
from mmqa.commands.eval_naming import class_names
from mmqa.errors import ConfigError


def test_class_names_are_read_in_order(tmp_path: Path) -> None:
    (tmp_path / "classes.json").write_text('["owl", "pig"]', encoding="utf-8")
    assert class_names(tmp_path) == ["owl", "pig"]


def test_an_encoder_without_classes_cannot_be_the_yardstick(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"no classes\.json") as caught:
        class_names(tmp_path)
    assert "embedded" in str(caught.value)


@pytest.mark.corpus
@pytest.mark.weights
def test_a_few_photographs_are_named_by_the_model_that_ships(
    capsys: pytest.CaptureFixture[str],
) -> None:
    code = main(["eval", "naming", "--limit", "3", "--json"])
    said = json.loads(capsys.readouterr().out)
    assert code == (0 if said["passed"] else 1)
    assert [figure["n"] for figure in said["figures"]] == [3, 3, 3]
    assert said["how"]["the model"] == "sees the pixels"
