"""What comes with a question: limits, kinds, uploads, and recordings that are the question."""

from __future__ import annotations

import io
import wave
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mmqa.attachments import LONGEST_QUESTION, check, read_question, spoken
from mmqa.errors import MediaError, UsageError
from mmqa.media.reader import FileReader
from mmqa.records import Question, Recording, Transcript, TranscriptSpan

READER = FileReader(max_pixels=1_000_000, max_text_bytes=1_000_000, max_audio_s=60.0)


class Heard:
    """Says what the test wants to have been heard."""

    fingerprint = "heard"

    def __init__(self, *words: str) -> None:
        self.spans = tuple(TranscriptSpan(float(n), n + 1.0, w) for n, w in enumerate(words))

    def transcribe(self, recording: Recording) -> Transcript:
        return Transcript(self.spans)

    def transcribe_many(self, recordings: list[Recording]) -> list[Transcript]:
        return [Transcript(self.spans) for _ in recordings]


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    path = tmp_path / "red.png"
    Image.new("RGB", (60, 40), "red").save(path)
    return path


@pytest.fixture
def sound(tmp_path: Path) -> Path:
    path = tmp_path / "tone.wav"
    tone = (np.sin(np.arange(16_000) * 0.1) * 8_000).astype("<i2")
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, 16_000, 0, "NONE", ""))
        file.writeframes(tone.tobytes())
    return path


def test_a_question_is_trimmed() -> None:
    assert check("  where? \n", attached=False) == "where?"
    assert check("where  is\tthe\nferry?", attached=False) == "where is the ferry?"


def test_an_empty_question_is_refused_unless_something_is_attached() -> None:
    assert check("  ", attached=True) == ""
    with pytest.raises(UsageError, match="empty"):
        check("  ", attached=False)


def test_the_longest_question_is_read_and_one_more_character_is_not() -> None:
    assert len(check("a" * LONGEST_QUESTION, attached=False)) == LONGEST_QUESTION
    with pytest.raises(UsageError, match="4,001 characters"):
        check("a" * (LONGEST_QUESTION + 1), attached=False)


def test_a_picture_and_a_recording_are_read_with_their_paths(picture: Path, sound: Path) -> None:
    question = read_question(READER, "what is it?", [picture], sound)
    assert question.pictures[0].pixels[0, 0].tolist() == [255, 0, 0]
    assert question.recording is not None
    assert question.recording.duration_s == pytest.approx(1.0, abs=0.1)
    assert question.paths == (picture, sound)


def test_an_upload_is_read_from_its_bytes(picture: Path) -> None:
    question = read_question(READER, "", [picture.read_bytes()], None)
    assert question.pictures[0].pixels.shape == (40, 60, 3)
    assert question.paths == (Path("attached picture 1"),)


def test_a_recording_is_no_picture(sound: Path) -> None:
    with pytest.raises(UsageError, match="is not a picture"):
        read_question(READER, "", [sound], None)


def test_bytes_that_are_nothing_are_refused() -> None:
    with pytest.raises(MediaError):
        read_question(READER, "", [io.BytesIO(b"\0" * 100).getvalue()], None)


def test_a_recording_without_words_beside_it_is_the_question() -> None:
    question = Question(recording=Recording(np.zeros(10, np.float32)))
    assert spoken(question, lambda: Heard("when does", "it leave?")).text == "when does it leave?"


def test_typed_words_win_over_spoken_ones() -> None:
    question = Question("typed", recording=Recording(np.zeros(10, np.float32)))
    assert spoken(question, lambda: Heard("spoken")).text == "typed"


def test_a_silent_recording_alone_is_no_question() -> None:
    question = Question(recording=Recording(np.zeros(10, np.float32)))
    with pytest.raises(UsageError, match="no speech"):
        spoken(question, Heard)


def test_a_recording_of_many_minutes_is_no_question(tmp_path: Path) -> None:
    path = tmp_path / "talk.wav"
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 1, 8_000, 0, "NONE", ""))
        file.writeframes(bytes([128, 130] * 4_000) * 605)
    with pytest.raises(UsageError, match="lasts 10:05, which is no question"):
        read_question(FileReader(), "", (), path)
