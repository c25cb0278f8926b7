"""Words whose vectors are known are not encoded."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mmqa.records import Floats
from mmqa.remembering import RememberingEncoder


class Counting:
    """Encodes a word as its length, and notes what it was asked."""

    fingerprint = "counting"
    width = 1

    def __init__(self) -> None:
        self.asked: list[list[str]] = []

    def encode(self, texts: Sequence[str]) -> Floats:
        self.asked.append(list(texts))
        return np.array([[len(text)] for text in texts], np.float32)


def test_only_new_words_are_encoded_each_once_and_in_order() -> None:
    real = Counting()
    encoder = RememberingEncoder(lambda: real, {"bb": np.array([-1.0], np.float32)})
    found = encoder.encode(["ccc", "bb", "a", "ccc"])
    assert found.tolist() == [[3.0], [-1.0], [1.0], [3.0]]
    assert found.dtype == np.float32
    assert real.asked == [["ccc", "a"]]
    assert (encoder.fingerprint, encoder.width) == ("counting", 1)


def test_where_all_is_known_the_encoder_is_not_even_loaded() -> None:
    def load() -> Counting:
        raise AssertionError("loaded")

    encoder = RememberingEncoder(load, {"a": np.array([1.0], np.float32)})
    assert encoder.encode(["a", "a"]).tolist() == [[1.0], [1.0]]
    assert len(encoder.encode([])) == 0
