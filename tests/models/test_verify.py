"""Verifying hashes everything, names what is wrong, and needs no right to write."""

from __future__ import annotations

import os
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest

from mmqa.models.cache import read_manifest
from mmqa.models.preset import Preset
from mmqa.models.pull import is_pulled, pull
from mmqa.models.verify import verify

pytestmark = pytest.mark.usefixtures("quick_pip")


def test_nothing_was_pulled_means_every_role_is_a_problem(preset: Preset, tmp_path: Path) -> None:
    problems = verify(preset, tmp_path / "cache")
    assert [str(p) for p in problems] == ["ear: it was never pulled", "eye: it was never pulled"]
    assert not (tmp_path / "cache").exists()


def test_a_flipped_bit_under_the_same_size_and_time_is_found_and_remembered(
    preset: Preset, tmp_path: Path
) -> None:
    pull(preset, tmp_path)
    path = tmp_path / "tiny" / "eye" / "model.bin"
    stat = path.stat()
    path.write_bytes(b"colouR")
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    (problem,) = verify(preset, tmp_path)
    assert problem.role == "eye" and problem.path == path
    assert "does not have the checksum" in problem.fact
    assert read_manifest(tmp_path / "tiny")["eye"].files["model.bin"].mtime_ns == 0


def test_an_installed_package_that_changed_is_found_and_not_taken_for_pulled(
    preset: Preset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = Path(pytest.__file__).read_bytes()
    role = replace(
        preset.roles[1],
        source="installed",
        conversion="installed-files/1",
        wheels=(),
        package="pytest",
        files={"__init__.py": sha256(content).hexdigest()},
    )
    whole = replace(preset, roles=(role,))
    pull(whole, tmp_path)
    assert verify(whole, tmp_path) == [] and is_pulled(whole, tmp_path)
    for module in ("verify", "pull"):
        monkeypatch.setattr(f"mmqa.models.{module}.package_problems", lambda role: ["changed"])
    assert [p.fact for p in verify(whole, tmp_path)] == ["changed"]
    assert not is_pulled(whole, tmp_path)
