"""Opinions are fused by weights that are shown; a head decides where there is one."""

from __future__ import annotations

import numpy as np
import pytest

from mmqa.applications.sentiment import cues
from mmqa.applications.sentiment.judging import WEIGHTS, Thing, judge, opinions
from mmqa.features.prosody import Prosody
from mmqa.fusion.head import Head, HeadWeights
from mmqa.records import Features, PromptWord

FLAT = Prosody(pitch_hz=120, pitch_spread=0.5, voiced=0.6, sounding=0.5, pace_per_s=1.0)
LIVELY = Prosody(pitch_hz=240, pitch_spread=6.0, voiced=0.6, sounding=0.9, pace_per_s=6.0)
WIDE = cues.width(30)


def pointing_head() -> Head:
    """Of each modality, the first number speaks for positive, the second for negative."""
    rows = np.zeros((2, 3, WIDE), np.float32)
    rows[:, 2, 0] = rows[:, 0, 1] = 4.0
    names = ("negative", "neutral", "positive")
    zeros = np.zeros((2, 3), np.float32)
    return Head(HeadWeights("concatenation", ("visual", "text"), names, rows, zeros, zeros[0]))


def unit(place: int) -> np.ndarray:
    vector = np.zeros(30, np.float32)
    vector[place] = 1
    return vector


def test_weights_sum_to_one_and_pool_what_was_said() -> None:
    thing = Thing({"text": "a wonderful day"}, (PromptWord("murder", 1.0),), voice=FLAT)
    found = judge(thing)
    assert sum(found.weights.values()) == pytest.approx(1)
    assert found.weights["text"] == pytest.approx(1.0 / 1.7)  # 1, ½ and ⅕ were set by hand
    pooled = sum(o.weight * o.chances[2] for o in found.opinions)
    assert found.chances[2] == pytest.approx(pooled)
    assert found.contradiction == ("text", "visual")


def test_where_nothing_can_be_said_nothing_is_invented() -> None:
    found = judge(Thing({"text": "这部电影太好看了"}))
    assert found.by == "nothing" and found.opinions == ()
    assert found.chances == pytest.approx((1 / 3, 1 / 3, 1 / 3))


def test_a_text_without_rated_words_counts_half() -> None:
    (plain,) = opinions(Thing({"text": "The shop opens at nine."}))
    (glad,) = opinions(Thing({"text": "A lovely shop."}))
    assert plain.weight == glad.weight / 2


def test_a_lively_voice_is_a_little_glad_and_a_flat_one_a_little_sad() -> None:
    lively, flat = judge(Thing(voice=LIVELY)), judge(Thing(voice=FLAT))
    assert 0.1 < lively.valence < 0.7 and -0.7 < flat.valence < -0.1


def test_noise_without_pitch_and_silence_have_no_voice() -> None:
    assert judge(Thing(voice=Prosody(sounding=0.9))).by == "nothing"
    assert judge(Thing(voice=Prosody())).by == "nothing"


def test_what_a_model_said_is_one_opinion_among_others() -> None:
    thing = Thing({"text": "a wonderful day"}, answers={"text": "negative"})
    found = judge(thing)
    assert {o.by: round(o.weight, 3) for o in found.opinions} == {
        "lexicon": 0.769,
        "language model": 0.231,
    }  # 1 and 0.3 of 1.3


def test_every_way_has_a_weight() -> None:
    assert all(0 < weight <= 1 for weight in WEIGHTS.values())


def test_a_head_decides_and_tells_each_modality_by_itself() -> None:
    vectors = Features({"visual": unit(0), "text": unit(1)})
    thing = Thing({"text": "a wonderful day"}, features=vectors)
    found = judge(thing, pointing_head())
    assert found.by == "trained" and found.weights == {}
    assert found.modalities["visual"][2] == pytest.approx(np.exp(4) / (np.exp(4) + 2), abs=1e-4)
    assert found.modalities["text"][0] == pytest.approx(np.exp(4) / (np.exp(4) + 2), abs=1e-4)
    assert found.contradiction == ("visual", "text")
    assert found.chances[0] == pytest.approx(found.chances[2], abs=1e-5)
    assert [o.by for o in found.opinions] == ["trained", "trained", "lexicon"]
    assert all(o.weight == 0 for o in found.opinions)


def test_a_head_that_knows_no_modality_of_a_thing_leaves_it_to_the_others() -> None:
    found = judge(Thing({"text": "a wonderful day"}), pointing_head())
    assert found.by == "untrained" and found.label == "positive"
    assert judge(Thing(), pointing_head()).by == "nothing"
