"""The panel of sentiment on a stand-in library."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from mmqa.applications.sentiment.judging import Thing, judge
from mmqa.applications.sentiment.opinions import Sentiment, Sentiments
from mmqa.errors import UsageError
from ui.sentiment_panel import row

GLAD, SAD = (0.0, 0.2, 0.8), (0.7, 0.3, 0.0)


def press(page: AppTest) -> AppTest:
    return next(b for b in page.button if b.label == "Judge").click().run()


@pytest.fixture
def judged(library: Any, page: AppTest) -> AppTest:
    """The page over a library that knows a talk of two segments."""
    path = Path("/media/talk.mp4")
    one = Sentiment(GLAD, {"visual": GLAD, "text": SAD}, path=path, start_s=0.0, end_s=9.0)
    other = Sentiment(SAD, {"text": SAD}, path=path, start_s=9.0, end_s=70.0, words="Sad news")
    asked: list[Any] = []

    def sentiment(targets: Any, **rest: Any) -> Sentiments:
        asked.append((targets, rest))
        return Sentiments((one, other), ("a file is gone",))

    library.sentiment = sentiment
    library.asked_to_judge = asked
    return press(page.run())


def test_the_curve_is_named_and_the_table_says_the_same(judged: AppTest, library: Any) -> None:
    assert not judged.exception
    drawn = "".join(str(element.proto.body) for element in judged.get("html"))
    assert 'role="img" aria-label="Sentiment of all files"' in drawn
    table = judged.table[0].value
    assert list(table["Feels"]) == ["positive", "negative"]
    assert table["Where"][1] == "talk.mp4 0:09"
    assert library.asked_to_judge == [(None, {"words": "", "language_model": False})]


def test_contradictions_and_notes_are_said(judged: AppTest) -> None:
    said = [element.value for element in judged.text]
    assert any("Irony, or two things at once?" in line for line in said)
    assert "a file is gone" in said


def test_an_error_is_a_sentence(page: AppTest, library: Any) -> None:
    def sentiment(targets: Any, **rest: Any) -> Sentiments:
        raise UsageError("there is no head in 'x'", "Train one.")

    library.sentiment = sentiment
    press(page.run())
    assert not page.exception
    assert "head in" in page.error[0].value


def test_what_says_nothing_is_unknown() -> None:
    assert row(judge(Thing()))["Feels"] == "unknown"
