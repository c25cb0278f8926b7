"""Pairs as rows, small enough to count on one's fingers."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from mmqa.training.feature_cache import Seen
from mmqa.training.pair_split import side
from mmqa.training.pair_table import PairData, lay_out
from mmqa.training.pairs import Pair, Words


def pictured(sha256: str, *texts: str, weight: float = 1.0, heard: str | None = None) -> Pair:
    return Pair(
        sha256,
        image=Path(f"{sha256}.png"),
        texts=tuple(Words(text, weight) for text in texts),
        sha256=sha256,
        pooled=np.full(2, float(len(sha256)), np.float32),
        probabilities=np.array([1, 0], np.float32),
        heard=heard,
    )


def spoken(sha256: str, heard: str, *texts: str) -> Pair:
    said = tuple(Words(text) for text in texts)
    return Pair(sha256, audio=Path("a.wav"), texts=said, sha256=sha256, heard=heard)


def table(*pairs: Pair, copies: dict[str, list[Seen]] | None = None) -> PairData:
    layout = lay_out(pairs, copies or {})
    vectors = np.eye(len(layout.texts), dtype=np.float32)
    return layout.data(vectors, ())


def links(data: PairData) -> set[tuple[int, str, float]]:
    return {
        (int(left), data.texts[right], round(float(weight), 3))
        for left, right, weight in zip(
            data.seen.left, data.seen.right, data.seen.weight, strict=True
        )
    }


def test_a_picture_has_one_row_and_a_link_for_each_text() -> None:
    data = table(
        pictured("aa", "ferry", "boat"), pictured("aa", "a white ferry"), pictured("bbb", "bus")
    )
    assert data.pictures.pooled.tolist() == [[2, 2], [3, 3]]
    assert links(data) == {(0, "ferry", 1), (0, "boat", 1), (0, "a white ferry", 1), (1, "bus", 1)}
    assert data.origin.tolist() == [0, 1]


def test_what_is_said_of_a_picture_is_one_of_its_texts() -> None:
    data = table(pictured("aa", "ferry", weight=0.5, heard="this is our ferry"))
    assert links(data) == {(0, "ferry", 0.5), (0, "this is our ferry", 1)}
    assert len(data.heard) == 0


def test_a_recording_alone_links_what_was_heard_to_what_was_said() -> None:
    data = table(spoken("cc", "the fairy leaves", "the ferry leaves"))
    assert len(data.seen) == 0
    (left,), (right,) = data.heard.left, data.heard.right
    assert (data.texts[left], data.texts[right]) == ("the fairy leaves", "the ferry leaves")


def test_the_order_of_the_pairs_changes_nothing_and_their_content_does() -> None:
    first, second = pictured("aa", "ferry"), pictured("bb", "bus")
    assert table(first, second).digest == table(second, first).digest
    assert table(first, second).digest != table(first, pictured("bb", "tram")).digest


def test_every_text_of_a_picture_is_on_its_side() -> None:
    data = table(*(pictured(f"{n:04x}", f"thing {n}", f"object {n}") for n in range(40)))
    for left, name in zip(data.seen.left, data.seen.sides, strict=True):
        assert name == side(f"{left:04x}")
    sizes = data.sizes()
    assert sum(sizes.values()) == 40
    assert len(data.seen.on("test")) == 2 * sizes["test"]


def test_copies_come_last_count_half_and_stand_for_their_picture() -> None:
    (name,) = [f"{n:04x}" for n in range(40) if side(f"{n:04x}") == "fit"][:1]
    copy = Seen(np.array([7, 7], np.float32), np.array([0, 1], np.float32), "")
    data = table(pictured(name, "ferry", weight=0.8), copies={name: [copy, copy]})
    assert data.origin.tolist() == [0, 0, 0]
    assert links(data) == {(0, "ferry", 0.8), (1, "ferry", 0.4), (2, "ferry", 0.4)}
    assert data.sizes()["fit"] == 1
