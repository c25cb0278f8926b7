"""The Emoji Sentiment Ranking, where its package was fetched."""

from __future__ import annotations

import pytest

from mmqa.corpora.emoji_sentiment import Rated, load


def test_scores_are_those_of_the_paper() -> None:
    heart = Rated("❤", (355, 1334, 6361))
    assert heart.tweets == 8050 and heart.commonest == 2
    assert heart.score == pytest.approx(0.746, abs=0.001)  # table 2 of the paper


def test_of_two_that_are_equally_common_the_nearer_to_neutral_counts() -> None:
    assert Rated("x", (3, 3, 0)).commonest == 1
    assert Rated("x", (3, 0, 3)).commonest == 2


@pytest.mark.corpus
def test_the_table_has_its_751_ranked_emoji() -> None:
    found = load()
    assert sum(one.tweets >= 5 for one in found.values()) == 751
    assert found["😂"].tweets == 14_622
