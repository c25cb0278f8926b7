"""Which of openclipart's drawings are fitted to, which are tested on, and which show nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from mmqa.corpora.concepts import Side
from mmqa.corpora.openclipart import Drawing
from mmqa.training import clipart


def drawing(name: str, side: Side, *, depicted: bool = True, stem: str = "x") -> Drawing:
    return Drawing(Path(f"{stem}.png"), name, "animals", name or stem, side, depicted)


LISTED = [
    drawing("cat", "train"),
    drawing("", "train"),
    drawing("dog", "development"),
    drawing("cow", "test"),
    drawing("", "test"),
    drawing("star", "train", depicted=False),
    drawing("bulb", "test", stem="light_bulb_karl_bartel_01"),
]


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> list[Drawing]:
    monkeypatch.setattr(clipart.openclipart, "load", lambda *_, **__: LISTED)
    return clipart.depicted()


def test_what_is_not_depicted_or_transparent_is_left_out(shown: list[Drawing]) -> None:
    assert [d.concept for d in shown] == ["cat", "x", "dog", "cow", "x"]


def test_a_fit_sees_named_drawings_of_the_other_sides_only(shown: list[Drawing]) -> None:
    assert [d.name for d in clipart.fitted(shown)] == ["cat", "dog"]


def test_all_of_the_test_side_is_in_the_gallery(shown: list[Drawing]) -> None:
    assert [d.name for d in clipart.tested(shown)] == ["cow", ""]
    assert not set(clipart.fitted(shown)) & set(clipart.tested(shown))
