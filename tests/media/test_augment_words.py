"""What a slip, a frame or a lost word does to a question, and what it must leave."""

from __future__ import annotations

import numpy as np
import pytest
from rapidfuzz.distance import DamerauLevenshtein

from mmqa.media import augment_words as words

QUESTION = "When does the ferry to Helsinki leave pier 4?"


def test_a_typo_is_one_edit_in_one_long_word_that_keeps_its_first_letter() -> None:
    for seed in range(200):
        changed = words.typos(QUESTION, np.random.default_rng(seed), 0.01).split()
        pairs = [(a, b) for a, b in zip(QUESTION.split(), changed, strict=True) if a != b]
        assert len(pairs) <= 1
        for before, after in pairs:
            assert len(before) >= words.SHORTEST_TYPO
            assert before[0] == after[0]
            assert DamerauLevenshtein.distance(before, after) == 1


def test_the_share_says_how_many_words_are_mistyped() -> None:
    text = " ".join(["elephant"] * 20)
    changed = words.typos(text, np.random.default_rng(1), 0.5).split()
    assert sum(word != "elephant" for word in changed) == 10


@pytest.mark.parametrize("text", ["a cat", "2024", "", "渡轮几点开"])
def test_what_is_too_short_or_written_otherwise_is_left_alone(text: str) -> None:
    assert words.typos(text, np.random.default_rng(0), 0.5) == text


def test_the_neighbours_on_a_keyboard_are_neighbours_both_ways() -> None:
    for letter, beside in words.NEIGHBOURS.items():
        for other in beside:
            assert letter in words.NEIGHBOURS[other], (letter, other)
    assert set(words.NEIGHBOURS["q"]) == set("wa")
    assert set(words.NEIGHBOURS["g"]) == set("tyfhvb")


def test_only_empty_words_go_unless_any_may() -> None:
    content = {"When", "ferry", "Helsinki", "leave", "pier", "4?"}
    for seed in range(50):
        left = words.drop_words(QUESTION, np.random.default_rng(seed), 0.3).split()
        assert content <= set(left)
        assert len(left) == len(QUESTION.split()) - 3
    anything = words.drop_words(QUESTION, np.random.default_rng(1), 0.3, any_word=True)
    assert not content <= set(anything.split())
    assert "4?" in anything


def test_one_word_always_stays() -> None:
    assert words.drop_words("the", np.random.default_rng(0), 1.0) == "the"
    assert words.drop_words("the of", np.random.default_rng(0), 1.0) in {"the", "of"}


def test_a_whole_question_and_a_name_get_frames_that_suit_them() -> None:
    for seed in range(40):
        rng = np.random.default_rng(seed)
        framed, named = words.frame(QUESTION, rng), words.frame("red bicycle", rng)
        assert QUESTION in framed
        assert "find When" not in framed
        assert "red bicycle" in named
        assert named != "red bicycle"


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("ﬁrst ½ cup", "first 1⁄2 cup"),
        ("“yes” – it’s", '"yes" - it\'s'),
        ("a\u00a0b\u200bc\n", "a bc"),
        ("ＰＩＥＲ　４", "PIER 4"),
    ],
)
def test_one_text_has_one_writing(text: str, wanted: str) -> None:
    assert words.normalize(text) == wanted
    assert words.normalize(wanted) == wanted


def test_spaces_and_marks_are_all_that_changes() -> None:
    assert words.spread(QUESTION, np.random.default_rng(0)).split() == QUESTION.split()
    assert words.drop_punctuation("Hello, Ann! (4.2 km)") == "Hello Ann 4.2 km"
