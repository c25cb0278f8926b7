"""The write flow when it does not run to its end: what was stored is also ready to be searched."""

from __future__ import annotations

from pathlib import Path

import pytest

from mmqa import AddEvent, Library
from mmqa.ingest import Ingest

pytestmark = pytest.mark.weights


def notes(folder: Path) -> Path:
    folder.mkdir()
    for number in range(20):
        (folder / f"{number:02}.txt").write_text(f"The ferry number {number} leaves at nine.")
    return folder


def test_an_interrupted_add_leaves_a_calibrated_index(tmp_path: Path) -> None:
    def interrupt(event: AddEvent) -> None:
        raise KeyboardInterrupt

    with Library.open(tmp_path / "index") as library:
        with pytest.raises(KeyboardInterrupt):
            library.add(notes(tmp_path / "notes"), interrupt)
        assert library.status().items > 0
        assert "text" in library._store.calibration()
        assert library.status().pending == 0


def test_adding_again_heals_what_a_killed_add_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = notes(tmp_path / "notes")
    with Library.open(tmp_path / "index") as library:
        with monkeypatch.context() as killed:
            killed.setattr(Ingest, "_finish", lambda self: None)
            library.add(folder)
        assert library._store.calibration() == {}
        assert library.add(folder).skipped == 20
        assert "text" in library._store.calibration()
        assert library.status().pending == 0
