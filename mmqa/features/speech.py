"""Recordings → transcripts with times, by Whisper on the processor.

Knows: which of two models hears which language, and when its words are not to be trusted. Refuses
to know: file formats, and what transcripts are used for.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from mmqa.errors import ConfigError, MmqaError, ModelDamagedError
from mmqa.features.listening import Stretch, stretches
from mmqa.features.packing import Window, Word, in_order, pack, separate
from mmqa.features.spans import make_spans, repeats, settle
from mmqa.features.voice import RATE_HZ, Piece, find_speech
from mmqa.features.weights import PULL, digest, existing
from mmqa.records import Floats, Heard, LongRecording, Recording, Sound, Transcript

ROLE = "transcriber"
VERSION = "speech-1"
BEAM = 1
MIN_LOG_PROBABILITY = -1.0
"""Mean over tokens; what is less certain is not taken as speech (Radford et al. 2022, §4.5)."""
MAX_COMPRESSION = 2.4
"""Text that zlib shrinks more than this repeats itself (ibid.)."""
MAX_NO_SPEECH = 0.6
LANGUAGE_S = 10.0
"""Speech that the language is told from."""
MIN_LANGUAGE_PROBABILITY = 0.5
"""Below it, as for a word or two, English is assumed."""


class WhisperTranscriber:
    """A :class:`mmqa.interfaces.Transcriber` of two models: an English one and a multilingual one.

    Only speech is heard: silence, found by voice activity, costs nothing, and short pieces share
    the 30 s that Whisper needs whatever it is given. Models are loaded when first needed.
    """

    def __init__(self, folder: Path, *, threads: int, language: str) -> None:
        self._english = folder
        self._multilingual = folder.with_name(f"{folder.name}_multilingual")
        self._threads = threads
        self._language = language
        self._loaded: dict[Path, Any] = {}
        _check_language(language)
        for model in self._folders:
            existing(model / "model.bin", ROLE)

    @property
    def _folders(self) -> tuple[Path, ...]:
        if self._language == "en":
            return (self._english,)
        if self._language == "auto":
            return (self._english, self._multilingual)
        return (self._multilingual,)

    @cached_property
    def fingerprint(self) -> str:
        """Changes with the models, the language asked for, or how words are taken."""
        files = [folder / "model.bin" for folder in self._folders]
        return digest(*files, version=f"{VERSION} {self._language}")

    def transcribe(self, recording: Sound) -> Transcript:
        """Transcribe; silence, noise and music without words give no spans."""
        if isinstance(recording, LongRecording):
            *_, last = self.listen(recording)
            return last.transcript
        return self.transcribe_many([recording])[0]

    def transcribe_many(self, recordings: Sequence[Recording]) -> list[Transcript]:
        """Transcribe n recordings; short ones share a window, which is several times faster.

        Raises:
            MmqaError: A recording is not sampled at 16 kHz.
        """
        sounds = [_samples(recording) for recording in recordings]
        speech = [find_speech(sound, owner) for owner, sound in enumerate(sounds)]
        languages = [
            self._language_of(sounds[owner], pieces) if pieces else ""
            for owner, pieces in enumerate(speech)
        ]
        words: list[list[Word]] = [[] for _ in sounds]
        for language in sorted(set(languages) - {""}):
            owners = [owner for owner, spoken in enumerate(languages) if spoken == language]
            for window in pack([piece for owner in owners for piece in speech[owner]]):
                for owner, word in self._hear(window, sounds, language):
                    words[owner].append(word)
        return [
            Transcript(make_spans(in_order(said)), language if said else "")
            for said, language in zip(words, languages, strict=True)
        ]

    def listen(self, recording: LongRecording, heard: Heard | None = None) -> Iterator[Heard]:
        """Transcribe a long recording, a few minutes at a time; see :class:`Transcriber`.

        The language is told from the first words, and taken for that of all the rest.

        Raises:
            MmqaError: It is not sampled at 16 kHz, or its file cannot be decoded any more.
        """
        _check_rate(recording.rate_hz)
        so_far = heard or Heard()
        if so_far.done:
            return
        for stretch in stretches(recording.blocks(), so_far.until):
            so_far = self._further(so_far, stretch)
            yield so_far
        spans = (*so_far.spans, *make_spans(so_far.words))
        yield Heard(recording.length, so_far.language, spans, done=True)

    def _further(self, heard: Heard, stretch: Stretch) -> Heard:
        """What was heard with one more stretch."""
        pieces = [piece for window in stretch.windows for piece in window.pieces]
        language = heard.language
        if pieces and not language:
            language = self._language_of(stretch.sound, pieces)
        found = [
            word
            for window in stretch.windows
            for _, word in self._hear(window, [stretch.sound], language)
        ]
        began_s = stretch.start / RATE_HZ
        words = [Word(w.start_s + began_s, w.end_s + began_s, w.text) for w in found]
        spans, left = settle(in_order([*heard.words, *words]))
        spans = (*heard.spans, *spans)
        return Heard(stretch.end, language if spans or left else "", spans, left)

    def _language_of(self, sound: Floats, pieces: Sequence[Piece]) -> str:
        if self._language != "auto":
            return self._language
        window = next(pack(pieces))
        heard = window.sound([sound[:0]] * pieces[0].owner + [sound])[: int(LANGUAGE_S * RATE_HZ)]
        model = self._model(self._multilingual)
        features = model.feature_extractor(heard, padding=RATE_HZ)
        found = model.model.detect_language(model.encode(features[:, : features.shape[1] // 2 * 2]))
        token, probability = found[0][0]
        return str(token).strip("<|>") if probability >= MIN_LANGUAGE_PROBABILITY else "en"

    def _hear(
        self, window: Window, sounds: Sequence[Floats], language: str
    ) -> list[tuple[int, Word]]:
        """Words of a window with their owners; a window that went wrong is heard piece by piece."""
        words = self._words(window.sound(sounds), language)
        if words is not None:
            return [window.place(word) for word in words]
        if len(window.pieces) == 1:
            return []
        return [
            found for alone in separate(window) for found in self._hear(alone, sounds, language)
        ]

    def _words(self, sound: Floats, language: str) -> list[Word] | None:
        model = self._model(self._english if language == "en" else self._multilingual)
        segments, _ = model.transcribe(
            sound,
            language=language,
            beam_size=BEAM,
            temperature=0.0,
            condition_on_previous_text=False,
            word_timestamps=True,
            no_speech_threshold=None,
            log_prob_threshold=None,
            compression_ratio_threshold=None,
        )
        heard = list(segments)
        trusted = [segment for segment in heard if _trusted(segment)]
        words = [Word(float(w.start), float(w.end), w.word) for s in trusted for w in s.words or ()]
        return words if words and not repeats(words) else None

    def _model(self, folder: Path) -> Any:
        if folder not in self._loaded:
            from faster_whisper import WhisperModel

            try:
                self._loaded[folder] = WhisperModel(
                    str(folder), device="cpu", compute_type="int8", cpu_threads=self._threads
                )
            except Exception as error:
                raise ModelDamagedError(
                    ROLE, f"{str(folder)!r} cannot be loaded: {error}", PULL
                ) from error
        return self._loaded[folder]


def load(folder: Path, *, threads: int, language: str = "auto") -> WhisperTranscriber:
    """Open the models in ``folder`` (English) and ``<folder>_multilingual`` beside it.

    Args:
        folder: Holds ``model.bin`` and the vocabulary of the English model.
        threads: CPU threads.
        language: ``auto`` tells the language from the first speech; ``en`` or another code
            (ISO 639-1) takes it as given.

    Raises:
        ModelMissingError: A model that ``language`` needs is missing.
        ConfigError: ``language`` is no code that the model knows.
    """
    return WhisperTranscriber(folder, threads=threads, language=language)


def _check_language(language: str) -> None:
    if language in {"auto", "en"}:
        return
    from faster_whisper.tokenizer import _LANGUAGE_CODES

    if language not in _LANGUAGE_CODES:
        raise ConfigError(
            f"{language!r} is no language code", "Use auto, or a code such as en, zh or de."
        )


def _samples(recording: Recording) -> Floats:
    _check_rate(recording.rate_hz)
    return np.asarray(recording.samples, dtype=np.float32)


def _check_rate(rate_hz: int) -> None:
    if rate_hz != RATE_HZ:
        raise MmqaError(f"a recording has {rate_hz} samples a second", f"Resample it to {RATE_HZ}.")


def _trusted(segment: Any) -> bool:
    doubtful = segment.avg_logprob < MIN_LOG_PROBABILITY
    if doubtful or math.isnan(segment.avg_logprob):
        return False
    if segment.no_speech_prob > MAX_NO_SPEECH and segment.avg_logprob < MIN_LOG_PROBABILITY / 2:
        return False
    return _compression(segment.text) <= MAX_COMPRESSION


def _compression(text: str) -> float:
    raw = text.encode()
    return len(raw) / len(zlib.compress(raw)) if raw else 0.0
