"""Captions and transcripts kept in a text file beside a picture, recording or video."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from mmqa.media.sidecar import (
    MAX_BYTES,
    Beside,
    is_sidecar,
    read_beside,
    read_sidecar,
    read_transcript,
    told_by,
)
from mmqa.records import TranscriptSpan


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


SAID = "1\n00:00:01,000 --> 00:00:02,500\nThe ferry leaves at nine.\n"


@pytest.mark.parametrize(
    "name",
    ["talk.mp4.srt", "talk.srt", "talk.vtt", "talk.en.srt", "talk.mp4.de.vtt", "talk.en-GB.vtt"],
)
def test_a_file_of_cues_beside_a_video_is_its_transcript(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text(SAID)
    beside = read_beside(tmp_path / "talk.mp4", "video")
    assert beside.transcript is not None
    assert beside.transcript.spans == (TranscriptSpan(1.0, 2.5, "The ferry leaves at nine."),)
    assert beside.flags == ("transcript-file",)
    assert is_sidecar(tmp_path / name, {"talk.mp4", name})
    assert told_by(tmp_path / name, {"talk.mp4", "talk.jpg", name}) == ["talk.mp4"]


def test_plain_words_are_a_transcript_only_where_the_name_says_so(tmp_path: Path) -> None:
    (tmp_path / "talk.transcript.txt").write_text("The ferry leaves at nine.")
    beside = read_beside(tmp_path / "talk.mp3", "audio")
    assert beside.transcript is not None
    assert beside.flags == ("estimated-times", "transcript-file")
    (tmp_path / "walk.txt").write_text("The ferry leaves at nine.")
    beside = read_beside(tmp_path / "walk.mp3", "audio")
    assert (beside.transcript, beside.caption) == (None, "The ferry leaves at nine.")


def test_the_exact_name_wins_and_times_win_over_none(tmp_path: Path) -> None:
    for name, words in {
        "talk.srt": "of any talk",
        "talk.mp3.vtt": "of this talk",
        "talk.mp3.transcript.txt": "without times",
    }.items():
        (tmp_path / name).write_text(SAID.replace("The ferry leaves at nine.", words))
    transcript = read_transcript(tmp_path / "talk.mp3")
    assert transcript is not None
    assert [span.text for span in transcript.spans] == ["of this talk"]


def test_what_lies_beside_a_picture_only_is_a_file_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "talk.srt").write_text(SAID)
    assert not is_sidecar(tmp_path / "talk.srt", {"talk.jpg", "talk.srt"})
    assert read_beside(tmp_path / "talk.jpg", "image") == Beside()


def test_a_caption_that_repeats_the_transcript_is_none(tmp_path: Path) -> None:
    """As speech recognisers write them: talk.srt, talk.vtt and talk.txt with the same words."""
    (tmp_path / "talk.srt").write_text(SAID)
    (tmp_path / "talk.txt").write_text("The ferry leaves at nine\n")
    assert read_beside(tmp_path / "talk.mp3", "audio").caption == ""
    (tmp_path / "talk.txt").write_text("Grandma at the pier")
    beside = read_beside(tmp_path / "talk.mp3", "audio")
    assert (beside.caption, beside.flags) == (
        "Grandma at the pier",
        ("captioned", "transcript-file"),
    )


@pytest.mark.parametrize("content", [b"", b"\x00\x01\x02" * 50, b"WEBVTT\n\nNOTE nothing\n"])
def test_a_transcript_that_cannot_be_read_is_a_flag(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "talk.vtt").write_bytes(content)
    beside = read_beside(tmp_path / "talk.mp3", "audio")
    assert (beside.transcript, beside.flags) == (None, ("unreadable-transcript",))
    assert "talk.vtt" in beside.fault


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_a_named_pipe_beside_a_file_is_not_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "talk.srt")
    os.mkfifo(tmp_path / "talk.txt")
    assert read_beside(tmp_path / "talk.mp3", "audio").flags == ("unreadable-transcript",)


def test_a_name_as_long_as_can_be_has_nothing_beside_it(tmp_path: Path) -> None:
    assert read_beside(tmp_path / ("x" * 251 + ".mp3"), "audio") == Beside()
