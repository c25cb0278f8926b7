"""Examples are drawn at random, found ones first, with pictures small enough for a page."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mmqa.evaluation import report_examples
from mmqa.evaluation.stability import Asked
from mmqa.records import Hit, SearchResult, Segment, SegmentText


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    path = tmp_path / "big.png"
    noise = np.random.default_rng(0).integers(0, 256, (900, 1200, 3), dtype=np.uint8)
    Image.fromarray(noise).save(path)
    return path


class Finds:
    """Always the same picture and recording."""

    def __init__(self, picture: Path) -> None:
        self._hits = (
            Hit(1, Segment("1", picture, "", "image", 0), 2.0, {"visual": 2.0, "lexical": 0.0}),
            Hit(
                2,
                Segment(
                    "2", Path("/b.wav"), "", "audio", 0, text=SegmentText(transcript="x " * 500)
                ),
                1.0,
                {"speech": 1.0},
            ),
        )

    def search(
        self, question: str = "", *, image: bytes | None = None, k: int = 10
    ) -> SearchResult:
        raise AssertionError

    def search_batch(self, questions: Sequence[str], *, k: int = 10) -> list[SearchResult]:
        return [SearchResult(q, {"visual": 1.0}, self._hits, "learned") for q in questions]


def test_found_and_missed_are_shown_and_the_same_seed_draws_the_same(picture: Path) -> None:
    asked = [Asked(f"q{i}", frozenset({picture if i % 2 else Path("/nowhere")})) for i in range(20)]
    first, again, other = (
        report_examples.examples(Finds(picture), asked, 3, seed) for seed in (1, 1, 2)
    )
    assert [e.found for e in first] == [True] * 3 + [False] * 3
    assert first == again
    assert [e.question for e in first] != [e.question for e in other]


def test_a_hit_shows_why_and_what(picture: Path) -> None:
    [example] = report_examples.examples(Finds(picture), [Asked("q", frozenset({picture}))])
    seen, heard = example.hits
    assert seen.right
    assert seen.contributions == {"visual": 2.0}, "what gave nothing is not listed"
    assert heard.picture == ""
    assert 0 < len(heard.text) <= 220
    assert example.weighed_by == "learned"


def test_a_picture_becomes_a_small_jpeg_of_its_shape(picture: Path) -> None:
    address = report_examples.thumbnail(picture)
    head, _, data = address.partition(",")
    assert head == "data:image/jpeg;base64"
    image = Image.open(io.BytesIO(base64.b64decode(data)))
    assert image.size == (220, 165)
    assert len(data) < 40_000


def test_a_picture_that_is_gone_is_left_out() -> None:
    assert report_examples.thumbnail(Path("/nowhere.png")) == ""
