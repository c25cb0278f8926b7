from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from rapidfuzz import fuzz

from mmqa.errors import ConfigError, MmqaError, ModelMissingError
from mmqa.evaluation import made_up_sounds as made
from mmqa.features import listening, speech
from mmqa.features.speech import WhisperTranscriber, _trusted, load
from mmqa.features.voice import Piece
from mmqa.records import LongRecording, Recording, Transcript

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


WORDLESS = {
    "silence": made.silence(90),
    "white noise": made.noise(90),
    "pink noise": made.noise(90, 1.0),
    "brown noise": made.noise(90, 2.0, level=0.3),
    "faint noise": made.noise(90, level=0.003),
    "tone": made.tone(90),
    "high tone": made.tone(90, 3000.0),
    "hum": made.hum(90),
    "clicks": made.clicks(90),
    "chords": made.chords(90),
    "slow chords": made.chords(90, chord_s=3.0, seed=1),
    "chords in noise": made.chords(90, seed=2) + made.noise(90, 1.0, level=0.02),
    "nothing": made.silence(0),
}


@pytest.mark.weights
@pytest.mark.parametrize("kind", WORDLESS)
def test_a_minute_and_a_half_without_speech_gives_no_words(
    transcriber: WhisperTranscriber, kind: str
) -> None:
    assert transcriber.transcribe(Recording(WORDLESS[kind])) == Transcript(())


@pytest.mark.weights
@pytest.mark.parametrize("kind", ["silence", "white noise", "hum", "clicks", "chords"])
def test_what_voice_activity_mistakes_for_speech_is_not_believed_either(
    transcriber: WhisperTranscriber, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The detector is made to take all of it for speech: the recogniser's own guards are left."""

    def everything(sound: np.ndarray, owner: int = 0) -> list[Piece]:
        size = 20 * 16_000
        ends = range(size, len(sound) + 1, size)
        return [Piece(owner, end - size, end) for end in ends]

    monkeypatch.setattr(speech, "find_speech", everything)
    heard = transcriber.transcribe(Recording(WORDLESS[kind]))
    assert sum(len(span.text.split()) for span in heard.spans) <= 2


def said(text: str, *, sure: float = -0.2, no_speech: float = 0.01) -> SimpleNamespace:
    return SimpleNamespace(text=text, avg_logprob=sure, no_speech_prob=no_speech)


def test_words_are_believed_only_where_the_model_is_sure_of_them() -> None:
    assert _trusted(said("The ferry leaves at nine."))
    assert not _trusted(said("The ferry leaves at nine.", sure=-1.1))
    assert not _trusted(said("The ferry leaves at nine.", sure=float("nan")))
    assert not _trusted(said("Thank you.", sure=-0.6, no_speech=0.7))
    assert _trusted(said("Thank you.", sure=-0.3, no_speech=0.7))


def test_words_that_repeat_themselves_are_not_believed() -> None:
    assert not _trusted(said("and so on " * 20))
    assert _trusted(said("She sells sea shells by the sea shore, and he buys them."))


# ------------------------------------------------------------------------------- long recordings


def long(samples: np.ndarray, size_s: float = 13.0) -> LongRecording:
    size = int(size_s * 16_000)
    return LongRecording(
        lambda: (samples[at : at + size] for at in range(0, len(samples), size)), len(samples)
    )


@pytest.fixture(scope="module")
def talk(data: Path) -> np.ndarray:
    """Two sentences, four times, with silence and noise between: nearly three minutes."""
    english = read(data / "english.ogg").samples
    parts = [english, made.silence(25), english, made.noise(30, 1.0), english, made.silence(9)]
    parts.append(english)
    return np.concatenate([*parts, made.silence(40)]).astype(np.float32)


@pytest.mark.weights
def test_a_long_recording_gives_the_sentences_where_they_are(
    transcriber: WhisperTranscriber, talk: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listening, "STRETCH_S", 40)
    *_, last = transcriber.listen(long(talk))
    assert last.done
    assert last.transcript.language == "en"
    assert last.until == len(talk)
    ferries = [span for span in last.spans if "island" in span.text]
    gardens = [span for span in last.spans if "tomatoes" in span.text]
    assert len(ferries) == len(gardens) == 4
    length_s = (len(talk) / 16_000 - 25 - 30 - 9 - 40) / 4
    starts_s = [0, length_s + 25, 2 * length_s + 55, 3 * length_s + 64]
    for start_s, span in zip(starts_s, ferries, strict=True):
        assert span.start_s == pytest.approx(start_s + ferries[0].start_s, abs=1.0)
    assert all(a.end_s <= b.start_s for a, b in pairwise(last.spans))


@pytest.mark.weights
def test_listening_left_off_anywhere_goes_on_to_the_same_end(
    transcriber: WhisperTranscriber, talk: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listening, "STRETCH_S", 40)
    steps = list(transcriber.listen(long(talk)))
    assert len(steps) > 4
    assert all(a.until < b.until for a, b in pairwise(steps[:-1]))
    for left_off in (steps[0], steps[2], steps[-2]):
        assert list(transcriber.listen(long(talk, 7.0), left_off))[-1] == steps[-1]
    assert list(transcriber.listen(long(talk), steps[-1])) == []


@pytest.mark.weights
def test_an_hour_without_speech_gives_no_words_and_is_never_held(
    transcriber: WhisperTranscriber,
) -> None:
    """Ten minutes here, block by block; an hour is more of the same."""
    minute = made.noise(60, 1.0, level=0.02)
    recording = LongRecording(lambda: iter([minute] * 10), 10 * len(minute))
    *_, last = transcriber.listen(recording)
    assert last.transcript == Transcript(())
    assert last.done


@pytest.mark.weights
def test_another_rate_of_a_long_recording_is_refused(weights: Path) -> None:
    listener = load(weights / "transcriber", threads=1)
    with pytest.raises(MmqaError, match="8000 samples a second"):
        next(listener.listen(LongRecording(lambda: iter([]), 10, rate_hz=8_000)))


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
