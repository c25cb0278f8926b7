"""Drawing from a font, with Pillow's own in place of Noto's."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import ImageFont

from mmqa.corpora import noto


@pytest.fixture(autouse=True)
def _font(monkeypatch: pytest.MonkeyPatch) -> None:
    font = ImageFont.load_default(noto.SIZE)
    monkeypatch.setattr(noto, "_typeface", lambda _path: font)


def test_one_character_is_drawn_with_transparency_around_it() -> None:
    pixels = noto.render("A", Path("x.ttf"))
    assert pixels is not None
    assert pixels.shape == (160, 408, 4)
    assert pixels[..., 3].max() == 255
    assert not pixels[:, -1, 3].any()


def test_a_sequence_that_falls_apart_has_no_picture() -> None:
    assert noto.render("WWWW", Path("x.ttf")) is None


def test_where_nothing_is_drawn_there_is_no_picture() -> None:
    assert noto.render(" ", Path("x.ttf")) is None


def test_the_font_is_in_the_unpacked_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(noto, "fetch", lambda *_, **__: tmp_path)
    assert noto.font_file() == tmp_path / noto.FONT
