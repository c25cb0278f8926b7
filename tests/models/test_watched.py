"""A process is watched until it ends, and ended when its work is not wanted any more."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from mmqa.models.watched import Stopped, file_sizes, watch


def start(program: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", program])


def test_the_exit_code_is_that_of_the_process_and_it_was_looked_at_meanwhile() -> None:
    looks: list[int] = []
    process = start("import time; time.sleep(0.7); raise SystemExit(7)")
    assert watch(process, lambda: looks.append(1), lambda: False) == 7
    assert looks


def test_a_process_that_ignores_a_polite_request_is_ended_all_the_same(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("mmqa.models.watched.STOP_S", 0.3)
    ready = tmp_path / "ready"
    stubborn = "import signal, time; signal.signal(15, signal.SIG_IGN)"
    process = start(f"{stubborn}; open({str(ready)!r}, 'w').close(); time.sleep(60)")
    with pytest.raises(Stopped):
        watch(process, lambda: None, ready.exists)
    assert process.returncode == -9


def test_sizes_are_those_of_all_files_below_and_a_folder_that_is_not_there_has_none(
    tmp_path: Path,
) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "a").write_bytes(b"abc")
    (tmp_path / "deep" / "b").write_bytes(b"de")
    assert sorted(file_sizes(tmp_path)) == [2, 3]
    assert file_sizes(tmp_path / "not there") == []
