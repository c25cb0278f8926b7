"""Which rows words pick, against reading every row."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from mmqa.retrieval.lexical import Term
from mmqa.retrieval.wording import BREVITY, SEARCHED, Words, wordings

VOCABULARY = ["ferry", "harbour", "pier", "train", "b-17", "4.2", "receipt", "umbrella"]


class Shelf:
    """Texts by rowid, from 1, asked without any index."""

    def __init__(self, texts: Sequence[str]) -> None:
        self.bodies = dict(enumerate(texts, start=1))
        self.looked_up: list[str] = []
        self.read: list[int] = []

    @property
    def count(self) -> int:
        return len(self.bodies)

    def _matching(self, expression: str) -> list[int]:
        forms = [form.strip('"') for form in expression.strip("()").split(" OR ")]
        return [
            n
            for n, body in self.bodies.items()
            if any(f" {form} " in f" {body} " for form in forms)
        ]

    def document_frequency(self, expressions: Sequence[str]) -> list[int]:
        return [len(self._matching(expression)) for expression in expressions]

    def holding(self, expression: str, where: object = None) -> np.ndarray:
        self.looked_up.append(expression)
        return np.array(self._matching(expression), np.int64)

    def texts(self, numbers: Sequence[int]) -> dict[int, str]:
        self.read.extend(numbers)
        return {number: self.bodies[number] for number in numbers}


def best(shelf: Shelf, question: str, n: int) -> list[float]:
    """The n highest L of all rows, by reading each."""
    (wording,) = wordings(shelf, [question])
    return sorted(wording.scores(list(shelf.bodies.values())).tolist(), reverse=True)[:n]


@settings(deadline=None, max_examples=150)
@given(
    texts=st.lists(
        st.lists(st.sampled_from(VOCABULARY), max_size=5).map(" ".join), min_size=1, max_size=60
    ),
    question=st.lists(st.sampled_from(VOCABULARY), min_size=1, max_size=4, unique=True),
    n=st.integers(1, 8),
)
def test_the_best_by_words_are_those_of_reading_everything(texts, question, n) -> None:
    shelf = Shelf(texts)
    (wording,) = wordings(shelf, [" ".join(question)])
    assume(len(wording.picking()) == len(wording.words))
    words = Words(shelf, [" ".join(question)])
    found = words.candidates(n)
    matching = [score for score in best(shelf, " ".join(question), len(texts)) if score > 0]
    if len(matching) <= n:
        assert words.scores(found).tolist() == pytest.approx(matching)
    elif not words.crowded(n):
        assert len(found) == n
        assert words.scores(found)[0] >= (1 - BREVITY) * matching[0]


def test_a_common_word_is_not_looked_up_where_rare_ones_fill_the_places(monkeypatch) -> None:
    monkeypatch.setattr("mmqa.retrieval.wording.MANY", 50)
    texts = ["ferry b-17"] * 10 + ["ferry"] * 90 + ["train"] * 900
    shelf = Shelf(texts)
    found = Words(shelf, ["the ferry b-17"]).candidates(10)
    assert sorted(found) == list(range(1, 11))
    assert len(shelf.looked_up) == 1
    assert "b-17" in shelf.looked_up[0]


def test_a_word_that_could_still_lift_a_row_is_looked_up(monkeypatch) -> None:
    monkeypatch.setattr("mmqa.retrieval.wording.MANY", 5)
    texts = ["ferry pier", *["ferry"] * 12, *["pier"] * 10, *["train"] * 500]
    shelf = Shelf(texts)
    assert Words(shelf, ["ferry pier"]).candidates(5)[0] == 1
    assert len(shelf.looked_up) == 2


def test_of_many_rows_with_the_same_words_none_is_read_and_all_are_holders() -> None:
    n = 5
    shelf = Shelf(["ferry"] * (n + 1) + ["train"] * 500)
    words = Words(shelf, ["ferry"])
    assert words.candidates(n) == []
    assert words.crowded(n)
    assert shelf.read == []
    assert words.holders.tolist() == list(range(1, n + 2))


def test_holders_are_bounded_by_leaving_out_those_that_say_least() -> None:
    shelf = Shelf(["ferry pier"] * 7 + ["ferry"] * SEARCHED + ["train"] * 6 * SEARCHED)
    words = Words(shelf, ["ferry pier"])
    words.candidates(8)
    assert words.holders.tolist() == list(range(1, 8))


def test_estimates_are_scores_but_for_brevity() -> None:
    shelf = Shelf(["ferry pier", "ferry with other words", "train", "pier"])
    words = Words(shelf, ["ferry pier"])
    words.candidates(4)
    rows = np.array([1, 2, 3, 4])
    estimates = words.estimates(rows)
    assert estimates[0] == pytest.approx(words.scores([1])[0])  # says nothing else: no loss
    assert estimates[1] > words.scores([2])[0] > 0.8 * estimates[1] - 1e-6
    assert estimates[2] == words.scores([3])[0] == 0.0


def test_the_wording_that_says_most_counts_and_both_pick() -> None:
    shelf = Shelf(["ferry", "渡 轮", "train"])
    words = Words(shelf, ["渡轮", "ferry"])
    assert set(words.candidates(3)) == {1, 2}
    english, chinese = words.scores([1, 2]).tolist()
    assert chinese == pytest.approx((1 - BREVITY / 2) * english)  # one word, two signs


def test_without_words_there_is_nothing() -> None:
    words = Words(Shelf(["ferry"]), ["?!", ""])
    assert not words
    assert words.candidates(5) == []
    assert not words.crowded(5)
    assert words.estimates(np.array([1])).tolist() == [0.0]
    assert len(words.holders) == 0


def test_all_but_function_words_pick_and_common_ones_only_among_common() -> None:
    shelf = Shelf(["ferry pier"] * 50 + ["ferry"] * 40 + ["train"] * 10)
    (wording,) = wordings(shelf, ["the ferry and the train"])
    assert [wording.words[place] for place in wording.picking()] == [Term(("train", "trains"))]
    (wording,) = wordings(shelf, ["the ferry at the pier"])
    assert [wording.words[place].forms[0] for place in wording.picking()] == ["pier", "ferry"]
