"""Captions kept in a text file beside a picture or recording."""

from __future__ import annotations

from pathlib import Path

import pytest

from mmqa.media.sidecar import MAX_BYTES, is_sidecar, read_sidecar


@pytest.mark.parametrize("name", ["photo.jpg.txt", "photo.txt"])
def test_both_ways_of_naming_a_caption_are_read(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("Grandma on the\n  ferry\n", encoding="utf-8")
    assert read_sidecar(tmp_path / "photo.jpg") == "Grandma on the ferry"


def test_the_more_exact_name_wins(tmp_path: Path) -> None:
    (tmp_path / "photo.txt").write_text("general")
    (tmp_path / "photo.jpg.txt").write_text("exact")
    assert read_sidecar(tmp_path / "photo.jpg") == "exact"


def test_no_sidecar_is_no_caption(tmp_path: Path) -> None:
    assert read_sidecar(tmp_path / "photo.jpg") == ""


def test_a_long_text_beside_a_recording_is_a_note(tmp_path: Path) -> None:
    path = tmp_path / "talk.txt"
    path.write_bytes(b"x" * (MAX_BYTES + 1))
    assert not is_sidecar(path, {"talk.mp3", "talk.txt"})
    assert read_sidecar(tmp_path / "talk.mp3") == ""
    path.write_bytes(b"x" * MAX_BYTES)
    assert is_sidecar(path, {"talk.mp3", "talk.txt"})


def test_a_text_beside_a_text_is_a_note(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("x")
    assert not is_sidecar(tmp_path / "a.txt", {"a.md", "a.pdf", "a.txt"})


def test_captions_come_in_old_encodings_too(tmp_path: Path) -> None:
    (tmp_path / "p.txt").write_bytes("外婆在渡轮上。".encode("gb18030"))
    assert read_sidecar(tmp_path / "p.png") == "外婆在渡轮上。"
