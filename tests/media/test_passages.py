"""Cutting text: short enough, at pauses, and nothing lost."""

from __future__ import annotations

import re

from hypothesis import given, settings
from hypothesis import strategies as st

from mmqa.media.passages import MAX_WORDS, Block, count_words, passages, split_sentences

SENTENCE = "The ferry to the island leaves at nine every morning. "


def texts(*blocks: str | Block) -> list[str]:
    return [p.text for p in passages(b if isinstance(b, Block) else Block(b) for b in blocks)]


def test_a_long_paragraph_is_cut_between_sentences_into_even_parts() -> None:
    found = texts(SENTENCE * 30)  # 300 words
    assert len(found) == 3
    assert all(text.startswith("The ferry") and text.endswith("morning.") for text in found)
    assert {count_words(text) for text in found} == {100}


def test_chinese_is_cut_at_its_own_full_stops_and_counted_by_characters() -> None:
    sentence = "渡轮每天早上九点从码头出发。"  # 13 characters and the stop
    found = texts(sentence * 20)
    assert all(text.endswith("。") and count_words(text) <= MAX_WORDS for text in found)
    assert "".join(found) == sentence * 20


def test_short_neighbours_are_joined_under_one_heading_only() -> None:
    assert texts("Bread.", "Milk.") == ["Bread.\nMilk."]
    assert texts(Block("Bread.", "Buy"), Block("Milk.", "Sell")) == ["Bread.", "Milk."]
    assert texts(Block("Bread.", page=1), Block("Milk.", page=2)) == ["Bread.", "Milk."]


def test_hard_wrapping_is_undone_and_lists_keep_their_lines() -> None:
    wrapped = (
        "The ferry to the island leaves at nine every morning from\nthe pier behind the church."
    )
    assert texts(wrapped) == [wrapped.replace("\n", " ")]
    assert texts("- bread\n- milk") == ["- bread\n- milk"]
    chinese = (
        "渡轮每天早上九点从教堂后面的码头出发前往海岛旅客应当提前十五分钟到达码头"
        "并且出示有效的船票和证件方可\n登船离开。"
    )
    assert texts(chinese) == [chinese.replace("\n", "")]


def test_repeated_paragraphs_are_left_out_but_short_ones_stay() -> None:
    assert texts(SENTENCE, "Other words stand here too.", SENTENCE.upper()) == [
        SENTENCE.strip() + "\nOther words stand here too."
    ]
    assert texts("Total", "Total") == ["Total\nTotal"]


def test_code_keeps_its_lines() -> None:
    code = "def f():\n    return 1.  # A. B"
    assert texts(Block(code, verbatim=True)) == [code]


def test_sentences_do_not_end_at_abbreviations_numbers_and_quotes() -> None:
    assert split_sentences("Mr. Li paid 4.20 at St. Mary. He left!") == [
        "Mr. Li paid 4.20 at St. Mary.",
        "He left!",
    ]
    assert split_sentences("他说：“九点开。”然后走了。") == ["他说：“九点开。”", "然后走了。"]


def test_a_word_without_end_is_cut() -> None:
    found = texts("x" * 100_000)
    assert "".join(found).replace(" ", "").replace("\n", "") == "x" * 100_000
    assert max(map(len, found)) < 4000


words = st.text("abcdefgXYZ0123456789.,!?-'渡轮九点。！", min_size=1, max_size=12)
paragraph = st.lists(words, max_size=60).map(" ".join)


def units(text: str) -> list[str]:
    return re.findall(r"[\u3400-\u9fff]|[^\s\u3400-\u9fff]", text)


@settings(deadline=None)
@given(st.lists(st.tuples(paragraph, st.sampled_from(["", "A", "B"])), max_size=8))
def test_nothing_is_lost_but_repeats(blocks: list[tuple[str, str]]) -> None:
    found = list(passages(Block(text, heading) for text, heading in blocks))
    seen: set[str] = set()
    kept = []
    for text, _ in blocks:
        key = " ".join(text.split()).casefold()
        if key and not (key in seen and count_words(key) >= 4):
            kept.append(text)
        seen.add(key)
    assert units("".join(p.text for p in found)) == units("".join(kept))
    assert all(p.text and count_words(p.text) <= MAX_WORDS for p in found)


@settings(deadline=None, max_examples=15)
@given(st.lists(words, min_size=150, max_size=400))
def test_long_paragraphs_keep_every_word_and_stay_within_the_limit(parts: list[str]) -> None:
    found = texts(" ".join(parts))
    assert units("".join(found)) == units("".join(parts))
    assert all(count_words(text) <= MAX_WORDS for text in found)
