"""Reading icons from a file laid out like Iconify's packages."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mmqa.corpora import iconify
from mmqa.corpora.fetch import packages
from mmqa.errors import CorpusError

BODY = '<rect width="1" height="2"/>'


@pytest.fixture
def file(tmp_path: Path) -> Path:
    content = {
        "width": 2,
        "height": 2,
        "icons": {"red-apple": {"body": BODY}, "wide": {"body": BODY, "width": 4}},
        "aliases": {
            "apple": {"parent": "red-apple"},
            "elppa": {"parent": "red-apple", "hFlip": True},
        },
    }
    path = tmp_path / "icons.json"
    path.write_text(json.dumps(content))
    return path


def test_an_annotation_finds_its_icon_and_keeps_transparency(file: Path) -> None:
    pixels = iconify.render("Red apple", file, size=8)
    assert pixels is not None
    assert pixels.shape == (8, 8, 4)
    assert pixels[:, :4, 3].min() == 255
    assert pixels[:, 4:, 3].max() == 0


def test_an_icon_may_have_its_own_size(file: Path) -> None:
    pixels = iconify.render("wide", file, size=8)
    assert pixels is not None
    assert pixels.shape == (4, 8, 4)


def test_plain_aliases_are_icons_and_mirrored_ones_are_not(file: Path) -> None:
    assert set(iconify.icons(file)) == {"red-apple", "wide", "apple"}


def test_what_the_style_lacks_is_none(file: Path) -> None:
    assert iconify.render("pear", file) is None


def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "damaged.json"
    path.write_text("{}")
    with pytest.raises(CorpusError, match=r"damaged\.json"):
        iconify.icons(path)


def test_every_style_is_pinned_under_a_licence_that_lets_weights_be_fitted() -> None:
    known = packages()
    for style in (*iconify.STYLES, *iconify.ICONS):
        assert known[style].licence.startswith(("CC-BY-3.0", "CC-BY-4.0", "MIT", "Apache-2.0"))


def test_an_icon_is_drawn_by_its_own_name_and_what_takes_a_colour_is_black(tmp_path: Path) -> None:
    path = tmp_path / "icons.json"
    body = '<rect width="16" height="16" fill="currentColor"/>'
    path.write_text(json.dumps({"icons": {"Red-Box-2": {"body": body}}}))
    pixels = iconify.draw("Red-Box-2", path, size=4)
    assert pixels.reshape(-1, 4).tolist() == [[0, 0, 0, 255]] * 16
    with pytest.raises(CorpusError, match="no icon 'red-box'"):
        iconify.draw("red-box", path)


def test_the_file_is_in_the_unpacked_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(iconify, "fetch", lambda *_, **__: tmp_path)
    assert iconify.load("twemoji") == tmp_path / "package" / "icons.json"
