"""A file that is gone is found again by its content, once."""

from __future__ import annotations

from pathlib import Path

from mmqa.moves import Moves
from mmqa.records import MediaItem


def item(path: str, sha256: str) -> MediaItem:
    return MediaItem(Path(path), sha256, "text", 1, 0)


def test_other_content_is_another_file() -> None:
    moves = Moves([item("/a/x", "00")])
    assert moves.take(Path("/b/x"), "11") is None
    assert Path("/a/x") in moves


def test_of_equal_files_one_of_the_same_name_comes_first() -> None:
    moves = Moves([item("/a/x", "00"), item("/a/y", "00")])
    assert moves.take(Path("/b/y"), "00") == item("/a/y", "00")
    assert moves.take(Path("/b/z"), "00") == item("/a/x", "00")
    assert moves.take(Path("/b/x"), "00") is None
    assert list(moves) == []


def test_what_was_not_found_again_is_left() -> None:
    moves = Moves([item("/a/x", "00"), item("/a/y", "11")])
    moves.take(Path("/b/x"), "00")
    assert list(moves) == [item("/a/y", "11")]
    assert Path("/a/x") not in moves
