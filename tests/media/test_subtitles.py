"""What files of cues, and of plain words, say."""

from __future__ import annotations

import math
import os
from pathlib import Path

import pytest

from mmqa.errors import MediaError
from mmqa.media.subtitles import MAX_BYTES, parse_cues, parse_words, read_subtitles
from mmqa.records import TranscriptSpan

SRT = """1
00:00:01,000 --> 00:00:03,500
The ferry leaves at nine,
from <i>pier four</i>.

2
00:12:41,250 --> 01:02:03,000
Bring an umbrella &amp; a hat.
"""
FERRY = (
    TranscriptSpan(1.0, 3.5, "The ferry leaves at nine, from pier four."),
    TranscriptSpan(761.25, 3723.0, "Bring an umbrella & a hat."),
)


def said(text: str, *, comments: bool = False) -> list[str]:
    return [cue.text for cue in parse_cues(text, comments=comments)]


@pytest.mark.parametrize(
    "encoded",
    [
        SRT.encode(),
        SRT.encode("utf-8-sig"),
        SRT.encode("utf-16"),
        SRT.replace("\n", "\r\n").encode(),
        SRT.replace("\n", "\r").encode(),
    ],
)
def test_an_srt_is_read_in_any_encoding_and_with_any_line_breaks(
    tmp_path: Path, encoded: bytes
) -> None:
    (tmp_path / "talk.srt").write_bytes(encoded)
    assert read_subtitles(tmp_path / "talk.srt").spans == FERRY


@pytest.mark.parametrize(
    ("words", "encoding"), [("Grüße aus Köln.", "cp1252"), ("渡轮九点开，在四号码头。", "gb18030")]
)
def test_old_encodings_are_told(tmp_path: Path, words: str, encoding: str) -> None:
    text = f"1\n00:00:01,000 --> 00:00:02,000\n{words}\n"
    (tmp_path / "talk.srt").write_bytes(text.encode(encoding))
    assert read_subtitles(tmp_path / "talk.srt").spans == (TranscriptSpan(1.0, 2.0, words),)


def test_a_line_that_is_a_number_is_what_was_said(tmp_path: Path) -> None:
    text = "1\n00:01 --> 00:02\nHe was born in\n1984\n\n2\n00:03 --> 00:04\nIn May.\n"
    assert said(text) == ["He was born in 1984", "In May."]


def test_an_empty_line_within_an_srt_cue_ends_nothing() -> None:
    assert said("1\n00:01 --> 00:02\nOne\n\ntwo.\n\n2\n00:03 --> 00:04\nThree.\n") == [
        "One two.",
        "Three.",
    ]


def test_comments_styles_and_titles_of_webvtt_are_not_said() -> None:
    text = """WEBVTT - a talk

STYLE
::cue { color: red }

NOTE
Nobody says this.

intro
00:01.000 --> 00:03.000 align:start position:0%
<v Ann>Hello &amp; <b>welcome</b>, 1 &lt; 2.

NOTE nor this

outro
00:00:04.000 --> 00:00:05.500
<v Ann>Good<00:00:04.500><c.loud> bye</c>.

00:00:06.000 --> 00:00:07.000
<v.first Bob>Bye.
"""
    assert said(text, comments=True) == ["Ann: Hello & welcome, 1 < 2.", "Good bye.", "Bob: Bye."]


def test_captions_that_roll_up_say_each_line_once() -> None:
    text = """WEBVTT

00:00:00.000 --> 00:00:02.000
·
hello<00:00:00.500><c> world</c>

00:00:02.000 --> 00:00:02.010
hello world
·

00:00:02.010 --> 00:00:04.000
hello world
and<00:00:03.000><c> all</c>

00:00:04.000 --> 00:00:04.010
and all
·
"""
    cues = parse_cues(text.replace("·", " "), comments=True)
    assert [(c.start_s, c.text) for c in cues] == [(0.0, "hello world"), (2.01, "and all")]


def test_what_is_said_twice_stays_twice() -> None:
    assert said("1\n00:01 --> 00:02\nNo.\n\n2\n00:02 --> 00:03\nNo.\n") == ["No.", "No."]


def test_times_that_run_backwards_end_where_they_begin_and_cues_are_put_in_order() -> None:
    cues = parse_cues(
        "2\n00:00:09,000 --> 00:00:08,000\nLate.\n\n1\n0:0:1.5 -> 00:00:02,25\nSoon.\n",
        comments=False,
    )
    assert cues == (TranscriptSpan(1.5, 2.25, "Soon."), TranscriptSpan(9.0, 9.0, "Late."))


def test_plain_words_go_on_as_long_as_the_recording(tmp_path: Path) -> None:
    (tmp_path / "talk.transcript.txt").write_text("The ferry leaves at nine.\n\nFrom pier four.\n")
    assert read_subtitles(tmp_path / "talk.transcript.txt").spans == (
        TranscriptSpan(0.0, math.inf, "The ferry leaves at nine. From pier four."),
    )


def test_times_before_lines_are_taken() -> None:
    assert parse_words("[0:02] Ann: Hi.\nAnd hello.\n(1:02:03) Bob: Yes?") == (
        TranscriptSpan(2.0, 3723.0, "Ann: Hi. And hello."),
        TranscriptSpan(3723.0, math.inf, "Bob: Yes?"),
    )


@pytest.mark.parametrize(
    "text", ["12:30 lunch was had\n8:00 breakfast", "at 12:30 lunch", "9:00 breakfast"]
)
def test_times_of_day_are_words(text: str) -> None:
    assert [cue.text for cue in parse_words(text)] == [" ".join(text.split())]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "empty"),
        (b"WEBVTT\n\nNOTE nothing\n", "no words with times"),
        (b"Dear Ann,\nno times here.\n", "no words with times"),
        (b"1\n00:00:01,000 --> 00:00:02,000\n\n", "no words with times"),
        (b"\x00\x01\x02\x03" * 999, "no text"),
        (b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01" * 99, "no text"),
    ],
)
def test_what_says_nothing_is_refused_with_a_sentence(
    tmp_path: Path, content: bytes, reason: str
) -> None:
    path = tmp_path / "talk.srt"
    path.write_bytes(content)
    with pytest.raises(MediaError, match=reason):
        read_subtitles(path)


def test_a_huge_file_is_refused_unread(tmp_path: Path) -> None:
    path = tmp_path / "talk.srt"
    with path.open("wb") as file:
        file.truncate(MAX_BYTES + 1)
    with pytest.raises(MediaError, match="larger than"):
        read_subtitles(path)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_a_named_pipe_is_refused_unopened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "talk.srt")
    with pytest.raises(MediaError, match="a named pipe"):
        read_subtitles(tmp_path / "talk.srt")


@pytest.mark.parametrize("unit", ["00:01 --> ", "<v ", "<a", "{\\", "[", "1\n", "-->\n", "&#"])
def test_hostile_lines_take_no_longer_than_others(unit: str) -> None:
    head = "00:00:01,000 --> 00:00:02,000\n"
    for comments in (False, True):
        parse_cues(head + unit * 100_000, comments=comments)
    parse_words(unit * 100_000)


@pytest.mark.parametrize(
    ("name", "language"), [("talk.srt", ""), ("talk.en.srt", "en"), ("talk.zh-Hans.vtt", "zh")]
)
def test_the_name_may_tell_the_language(tmp_path: Path, name: str, language: str) -> None:
    (tmp_path / name).write_text("WEBVTT\n\n00:01.000 --> 00:02.000\nHello.\n")
    assert read_subtitles(tmp_path / name).language == language
