"""Which icons a fit may not see, by words and by meaning."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from mmqa.corpora.openmoji import Emoji
from mmqa.training.drawings import Drawing
from mmqa.training.withheld import telling


def drawing(words: str, source: str, group: str = "objects") -> Drawing:
    return Drawing(Emoji(words, "", words, (), group, "", False, Path("x.svg")), source)


HELD = [drawing("delivery truck", "openmoji"), drawing("blue square", "openmoji", "symbols")]
HELD_VECTORS = np.array([[1, 0, 0], [0, 1, 0]], np.float32)


def told(words: str, vector: tuple[float, float, float]) -> bool:
    icon = drawing(words, "game-icons", "icons")
    return bool(telling([icon], np.array([vector], np.float32), HELD, HELD_VECTORS)[0])


def test_an_icon_with_the_head_noun_of_a_tested_concept_is_left_out() -> None:
    assert told("fire truck", (0, 0, 1))


def test_of_what_is_never_asked_for_only_the_whole_name_counts() -> None:
    assert told("big square", (0, 0, 1))  # its concept is "square"
    assert not told("cube", (0, 0, 1))


def test_an_icon_that_means_the_same_in_other_words_is_left_out() -> None:
    assert told("lorry", (0.8, 0, 0.6))
    assert not told("ship", (0.6, 0, 0.8))


def test_nothing_held_out_leaves_all_in() -> None:
    icons = [drawing("fire truck", "game-icons", "icons")]
    assert not telling(icons, HELD_VECTORS[:1], [], np.zeros((0, 3), np.float32)).any()
    assert telling([], np.zeros((0, 3), np.float32), HELD, HELD_VECTORS).shape == (0,)
