"""Transcripts as files: cues that can be read, and files that are whole."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest

from mmqa.errors import MmqaError, UsageError
from mmqa.exporting import CUE_S, LINE, cues, format_transcript, save_text
from mmqa.media.subtitles import parse_cues
from mmqa.records import Transcript, TranscriptSpan
from mmqa.transcripts import letters, wide

LONG = TranscriptSpan(
    60.0,
    78.0,
    "The ferry will be forty minutes late because of the wind. Please wait in the hall, where it "
    "is warm. There is coffee, and the next bus to Skarholm leaves when the ferry has come in.",
)


def test_a_span_that_is_short_enough_stays_as_it_is() -> None:
    span = TranscriptSpan(1.0, 4.0, "The ferry leaves at nine.")
    assert cues([span]) == [span]


def test_a_long_span_is_cut_at_sentences_into_what_can_be_read() -> None:
    shown = cues([LONG])
    assert letters(cue.text for cue in shown) == letters([LONG.text])
    assert all(len(cue.text) <= 2 * LINE for cue in shown)
    assert all(0 < cue.end_s - cue.start_s <= CUE_S for cue in shown)
    assert shown[0].text == "The ferry will be forty minutes late because of the wind."
    assert (shown[0].start_s, shown[-1].end_s) == (60.0, 78.0)
    assert all(a.end_s == b.start_s for a, b in pairwise(shown))


def test_ideographs_count_twice() -> None:
    shown = cues([TranscriptSpan(0.0, 20.0, "渡轮因为大风晚点四十分钟" * 10)])
    assert all(len(cue.text) + wide(cue.text) <= 2 * LINE for cue in shown)


def test_lines_are_about_as_long_as_each_other() -> None:
    text = format_transcript(Transcript((LONG,)), "srt")
    lines = [line for line in text.split("\n") if line and "-->" not in line and not line.isdigit()]
    assert lines[:2] == ["The ferry will be forty minutes", "late because of the wind."]
    assert max(map(len, lines)) <= LINE


def test_hours_and_thousandths_are_written() -> None:
    said = Transcript((TranscriptSpan(3723.0625, 3724.9996, "Yes."),))
    assert "01:02:03,062 --> 01:02:05,000" in format_transcript(said, "srt")


@pytest.mark.parametrize("format", ["srt", "vtt"])
def test_what_is_written_reads_the_same(format: str) -> None:
    said = Transcript(
        (TranscriptSpan(1.0, 2.5, "<b> & A --> B, 1 < 2"), TranscriptSpan(4.0, 5.0, "1984"))
    )
    back = parse_cues(format_transcript(said, format), comments=format == "vtt")
    if format == "vtt":
        assert back == said.spans
    else:  # SRT has no way to write a tag that is none
        assert [cue.start_s for cue in back] == [1.0, 4.0]
        assert back[1].text == "1984"


def test_plain_text_has_a_line_for_each_span() -> None:
    said = Transcript((TranscriptSpan(1.0, 2.5, "One."), TranscriptSpan(4.0, 5.0, "Two.")))
    assert format_transcript(said, "txt") == "One.\nTwo.\n"


@pytest.mark.parametrize(("format", "text"), [("srt", ""), ("vtt", "WEBVTT\n\n"), ("txt", "")])
def test_where_nobody_speaks_there_are_no_cues(format: str, text: str) -> None:
    assert format_transcript(Transcript(()), format) == text


def test_an_unknown_format_is_refused() -> None:
    with pytest.raises(UsageError, match="srt, vtt, txt"):
        format_transcript(Transcript(()), "doc")


def test_a_file_that_is_there_stays(tmp_path: Path) -> None:
    path = tmp_path / "talk.srt"
    path.write_text("mine")
    with pytest.raises(UsageError, match="already"):
        save_text("new", path)
    assert path.read_text() == "mine"
    save_text("new", path, overwrite=True)
    assert path.read_text() == "new"
    assert [p.name for p in tmp_path.iterdir()] == ["talk.srt"]


def test_a_link_that_leads_nowhere_is_a_file_that_is_there(tmp_path: Path) -> None:
    (tmp_path / "talk.srt").symlink_to(tmp_path / "gone")
    with pytest.raises(UsageError, match="already"):
        save_text("new", tmp_path / "talk.srt")


def test_a_file_is_whole_or_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(MmqaError, match="No space left"):
        save_text("new", tmp_path / "talk.srt")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(MmqaError, match="cannot be written"):
        save_text("new", tmp_path / "gone" / "talk.srt")
