"""Measures of the product's own search, by hand."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from mmqa.evaluation import accuracy
from mmqa.evaluation.questions_file import AskedFor
from mmqa.records import Hit, SearchResult, Segment

A, B, C = (Path(f"/{name}.jpg") for name in "abc")


class Finds:
    """Words find a, then b (twice); a picture finds what its bytes name."""

    def search(
        self, question: str = "", *, image: bytes | None = None, k: int = 10
    ) -> SearchResult:
        assert image is not None
        return found([Path(f"/{image.decode()}.jpg")])

    def search_batch(self, questions: Sequence[str], *, k: int = 10) -> list[SearchResult]:
        return [found([A, B, B]) for _ in questions]


def found(paths: Sequence[Path]) -> SearchResult:
    hits = [
        Hit(n, Segment(f"{n}", path, "", "image", n), 1 / n, {})
        for n, path in enumerate(paths, start=1)
    ]
    return SearchResult("", {}, tuple(hits))


def test_files_count_once_and_sorts_are_told_apart(tmp_path: Path) -> None:
    image = tmp_path / "q.png"
    image.write_bytes(b"c")
    questions = [
        (AskedFor("one", ("a",), needs=("visual",)), frozenset({A})),
        (AskedFor("two", ("b",), needs=("text",)), frozenset({B})),
        (AskedFor("", ("c",), image=image, needs=("visual",)), frozenset({C})),
        (AskedFor("none", ("c",), needs=("text",)), frozenset({C})),
    ]
    report = accuracy.run(Finds(), questions, suite="made up")
    values = {figure.name: figure.value for figure in report.figures}
    assert values["MRR"] == pytest.approx((1 + 1 / 2 + 1 + 0) / 4)
    assert values["R@1"] == pytest.approx(2 / 4)
    assert values["R@10, needs visual"] == 1.0
    assert values["R@10, needs text"] == 0.5
    assert report.how["questions with nothing right among the first 10"] == 1


def test_one_sort_is_not_told_twice() -> None:
    report = accuracy.run(Finds(), [(AskedFor("one", ("a",)), frozenset({A}))], suite="x")
    assert not [figure for figure in report.figures if "needs" in figure.name]
