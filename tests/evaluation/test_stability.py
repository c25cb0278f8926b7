"""Overlap and RBO by hand; what is reported of a search that holds or does not."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from mmqa.evaluation import stability
from mmqa.evaluation.stability import Asked, overlap, rank_biased_overlap
from mmqa.media.augment import STRENGTHS, WORDS, Change
from mmqa.records import Hit, Picture, SearchResult, Segment

FILES = [Path(f"/f{i}") for i in range(30)]


def result(paths: Sequence[Path]) -> SearchResult:
    hits = tuple(
        Hit(rank, Segment(f"{path.name}.{rank}", path, "", "image", 0), 1.0 / rank, {})
        for rank, path in enumerate(paths, start=1)
    )
    return SearchResult("", {}, hits)


class Stubborn:
    """Finds the same, whatever is asked; a picture is told by its mean level."""

    def search(
        self, question: str = "", *, image: bytes | None = None, k: int = 10
    ) -> SearchResult:
        return result(FILES[:12])

    def search_batch(self, questions: Sequence[str], *, k: int = 10) -> list[SearchResult]:
        return [result(FILES[:12]) for _ in questions]


class Literal(Stubborn):
    """Finds by the very letters: other letters, other files."""

    def search_batch(self, questions: Sequence[str], *, k: int = 10) -> list[SearchResult]:
        known = {"Where is the old harbour?": 0}
        return [result(FILES[known.get(q, 10) :][:10]) for q in questions]


ASKED = [Asked("Where is the old harbour?", frozenset({FILES[0]}))]


def test_overlap_counts_what_stayed_of_the_first_ten() -> None:
    assert overlap(FILES[:10], FILES[:10]) == 1
    assert overlap(FILES[:10], FILES[5:15]) == 0.5
    assert overlap(FILES[:10], list(reversed(FILES[:10]))) == 1, "order does not count"
    assert overlap(FILES[:10], FILES[:4]) == 0.4, "what is lost counts"
    assert overlap(FILES[:20], FILES[:10] + FILES[20:]) == 1, "what comes later does not"
    assert overlap([], []) == 1


def test_rank_biased_overlap_by_hand() -> None:
    """p = 0.5, depth 3, abc against acb: agreements 1, 1/2, 1."""
    by_hand = 0.5 / 0.5 * (1 * 0.5 + 0.5 * 0.25 + 1 * 0.125) + 1 * 0.125
    assert rank_biased_overlap("abc", "acb", p=0.5, k=3) == pytest.approx(by_hand)
    assert by_hand == pytest.approx(0.875)


def test_rank_biased_overlap_minds_the_top_more_than_the_bottom() -> None:
    base = list("abcdefghij")
    top, bottom = ["x", *base[1:]], [*base[:9], "x"]
    assert rank_biased_overlap(base, top) < rank_biased_overlap(base, bottom)
    assert overlap(base, top) == overlap(base, bottom)


def test_a_file_counts_once_and_a_copy_under_the_name_of_its_origin() -> None:
    found = result([FILES[3], FILES[3], FILES[4]])
    assert stability.files(found, {FILES[4]: FILES[9]}) == [FILES[3], FILES[9]]


def test_every_change_of_words_is_asked_under_every_seed() -> None:
    trials = stability.changed_words(Stubborn(), ASKED, [0, 1])
    assert len(trials) == 2 * sum(len(WORDS[s]) for s in STRENGTHS)
    assert {(t.change, t.seed) for t in trials if t.strength == "mild"} == {
        (change.name, seed) for change in WORDS["mild"] for seed in (0, 1)
    }
    assert all(t.overlap.tolist() == [1.0] for t in trials)


def test_what_goes_by_letters_alone_loses_everything_and_the_metrics_say_so() -> None:
    for trial in stability.changed_words(Literal(), ASKED, [0]):
        assert trial.overlap.tolist() == [0.0], trial.change
        assert trial.before["nDCG@10"].tolist() == [1.0]
        assert trial.after["nDCG@10"].tolist() == [0.0]


def test_questions_of_one_family_are_held_against_its_first() -> None:
    family = [
        Asked("Where is the old harbour?", frozenset({FILES[0]}), "harbour"),
        Asked("The old harbour, where is it?", frozenset({FILES[0]}), "harbour"),
        Asked("alone", frozenset({FILES[0]})),
    ]
    [trial] = stability.worded_otherwise(Literal(), family)
    assert trial.questions == ("Where is the old harbour?",)
    assert trial.overlap.tolist() == [0.0]
    assert stability.worded_otherwise(Literal(), family[2:]) == []


def test_pictures_ask_with_the_pixels_that_were_changed() -> None:
    import io

    from PIL import Image

    seen: list[int] = []

    class Eye(Stubborn):
        def search(
            self, question: str = "", *, image: bytes | None = None, k: int = 10
        ) -> SearchResult:
            assert image is not None
            seen.append(int(np.asarray(Image.open(io.BytesIO(image))).mean()))
            return result(FILES[:10] if seen[-1] == 100 else FILES[5:15])

    plain = {"a": Picture(np.full((20, 20, 3), 100, np.uint8))}
    darker = Change("darken", lambda p, *_: Picture(p.pixels // 2))
    trials = stability.changed_pictures(Eye(), plain, {"mild": [darker], "strong": []}, [0])
    assert seen == [100, 50]
    assert trials[0].overlap.tolist() == [0.5]
    assert trials[0].after == {}
