"""Stop strings over every way of cutting a text into pieces."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from mmqa.vlm.stop_strings import StopCut

LETTERS = st.text("ab\n", max_size=12)


def shown(pieces: list[str], stop: list[str]) -> tuple[str, bool]:
    cut = StopCut(stop)
    text = "".join(cut.feed(piece) for piece in pieces)
    return text + cut.rest(), cut.found


def oracle(text: str, stop: list[str]) -> tuple[str, bool]:
    ends = [text.find(one) for one in stop if one in text]
    return (text[: min(ends)], True) if ends else (text, False)


@given(st.lists(LETTERS), st.lists(st.text("ab\n", min_size=1, max_size=4), max_size=3))
def test_the_text_is_cut_where_it_would_be_cut_as_a_whole(
    pieces: list[str], stop: list[str]
) -> None:
    whole, found = oracle("".join(pieces), stop)
    got, ended = shown(pieces, stop)
    # of two stop strings, the one that is complete first ends the text
    assert ended == found
    assert whole.startswith(got) or got.startswith(whole)
    if len(stop) < 2:
        assert got == whole


def test_text_is_held_back_no_longer_than_needed() -> None:
    cut = StopCut(["\n\n"])
    assert [cut.feed(piece) for piece in ("a", "\n", "b", "\n", "\n", "c")] == [
        *("a", "", "\nb", "", "", "")
    ]
    assert cut.found


def test_nothing_ends_a_text_without_stop_strings() -> None:
    assert shown(["a", "b"], []) == ("ab", False)
