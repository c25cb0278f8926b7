"""Models inside an installed dependency are found without importing it, and checked."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from mmqa.errors import ModelError
from mmqa.models.conversions.installed import convert, package_problems
from mmqa.models.preset import load_preset

ROLE = load_preset("embedded").role("text_recognizer")


def test_the_installed_package_holds_the_pinned_files(tmp_path: Path) -> None:
    convert(ROLE, tmp_path, tmp_path)
    facts = json.loads((tmp_path / "models.json").read_text())
    assert facts["package"] == "rapidocr" and facts["version"].startswith("3.10.")
    assert facts["files"] == dict(ROLE.files)


def test_another_file_than_the_pinned_one_is_refused_by_name(tmp_path: Path) -> None:
    odd = replace(ROLE, files={"__init__.py": "00", "models/gone.onnx": "00"})
    with pytest.raises(
        ModelError, match=r"__init__\.py of rapidocr .* is not the pinned"
    ) as caught:
        convert(odd, tmp_path, tmp_path)
    assert "lacks models/gone.onnx" in str(caught.value)
    assert "--force-reinstall" in str(caught.value)


def test_a_package_that_is_not_installed_is_said_so() -> None:
    odd = replace(ROLE, package="no_such_package")
    assert package_problems(odd) == ["the package 'no_such_package' is not installed"]
