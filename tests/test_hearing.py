"""Long recordings heard bit by bit: what was heard is kept, told, and not heard again."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mmqa.fusion.concat import ConcatFuser
from mmqa.hearing import Hearing, StoppedError, key_of
from mmqa.index.identity import IndexIdentity
from mmqa.index.store import IndexStore
from mmqa.records import Chunk, Floats, Heard, LongRecording, SpokenWord, TranscriptSpan

FUSER = ConcatFuser(8)
MINUTE = 60 * 16_000


class Ear:
    """Hears the number of each minute, and notes which minutes it listened to."""

    def __init__(self) -> None:
        self.minutes: list[int] = []

    def listen(self, recording: LongRecording, heard: Heard | None = None) -> Iterator[Heard]:
        so_far = heard or Heard()
        while so_far.until < recording.length:
            minute = so_far.until // MINUTE
            self.minutes.append(minute)
            span = TranscriptSpan(60.0 * minute, 60.0 * minute + 1, f"Minute {minute}.")
            words = (SpokenWord(60.0 * minute + 50, 60.0 * minute + 51, " and"),)
            so_far = Heard(so_far.until + MINUTE, "en", (*so_far.spans, span), words)
            yield so_far
        if not so_far.done:
            yield Heard(recording.length, "en", so_far.spans, done=True)


def silence() -> Iterator[Floats]:
    yield np.zeros(16_000, np.float32)


RECORDING = LongRecording(silence, 5 * MINUTE)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[IndexStore]:
    identity = IndexIdentity("embedded", {}, "concat", FUSER.width)
    with IndexStore.create(tmp_path / "index", identity, FUSER) as opened:
        yield opened


def listener(store: IndexStore, ear: Ear, **given: Any) -> Hearing:
    return Hearing(store, lambda: ear, **given)  # type: ignore[arg-type, return-value]


def test_what_was_heard_before_a_stop_is_not_heard_again(store: IndexStore) -> None:
    first, second = Ear(), Ear()
    stopping = iter([False, False, True])
    with pytest.raises(StoppedError):
        listener(store, first, cancelled=lambda: next(stopping)).transcript(
            "aa", "k", "a", RECORDING
        )
    assert first.minutes == [0, 1, 2]
    found = listener(store, second).transcript("aa", "k", "a", RECORDING)
    assert second.minutes == [3, 4]
    assert [span.text for span in found.spans] == [f"Minute {n}." for n in range(5)]
    assert found.language == "en"


def test_other_content_or_another_model_is_heard_from_the_start(store: IndexStore) -> None:
    stopping = iter([False, True])
    with pytest.raises(StoppedError):
        listener(store, Ear(), cancelled=lambda: next(stopping)).transcript(
            "aa", "k", "a", RECORDING
        )
    for sha256, key in (("bb", "k"), ("aa", "other")):
        ear = Ear()
        listener(store, ear).transcript(sha256, key, "a", RECORDING)
        assert ear.minutes == [0, 1, 2, 3, 4]


def test_a_whole_transcript_is_kept_until_somebody_drops_it(store: IndexStore) -> None:
    listener(store, Ear()).transcript("aa", "k", "a", RECORDING)
    ear = Ear()
    assert len(listener(store, ear).transcript("aa", "k", "a", RECORDING).spans) == 5
    assert ear.minutes == []
    with store.transaction() as change:
        change.drop_extraction("aa", key_of("k"))
    listener(store, ear).transcript("aa", "k", "a", RECORDING)
    assert ear.minutes == [0, 1, 2, 3, 4]


def test_progress_is_told_in_seconds_of_sound(store: IndexStore) -> None:
    told: list[Chunk] = []
    listener(store, Ear(), on_progress=told.append).transcript("aa", "k", "talk.mp3", RECORDING)
    assert [chunk.done for chunk in told] == [60, 120, 180, 240, 300, 300]
    assert told[0] == Chunk("listening to talk.mp3", 60, 300, "seconds")


def test_an_interruption_from_the_keyboard_keeps_it_too(store: IndexStore) -> None:
    def interrupt(chunk: Chunk) -> None:
        if chunk.done == 120:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        listener(store, Ear(), on_progress=interrupt).transcript("aa", "k", "a", RECORDING)
    ear = Ear()
    listener(store, ear).transcript("aa", "k", "a", RECORDING)
    assert ear.minutes == [2, 3, 4]
