"""Files of a hub get their place without being copied, and only whole ones."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save

from mmqa.errors import ModelError
from mmqa.models.conversions.hub import convert
from mmqa.models.preset import Role, load_preset


@pytest.fixture
def role() -> Role:
    return replace(load_preset("small").role("language_model"), repo="tiny/seer")


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "source"
    (folder / ".cache").mkdir(parents=True)
    (folder / "config.json").write_text("{}")
    (folder / "model.safetensors").write_bytes(save({"w": np.zeros(4, np.float32)}))
    (tmp_path / "target").mkdir()
    return folder


def test_files_get_a_second_name_and_what_the_hub_library_keeps_beside_them_stays_behind(
    role: Role, source: Path, tmp_path: Path
) -> None:
    target = tmp_path / "target"
    convert(role, source, target)
    assert sorted(path.name for path in target.iterdir()) == ["config.json", "model.safetensors"]
    assert (target / "model.safetensors").samefile(source / "model.safetensors")


def test_they_are_copied_where_a_file_system_knows_no_second_names(
    role: Role, source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: Path, target: Path) -> None:
        raise PermissionError("no links here")

    monkeypatch.setattr(os, "link", refuse)
    convert(role, source, tmp_path / "target")
    copy = tmp_path / "target" / "model.safetensors"
    assert copy.read_bytes() == (source / copy.name).read_bytes()


def test_a_file_that_is_no_safetensors_is_named(role: Role, source: Path, tmp_path: Path) -> None:
    (source / "model.safetensors").write_bytes(b"\x80\x04 a pickle")
    with pytest.raises(ModelError, match=r"model\.safetensors of tiny/seer cannot be read"):
        convert(role, source, tmp_path / "target")


def test_weights_without_settings_are_refused(role: Role, source: Path, tmp_path: Path) -> None:
    (source / "config.json").unlink()
    with pytest.raises(ModelError, match=r"has no config\.json"):
        convert(role, source, tmp_path / "target")
