"""What is the same in any way falls on one side, whatever the order."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from mmqa.training.pair_split import SIDES, groups, side

NEAR = "00000000000000ff"


def test_the_same_bytes_words_or_looks_make_one_group_and_so_on_from_pair_to_pair() -> None:
    named = groups(
        ["d", "c", "b", "a", "e"],
        [["ferry"], ["Ferry "], ["bus"], ["pear"], ["plum"]],
        ["", NEAR, "00000000000000fe", "ffffffff00000000", ""],
    )
    assert named == ["b", "b", "b", "a", "e"]  # d–c by their words, c–b by their looks


def test_a_pair_with_several_texts_joins_those_that_share_any() -> None:
    assert len(set(groups(["a", "b", "c"], [["x"], ["x", "y"], ["y"]], ["", "", ""]))) == 1


def test_hashes_that_differ_by_more_bits_are_apart() -> None:
    assert len(set(groups(["a", "b"], [["x"], ["y"]], ["0" * 16, "000000000000003f"]))) == 2


@given(st.permutations(range(6)))
def test_the_order_of_the_rows_does_not_matter(order: list[int]) -> None:
    contents, texts = ["f", "a", "c", "b", "e", "d"], [["1"], ["2"], ["1"], ["3"], ["4"], ["3"]]
    straight = groups(contents, texts, [""] * 6)
    shuffled = groups([contents[n] for n in order], [texts[n] for n in order], [""] * 6)
    assert shuffled == [straight[n] for n in order]


def test_shares_are_about_seventy_and_twice_fifteen() -> None:
    found = [side(f"{number:064x}") for number in range(4000)]
    for name, share in zip(SIDES, (0.7, 0.15, 0.15), strict=True):
        assert abs(found.count(name) / 4000 - share) < 0.02
