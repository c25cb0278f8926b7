"""Tux Paint's stamps: pictures with a sentence."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from mmqa.corpora import fetch, stamps
from mmqa.errors import CorpusError


def _stamp(root: Path, name: str, text: str | None) -> Path:
    package = fetch.packages()["stamps"]
    picture = root / f"stamps-{package.sha256[:12]}" / stamps.STAMPS / f"{name}.png"
    picture.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGBA", (4, 4)).save(picture)
    if text is not None:
        picture.with_suffix(".txt").write_text(text, encoding="utf-8")
    return picture


def test_the_description_is_the_english_line(tmp_path: Path) -> None:
    picture = _stamp(tmp_path, "animals/birds/bluebird", "A bluebird.\nde.utf8=Ein Hüttensänger.\n")
    (loaded,) = stamps.load(tmp_path)
    assert (loaded.path, loaded.text, loaded.category) == (
        picture,
        "A bluebird.",
        "animals/birds",
    )
    assert not loaded.drawn


def test_a_stamp_without_a_description_is_left_out(tmp_path: Path) -> None:
    _stamp(tmp_path, "food/fruit/apple", "An apple.")
    _stamp(tmp_path, "food/fruit/mystery", None)
    _stamp(tmp_path, "food/fruit/silence", "")
    assert [s.text for s in stamps.load(tmp_path)] == ["An apple."]


def test_folders_of_cartoons_and_symbols_hold_drawings(tmp_path: Path) -> None:
    _stamp(tmp_path, "food/fruit/cartoon/apple", "A cartoon apple.")
    _stamp(tmp_path, "symbols/chess/rook", "A rook.")
    _stamp(tmp_path, "household/tools/saw", "A saw.")
    drawn = {s.text: s.drawn for s in stamps.load(tmp_path)}
    assert drawn == {"A cartoon apple.": True, "A rook.": True, "A saw.": False}


def test_no_descriptions_at_all_is_an_error(tmp_path: Path) -> None:
    _stamp(tmp_path, "food/apple", None)
    with pytest.raises(CorpusError, match="no stamp"):
        stamps.load(tmp_path)


def test_a_description_that_is_no_text_is_an_error(tmp_path: Path) -> None:
    picture = _stamp(tmp_path, "food/apple", "")
    picture.with_suffix(".txt").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(CorpusError, match="cannot be read"):
        stamps.load(tmp_path)
