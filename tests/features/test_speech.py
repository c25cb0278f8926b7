from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from rapidfuzz import fuzz

from mmqa.errors import ConfigError, MmqaError, ModelMissingError
from mmqa.features.speech import WhisperTranscriber, load
from mmqa.records import Recording, Transcript

FERRY = "the ferry to the island leaves from pier four at half past nine every morning"
GARDEN = "please remember to water the tomatoes in the garden while we are away"
SAID_IN_NUMBERS = {"4": "four", "9": "nine", "930": "half past nine"}


def plain(text: str) -> str:
    letters = "".join(c for c in text.lower() if c.isalnum() or c == " ")
    return " ".join(SAID_IN_NUMBERS.get(word, word) for word in letters.split())


def read(path: Path) -> Recording:
    from faster_whisper.audio import decode_audio

    return Recording(np.asarray(decode_audio(str(path)), dtype=np.float32))


@pytest.fixture(scope="module")
def transcriber(weights: Path) -> WhisperTranscriber:
    return load(weights / "transcriber", threads=2)


@pytest.fixture(scope="module")
def english(transcriber: WhisperTranscriber, data: Path) -> Transcript:
    return transcriber.transcribe(read(data / "english.ogg"))


@pytest.mark.weights
def test_two_sentences_parted_by_silence_are_two_spans(english: Transcript) -> None:
    """The first sentence ends at 4.2 s; six seconds of silence follow."""
    assert english.language == "en"
    assert [plain(span.text) for span in english.spans] == [FERRY, GARDEN]


@pytest.mark.weights
def test_times_are_those_of_the_recording(english: Transcript) -> None:
    first, second = english.spans
    assert first.start_s < 0.6 and 3.6 < first.end_s < 4.8
    assert 9.8 < second.start_s < 10.8 and 13.6 < second.end_s < 14.7


@pytest.mark.weights
def test_many_recordings_are_told_apart_in_one_window(
    transcriber: WhisperTranscriber, data: Path
) -> None:
    whole = read(data / "english.ogg").samples
    german = read(data / "german.ogg")
    silence = Recording(np.zeros(48_000, dtype=np.float32))
    parts = [Recording(whole[9 * 16_000 :]), silence, german, Recording(whole[: 6 * 16_000])]
    garden, nothing, faehre, ferry = transcriber.transcribe_many(parts)
    assert [plain(span.text) for span in garden.spans] == [GARDEN]
    (said,) = ferry.spans
    assert fuzz.ratio(plain(said.text), FERRY) > 85  # another window, slightly other words
    assert nothing == Transcript(())
    assert faehre.language == "de" and "Tomaten" in faehre.spans[-1].text


@pytest.mark.weights
@pytest.mark.parametrize("kind", ["silence", "noise", "tone", "chords", "nothing"])
def test_sound_without_speech_gives_no_words(transcriber: WhisperTranscriber, kind: str) -> None:
    t = np.arange(16_000 * 8) / 16_000
    sounds = {
        "silence": np.zeros_like(t),
        "noise": np.random.default_rng(0).normal(0, 0.1, len(t)),
        "tone": 0.3 * np.sin(2 * np.pi * 440 * t),
        "chords": sum(
            0.1 * np.sin(2 * np.pi * f * (1 + t // 1 % 4 / 8) * t) for f in (220, 277, 330)
        ),
        "nothing": np.zeros(0),
    }
    recording = Recording(np.asarray(sounds[kind], dtype=np.float32))
    assert transcriber.transcribe(recording) == Transcript(())


@pytest.mark.weights
def test_the_language_asked_for_is_part_of_the_fingerprint(weights: Path) -> None:
    prints = {
        load(weights / "transcriber", threads=1, language=code).fingerprint
        for code in ("auto", "en", "de")
    }
    assert len(prints) == 3


def test_missing_models_name_the_remedy(tmp_path: Path) -> None:
    with pytest.raises(ModelMissingError, match="mmqa models pull"):
        load(tmp_path / "transcriber", threads=1)


@pytest.mark.weights
def test_a_language_that_is_no_code_is_refused(weights: Path) -> None:
    with pytest.raises(ConfigError, match="no language code"):
        load(weights / "transcriber", threads=1, language="klingonese")


@pytest.mark.weights
def test_another_rate_is_refused(transcriber: WhisperTranscriber) -> None:
    with pytest.raises(MmqaError, match="48000 samples a second"):
        transcriber.transcribe(Recording(np.zeros(10, dtype=np.float32), rate_hz=48_000))
