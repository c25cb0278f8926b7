"""Commands as a person types them, over small real files and the real models."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mmqa.cli import main

Run = Callable[..., tuple[int, list[dict[str, Any]]]]


@pytest.fixture
def media(tmp_path: Path) -> Path:
    folder = tmp_path / "media"
    for name in ("a.txt", "b.txt", "deep/c.txt"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(f"The ferry to {name} leaves at nine.")
    return folder


@pytest.fixture
def index(tmp_path: Path) -> Path:
    return tmp_path / "index"


@pytest.fixture
def run(index: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs a command with ``--json`` on this test's index; its exit code and what it printed."""

    def command(*words: str | Path) -> tuple[int, list[dict[str, Any]]]:
        name, *rest = [str(word) for word in words]
        code = main([name, "--index", str(index), "--json", *rest])
        lines = capsys.readouterr().out.encode("utf-8", "surrogateescape").decode("utf-8")
        return code, [json.loads(line) for line in lines.splitlines()]

    return command
