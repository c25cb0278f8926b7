"""What may come with a question, and how uploads are kept."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from ui import attachments
from ui.attachments import keep, safe_name, sort_out


@dataclass
class File:
    name: str
    content: bytes = b"x"

    def getvalue(self) -> bytes:
        return self.content


def test_pictures_and_recordings_are_told_apart_by_ending() -> None:
    taken, sentences = sort_out([File("a.PNG"), File("b.mp3")])
    assert [(one.name, one.kind) for one in taken] == [("a.PNG", "image"), ("b.mp3", "audio")]
    assert sentences == []


def test_a_spoken_question_wins_over_an_attached_recording() -> None:
    taken, sentences = sort_out([File("b.mp3")], File("spoken", b"wav"))
    assert [one.name for one in taken] == ["spoken"]
    assert "one recording" in sentences[0]


def test_what_is_too_large_is_left_out_with_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attachments, "QUESTION_LIMIT_BYTES", 3)
    taken, sentences = sort_out([File("a.png", b"1234")])
    assert taken == ()
    assert sentences == [
        "“a.png” was left out: it is larger than 3 bytes; add it to the index instead."
    ]


def test_a_fifth_picture_is_left_out() -> None:
    taken, sentences = sort_out([File(f"{n}.png") for n in range(5)])
    assert len(taken) == 4
    assert "4 pictures" in sentences[0]


def test_other_files_are_left_out() -> None:
    assert "only pictures and recordings" in sort_out([File("a.exe")])[1][0]


def test_an_upload_is_kept_once_and_never_overwrites_another(tmp_path: Path) -> None:
    first = keep([File("a.txt", b"1")], tmp_path)
    again = keep([File("a.txt", b"1")], tmp_path)
    other = keep([File("a.txt", b"2")], tmp_path)
    assert first == again == [tmp_path / "uploads" / "a.txt"]
    assert other == [tmp_path / "uploads" / "a (2).txt"]
    assert first[0].read_bytes() == b"1"
    assert sorted(p.name for p in (tmp_path / "uploads").iterdir()) == ["a (2).txt", "a.txt"]


@pytest.mark.parametrize(
    "name", ["../../x.png", "/etc/passwd", "..", "a\\..\\b.png", ".hidden", "a\0b.png", "\n"]
)
def test_no_name_leaves_the_folder(name: str, tmp_path: Path) -> None:
    kept = keep([File(name)], tmp_path)[0]
    assert kept.parent == tmp_path / "uploads"
    assert kept.exists()


def test_a_long_name_is_cut_and_keeps_its_ending() -> None:
    name = safe_name("海" * 300 + ".jpg")
    assert name.endswith(".jpg")
    assert len(name.encode()) <= 160
