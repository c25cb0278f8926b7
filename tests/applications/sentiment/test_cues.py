"""Features for a head: vectors with what is rated beside them."""

from __future__ import annotations

import numpy as np
import pytest

from mmqa.applications.sentiment.cues import CUES, seen_rating, widened, width
from mmqa.features.prosody import WIDTH, Prosody
from mmqa.records import Features, PromptWord

VOICE = Prosody(pitch_hz=200, pitch_spread=4, voiced=0.6, sounding=0.8, pace_per_s=4)


def test_all_modalities_are_equally_wide() -> None:
    vectors = {name: np.ones(40, np.float32) for name in ("visual", "text", "speech")}
    texts = {"text": "a good day", "speech": "a bad day"}
    found = widened(Features(vectors), texts, (), VOICE, width(40)).vectors
    assert set(found) == {"visual", "text", "speech", "acoustic"}
    assert {vector.shape for vector in found.values()} == {(40 + CUES,)}
    assert found["text"][-2] > 0 > found["speech"][-2]
    assert not found["visual"][-CUES:].any()


def test_how_it_sounds_stands_in_front_and_the_rest_is_nothing() -> None:
    found = widened(Features({}), {}, (), VOICE, width(40)).vectors["acoustic"]
    assert found[:WIDTH].any() and not found[WIDTH:].any()


def test_silence_is_no_sound() -> None:
    assert widened(Features({}), {}, (), Prosody(), width(40)).vectors == {}


def test_nearer_words_count_more() -> None:
    near = seen_rating([PromptWord("happy", 2.0), PromptWord("murder", 0.0)])
    far = seen_rating([PromptWord("happy", 0.0), PromptWord("murder", 2.0)])
    assert near.valence > 0 > far.valence
    assert near.positive == near.negative == pytest.approx(0.5)
