"""The scripts in indexes/ are no package: found by path, as when they are run."""

from __future__ import annotations

from pathlib import Path

import pytest

INDEXES = Path(__file__).parents[2] / "indexes"


@pytest.fixture(autouse=True)
def scripts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(INDEXES / "samples"))
    monkeypatch.syspath_prepend(str(INDEXES))


@pytest.fixture
def samples() -> Path:
    return INDEXES / "samples"
