"""Reading OpenMoji from a folder laid out like the package."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mmqa.corpora import openmoji
from mmqa.errors import CorpusError

SVG = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 2 2"><rect width="1" height="2"/></svg>'


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    drawings = tmp_path / "package" / "color" / "svg"
    drawings.mkdir(parents=True)
    (drawings / "1F34E.svg").write_text(SVG)
    entry = {"emoji": "🍎", "annotation": "red apple", "tags": "apple, red", "openmoji_tags": ""}
    entry |= {"group": "food-drink", "subgroups": "food-fruit", "skintone": ""}
    entries = [entry | {"hexcode": "1F34E"}, entry | {"hexcode": "DEAD", "skintone": 2}]
    (tmp_path / "package" / "data").mkdir()
    (tmp_path / "package" / "data" / "openmoji.json").write_text(json.dumps(entries))
    monkeypatch.setattr(openmoji, "fetch", lambda *_, **__: tmp_path)
    return drawings


def test_entries_with_a_drawing_are_listed(package: Path) -> None:
    (apple,) = openmoji.load()
    assert (apple.annotation, apple.tags, apple.toned) == ("red apple", ("apple", "red"), False)


def test_a_drawing_keeps_its_transparency(package: Path) -> None:
    pixels = openmoji.render(package / "1F34E.svg", size=8)
    assert pixels.shape == (8, 8, 4)
    assert pixels[:, :4, 3].min() == 255
    assert pixels[:, 4:, 3].max() == 0


def test_what_is_no_drawing_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.svg").write_text("no svg")
    with pytest.raises(CorpusError, match=r"x\.svg"):
        openmoji.render(tmp_path / "x.svg")
