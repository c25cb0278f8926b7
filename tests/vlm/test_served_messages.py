"""Prompts as chat completions, worked by hand."""

from __future__ import annotations

from typing import Any

from mmqa.records import PICTURE_MARK as MARK
from mmqa.records import Message
from mmqa.vlm.served_messages import wire_messages


def text(words: str) -> dict[str, Any]:
    return {"type": "text", "text": words}


def picture(url: str) -> dict[str, Any]:
    return {"type": "image_url", "image_url": {"url": url}}


def test_words_alone_stay_plain_text() -> None:
    messages = [Message("system", "Be brief."), Message("user", "Hello")]
    assert wire_messages(messages) == [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "Hello"},
    ]


def test_pictures_stand_where_their_marks_stand_over_all_messages() -> None:
    messages = [
        Message("user", f"{MARK}\nWhat is it?"),
        Message("assistant", "A cat."),
        Message("user", f"And {MARK}{MARK}?"),
    ]
    made = wire_messages(messages, ["a", "b", "c"])
    assert made[0]["content"] == [picture("a"), text("\nWhat is it?")]
    assert made[1]["content"] == "A cat."
    assert made[2]["content"] == [text("And "), picture("b"), picture("c"), text("?")]


def test_pictures_without_a_mark_stand_before_the_last_question() -> None:
    messages = [Message("user", "First"), Message("user", f"Then {MARK}"), Message("assistant", "")]
    made = wire_messages(messages, ["a", "b"])
    assert made[0]["content"] == "First"
    assert made[1]["content"] == [picture("b"), text("Then "), picture("a")]


def test_marks_without_a_picture_vanish() -> None:
    made = wire_messages([Message("user", f"a{MARK}b{MARK}c{MARK}d")], ["a"])
    assert made[0]["content"] == [text("a"), picture("a"), text("bcd")]
    assert wire_messages([Message("user", f"{MARK}x")])[0]["content"] == "x"


def test_a_picture_without_words_stands_alone() -> None:
    assert wire_messages([Message("user", MARK)], ["a"])[0]["content"] == [picture("a")]
