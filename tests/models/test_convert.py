"""The door to the conversions: every name leads to code, and libraries keep quiet meanwhile."""

from __future__ import annotations

import os
from importlib import import_module
from pathlib import Path

import pytest

from mmqa.errors import ModelError
from mmqa.models import convert as door
from mmqa.models.preset import Preset, Role


def test_every_conversion_leads_to_a_function() -> None:
    for place in door.CONVERSIONS.values():
        module, _, name = place.partition(":")
        assert callable(getattr(import_module(module), name))


def test_a_converted_folder_says_what_it_is(preset: Preset, tmp_path: Path) -> None:
    role = preset.roles[1]
    source, target = tmp_path / "source", tmp_path / "target"
    (source / "eye-1.0.dist-info").mkdir(parents=True)
    (source / "eye-1.0.dist-info" / "LICENCE.txt").write_text("free")
    (source / "part1").write_bytes(b"x")
    target.mkdir()
    door.convert("tiny", role, source, target)
    assert (target / "role.json").read_text() == (
        f'{{"preset": "tiny", "role": "eye", "recipe": "{role.recipe}"}}'
    )
    assert (target / "licences" / "eye.txt").read_text() == "free"


def remember(role: Role, source: Path, target: Path) -> None:
    (target / "seen").write_text(os.environ.get("TQDM_DISABLE", ""))


def test_libraries_are_quiet_only_while_converting(
    preset: Preset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(door.CONVERSIONS, "join/1", f"{__name__}:remember")
    monkeypatch.setenv("TRANSFORMERS_VERBOSITY", "info")
    monkeypatch.delenv("TQDM_DISABLE", raising=False)
    door.convert("tiny", preset.roles[0], tmp_path, tmp_path)
    assert (tmp_path / "seen").read_text() == "1"
    assert os.environ["TRANSFORMERS_VERBOSITY"] == "info"
    assert "TQDM_DISABLE" not in os.environ


def missing(role: Role, source: Path, target: Path) -> None:
    next(source.glob("*.nothing"))


def test_a_source_that_lacks_a_file_is_a_sentence_not_a_traceback(
    preset: Preset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(door.CONVERSIONS, "join/1", f"{__name__}:missing")
    with pytest.raises(ModelError, match="the ear could not be converted: StopIteration"):
        door.convert("tiny", preset.roles[0], tmp_path, tmp_path)
