from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from mmqa.prompts.expansion import Expansion, load
from mmqa.records import Floats


@dataclass(frozen=True)
class Words:
    words: tuple[str, ...]
    vectors: Floats


KNOWN = Words(
    ("goats", "sheep", "cheese", "sea"),
    np.array([[1, 0], [0.8, 0.6], [0.6, 0.8], [0, 1]], np.float32),
)


def test_the_nearest_words_are_added_with_their_cosine_as_weight() -> None:
    found = Expansion(KNOWN, threshold=0.5, share=0.5).wordings("horns", np.array([1.0, 0.0]))
    assert [w.text for w in found] == ["goats", "sheep", "cheese"]
    assert [w.weight for w in found] == pytest.approx([0.5, 0.4, 0.3])


def test_words_that_are_in_the_question_and_far_ones_are_left_out() -> None:
    found = Expansion(KNOWN, threshold=0.7).wordings("a goat", np.array([1.0, 0.0]))
    assert [w.text for w in found] == ["sheep"]


def test_no_more_words_than_asked_for_and_none_without_a_vector() -> None:
    expansion = Expansion(KNOWN, threshold=0.0, most=2)
    assert len(expansion.wordings("horns", np.array([1.0, 0.0]))) == 2
    assert expansion.wordings("horns", None) == ()


def test_it_takes_the_vocabulary_of_the_prompt_words() -> None:
    class PromptWords:
        vocabulary = KNOWN

    class Parts:
        prompt_words = PromptWords()

    assert load(Parts()).known.words == KNOWN.words
