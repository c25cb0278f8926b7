"""Pictures stand at their marks; what lacks a mark, or a picture, is not lost or made up."""

from __future__ import annotations

from mmqa.records import PICTURE_MARK as MARK
from mmqa.records import Message
from mmqa.vlm.places import placed


def test_the_nth_mark_is_the_nth_picture_in_whatever_message_it_stands() -> None:
    messages = [Message("user", f"{MARK}a"), Message("assistant", "b"), Message("user", f"c{MARK}")]
    assert placed(messages, [1, 2]) == [[1, "a"], ["b"], ["c", 2]]


def test_pictures_without_a_mark_stand_before_the_last_words_of_the_user() -> None:
    messages = [Message("user", f"{MARK}a"), Message("user", "b"), Message("assistant", "c")]
    assert placed(messages, [1, 2, 3]) == [[1, "a"], [2, 3, "b"], ["c"]]


def test_where_no_user_speaks_they_stand_before_the_last_words() -> None:
    assert placed([Message("system", "a"), Message("assistant", "b")], [1]) == [["a"], [1, "b"]]


def test_marks_without_a_picture_leave_no_gap() -> None:
    assert placed([Message("user", f"a{MARK}b{MARK}c{MARK}d")], [0]) == [["a", 0, "bcd"]]


def test_a_message_without_words_has_no_pieces() -> None:
    assert placed([Message("user", ""), Message("user", MARK)], [1]) == [[], [1]]
