"""Labels, valences and contradictions, worked by hand."""

from __future__ import annotations

from pathlib import Path

import pytest

from mmqa.applications.sentiment.opinions import (
    UNKNOWN,
    Sentiment,
    Sentiments,
    chances_of,
    label_of,
    valence_of,
)

GLAD, SAD, EVEN = (0.0, 0.2, 0.8), (0.7, 0.3, 0.0), (0.1, 0.8, 0.1)


@pytest.mark.parametrize("valence", [-1.0, -0.3, 0.0, 0.05, 0.6, 1.0])
def test_chances_sum_to_one_and_mirror_each_other(valence: float) -> None:
    chances = chances_of(valence)
    assert sum(chances) == pytest.approx(1) and min(chances) > 0
    assert chances_of(-valence) == pytest.approx(chances[::-1])


def test_a_strong_valence_has_its_label_and_none_is_neutral() -> None:
    labels = [label_of(chances_of(valence)) for valence in (-0.8, 0.0, 0.8)]
    assert labels == ["negative", "neutral", "positive"]


def test_the_valence_is_the_difference_of_the_ends() -> None:
    assert valence_of(GLAD) == pytest.approx(0.8)
    assert Sentiment(SAD).valence == pytest.approx(-0.7)


def test_a_glad_picture_with_sad_words_is_a_candidate_for_irony() -> None:
    found = Sentiment(EVEN, {"visual": GLAD, "text": SAD, "acoustic": EVEN})
    assert found.contradiction == ("visual", "text")
    assert found.disagreement == pytest.approx((0.8 + 0.7) / 2)


def test_what_is_merely_less_glad_contradicts_nothing() -> None:
    assert Sentiment(GLAD, {"visual": GLAD, "text": EVEN}).contradiction is None
    assert Sentiment(GLAD, {"visual": GLAD}).contradiction is None


def test_the_whole_weighs_by_length_and_leaves_out_what_is_unknown() -> None:
    long = Sentiment(GLAD, start_s=0.0, end_s=3.0)
    short = Sentiment(SAD, start_s=3.0, end_s=4.0)
    nothing = Sentiment(UNKNOWN, by="nothing", start_s=4.0, end_s=99.0)
    whole = Sentiments((long, short, nothing)).overall()
    assert whole == pytest.approx((0.175, 0.225, 0.6))  # ¾ · glad + ¼ · sad
    assert Sentiments((nothing,)).overall() == UNKNOWN


def test_json_says_what_each_modality_says() -> None:
    said = Sentiment(EVEN, {"visual": GLAD, "text": SAD}, path=Path("/a.jpg")).to_json()
    assert said["path"] == "/a.jpg" and said["label"] == "neutral"
    assert said["modalities"]["text"]["chances"] == {
        "negative": 0.7,
        "neutral": 0.3,
        "positive": 0.0,
    }
    assert said["contradiction"] == ["visual", "text"]
