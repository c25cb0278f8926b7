"""Which drawings are collected, on which side they fall, and that features are kept."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from mmqa.corpora import concepts
from mmqa.corpora.openmoji import Emoji
from mmqa.records import ImageFeatures, Picture
from mmqa.training import drawings as collecting
from mmqa.training.drawings import Drawing, collect, collect_styles, encode

FITTED = next(n for n in (f"thing{i}zz" for i in range(99)) if concepts.side(n) != "test")
HELD_OUT = next(n for n in (f"thing{i}zz" for i in range(99)) if concepts.side(n) == "test")


def emoji(annotation: str, *, group: str = "objects", toned: bool = False) -> Emoji:
    return Emoji(annotation, "x", annotation, (), group, "tool", toned, Path("x.svg"))


@pytest.fixture
def corpora(monkeypatch: pytest.MonkeyPatch) -> None:
    """One emoji of each kind; Noto and every style have them all."""
    listed = [
        emoji(FITTED),
        emoji(HELD_OUT),
        emoji(f"{FITTED}: dark skin tone", toned=True),
        emoji(FITTED, group="extras-openmoji"),
    ]
    pixels = np.full((4, 4, 4), 255, np.uint8)
    monkeypatch.setattr(collecting.openmoji, "load", lambda *_, **__: listed)
    monkeypatch.setattr(collecting.openmoji, "render", lambda _svg: pixels)
    monkeypatch.setattr(collecting.noto, "font_file", lambda *_, **__: Path("x.ttf"))
    monkeypatch.setattr(collecting.noto, "render", lambda *_: pixels)
    monkeypatch.setattr(collecting.iconify, "load", lambda style, *_, **__: Path(style))
    monkeypatch.setattr(
        collecting.iconify, "icons", lambda _file: dict.fromkeys([FITTED, HELD_OUT])
    )


class Brightness:
    """Counts its pictures; the feature is the mean pixel."""

    fingerprint = "brightness"

    def __init__(self) -> None:
        self.seen = 0

    def encode(self, pictures: Sequence[Picture], *, grid: bool = False) -> ImageFeatures:
        self.seen += len(pictures)
        means = np.array([[p.pixels.mean()] for p in pictures], np.float32)
        return ImageFeatures(means, np.ones_like(means))


@pytest.mark.usefixtures("corpora")
def test_skin_tones_are_left_out_and_extras_are_openmojis_alone() -> None:
    found = [(d.emoji.group, d.source) for d in collect()]
    assert found == [
        ("objects", "openmoji"),
        ("objects", "noto"),
        ("objects", "openmoji"),
        ("objects", "noto"),
        ("extras-openmoji", "openmoji"),
    ]


@pytest.mark.usefixtures("corpora")
def test_a_held_out_concept_is_held_out_in_every_style() -> None:
    styled = collect_styles(collect())
    assert [d.source for d in styled] == list(collecting.iconify.STYLES)
    assert {d.emoji.annotation for d in styled} == {FITTED}


@pytest.mark.usefixtures("corpora")
def test_features_are_kept_and_found_again(tmp_path: Path) -> None:
    encoder = Brightness()
    listed = [Drawing(emoji(FITTED), "openmoji"), Drawing(emoji(HELD_OUT), "noto")]
    first = encode(listed, encoder, tmp_path)
    again = encode(listed, encoder, tmp_path)
    assert encoder.seen == 2
    assert first.pooled.tolist() == again.pooled.tolist() == [[255.0], [255.0]]


@pytest.mark.usefixtures("corpora")
def test_another_list_is_encoded_anew(tmp_path: Path) -> None:
    encoder = Brightness()
    encode([Drawing(emoji(FITTED), "openmoji")], encoder, tmp_path)
    encode([Drawing(emoji(FITTED), "noto")], encoder, tmp_path)
    assert encoder.seen == 2


def test_the_side_follows_the_concept_whoever_drew_it() -> None:
    assert {Drawing(emoji(HELD_OUT), s).side for s in ("openmoji", "twemoji")} == {"test"}


def test_icons_say_what_their_names_say_and_are_kept_set_by_set(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = {"hot-dog-flat": "", "2": "", "hot-dog-3": ""}
    monkeypatch.setattr(collecting.iconify, "load", lambda style, *_, **__: Path(style))
    monkeypatch.setattr(collecting.iconify, "icons", lambda _file: names)
    monkeypatch.setattr(collecting.iconify, "draw", lambda *_: np.full((4, 4, 4), 255, np.uint8))
    monkeypatch.setattr(collecting.noto, "font_file", lambda *_, **__: Path("x.ttf"))
    found = collecting.collect_icons()
    sets = len(collecting.iconify.ICONS)
    assert [d.emoji.annotation for d in found] == ["hot dog"] * 2 * sets  # "2" says nothing
    assert all(d.weak for d in found)
    encoder = Brightness()
    assert len(encode(found, encoder, tmp_path).pooled) == 2 * sets == encoder.seen
    encode(found[:4], encoder, tmp_path)  # two whole sets: found again
    assert encoder.seen == 2 * sets


def test_clipart_is_read_as_the_product_reads_pictures(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from PIL import Image

    from mmqa.corpora import openclipart

    file = tmp_path / "cat.png"
    Image.new("RGB", (32, 32), (10, 20, 30)).save(file)
    drawn = openclipart.Drawing(file, "cat", "animals", "cat", "train", depicted=True)
    monkeypatch.setattr(collecting.clipart, "depicted", lambda *_: [drawn])
    monkeypatch.setattr(collecting.noto, "font_file", lambda *_, **__: Path("x.ttf"))
    (found,) = collecting.collect_clipart()
    assert (found.emoji.annotation, found.source, found.weak) == ("cat", "openclipart", True)
    assert encode([found], Brightness(), tmp_path).pooled.tolist() == [[20.0]]
