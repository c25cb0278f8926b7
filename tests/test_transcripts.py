"""Transcripts of files: spans like those that are heard, and whose they are."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from mmqa.errors import UsageError
from mmqa.media.reader import FileReader
from mmqa.records import (
    FileTranscript,
    Heard,
    LongRecording,
    Media,
    MediaItem,
    Recording,
    Segment,
    SegmentText,
    Transcript,
    TranscriptSpan,
)
from mmqa.transcripts import (
    belongs,
    fingerprint,
    fitting,
    letters,
    of_file,
    of_index,
    spread,
    told,
    within,
)

SAMPLES = Path(__file__).parents[1] / "indexes" / "samples"
MEMO = SAMPLES / "recordings" / "memo-0614.ogg"
READER = FileReader()


def cues(*rows: tuple[float, float, str]) -> Transcript:
    return Transcript(tuple(TranscriptSpan(*row) for row in rows), "en")


class Listener:
    """Hears the same in everything; says how often it was asked."""

    fingerprint = "listener"
    SAID = Transcript((TranscriptSpan(0.5, 1.5, "Heard."),), "en")

    def __init__(self) -> None:
        self.asked = 0

    def transcribe(self, recording: Recording) -> Transcript:
        return self.transcribe_many([recording])[0]

    def transcribe_many(self, recordings: Sequence[Recording]) -> list[Transcript]:
        self.asked += len(recordings)
        return [self.SAID for _ in recordings]

    def listen(self, recording: LongRecording, heard: Heard | None = None) -> Iterator[Heard]:
        self.asked += 1
        yield Heard(recording.length, "en", self.SAID.spans, done=True)


def test_short_cues_become_whole_sentences() -> None:
    said = told(cues((1, 3, "The ferry leaves"), (3, 5, "at nine."), (5, 7, "Do not be late.")), 60)
    assert said.spans == (TranscriptSpan(1.0, 7.0, "The ferry leaves at nine. Do not be late."),)
    assert said.language == "en"


def test_a_pause_parts_what_is_said() -> None:
    said = told(cues((1, 3, "One."), (30, 32, "Two.")), 60)
    assert [(s.start_s, s.end_s) for s in said.spans] == [(1.0, 3.0), (30.0, 32.0)]


def test_one_long_cue_is_cut_between_words_and_loses_none() -> None:
    words = " ".join(f"Sentence number {n} says this." for n in range(40))
    said = told(cues((0, math.inf, words)), 100.0)
    assert letters(span.text for span in said.spans) == letters([words])
    assert len(said.spans) > 5
    assert all(0 <= span.start_s < span.end_s <= 100.0 for span in said.spans)
    assert all(span.text.startswith("Sentence") for span in said.spans)


def test_chinese_words_stand_without_blanks() -> None:
    said = told(cues((0, 2, "渡轮九点"), (2, 4, "开。")), 10)
    assert [span.text for span in said.spans] == ["渡轮九点开。"]


def test_what_begins_after_the_end_is_said_at_the_end() -> None:
    late = within(cues((1, 2, "In time."), (70, 80, "Late.")), 60.0)
    assert late.spans[1] == TranscriptSpan(60.0, 60.0, "Late.")


def test_a_transcript_of_another_recording_is_not_taken() -> None:
    film = cues((1, 2, "a"), (70, 80, "b"), (100, 110, "c"))
    assert belongs(film, 80.0)
    assert not belongs(film, 60.0)
    item = MediaItem(Path("/a.wav"), "", "audio", 1, 0, ("clipped", "transcript-file"))
    kept = fitting(Media(item, (), transcript=film), 80.0)
    assert kept.transcript == film
    left = fitting(Media(item, (), transcript=film), 60.0)
    assert (left.transcript, left.item.flags) == (None, ("clipped", "unreadable-transcript"))


def test_the_fingerprint_is_of_words_times_and_language() -> None:
    one = cues((1, 2, "a"))
    prints = {
        fingerprint(t)
        for t in (one, cues((1, 2, "b")), cues((1, 3, "a")), Transcript(one.spans, "de"))
    }
    assert len(prints) == 4
    assert fingerprint(one) == fingerprint(cues((1, 2, "a")))


def test_no_words_take_no_time() -> None:
    assert list(spread(TranscriptSpan(0.0, 5.0, ""))) == []
    assert [w.text for w in spread(TranscriptSpan(0.0, 5.0, "\u3000"))] == ["\u3000"]


def test_what_the_index_holds_is_not_heard_again() -> None:
    item = MediaItem(Path("/a.wav"), "00", "audio", 1, 0)
    segments = [
        Segment("a.0", item.path, "00", "audio", 0, 1.0, 9.0, text=SegmentText(transcript="One.")),
        Segment("a.1", item.path, "00", "audio", 1, 9.0, 12.0),
    ]
    found = of_index(item, segments)
    assert found.source == "index"
    assert found.transcript.spans == (TranscriptSpan(1.0, 9.0, "One."),)


@pytest.mark.parametrize(
    ("beside", "starts_s"), [("One.", [1.0, 2.0]), ("Another.", [1.0]), ("", [1.0])]
)
def test_the_cues_of_a_file_are_kept_as_long_as_it_says_the_same(
    tmp_path: Path, beside: str, starts_s: list[float]
) -> None:
    if beside:
        (tmp_path / "a.srt").write_text(
            f"1\n00:01 --> 00:02\n{beside}\n\n2\n00:02 --> 00:03\nTwo.\n"
        )
    item = MediaItem(tmp_path / "a.wav", "00", "audio", 1, 0, ("transcript-file",))
    text = SegmentText(transcript="One. Two.")
    found = of_index(item, [Segment("a.0", item.path, "00", "audio", 0, 1.0, 3.0, text=text)])
    assert [span.start_s for span in found.transcript.spans] == starts_s


def test_a_picture_says_nothing() -> None:
    with pytest.raises(UsageError, match="neither a recording nor a video"):
        of_index(MediaItem(Path("/a.jpg"), "00", "image", 1, 0), [])
    with pytest.raises(UsageError, match="neither a recording nor a video"):
        of_file(SAMPLES / "pictures" / "IMG_2034.jpg", READER, Listener)


def recorded(tmp_path: Path, transcript: str = "") -> Path:
    path = tmp_path / "memo.ogg"
    path.write_bytes(MEMO.read_bytes())
    if transcript:
        (tmp_path / "memo.srt").write_text(transcript)
    return path


def test_a_file_is_listened_to_unless_a_transcript_lies_beside_it(tmp_path: Path) -> None:
    listener = Listener()
    found = of_file(recorded(tmp_path), READER, lambda: listener)
    assert found == FileTranscript(tmp_path / "memo.ogg", Listener.SAID, "recognition", ())
    found = of_file(
        recorded(tmp_path, "1\n00:00:01,000 --> 00:00:02,000\nRead.\n"), READER, lambda: listener
    )
    assert (found.source, found.flags) == ("file", ("transcript-file",))
    assert found.transcript.spans == (TranscriptSpan(1.0, 2.0, "Read."),)
    assert listener.asked == 1


def test_a_transcript_that_ends_long_after_the_recording_is_not_used(tmp_path: Path) -> None:
    path = recorded(tmp_path, "1\n01:00:01,000 --> 01:00:02,000\nRead.\n")
    found = of_file(path, READER, Listener)
    assert (found.source, found.flags) == ("recognition", ("unreadable-transcript",))
