"""Reading the Asterisk transcripts."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from mmqa.corpora import asterisk


@pytest.fixture
def corpus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    sounds = tmp_path / "asterisk" / asterisk.SOUNDS
    text = tmp_path / "asterisk-text" / asterisk.TEXT
    (sounds / "dictate").mkdir(parents=True)
    text.parent.mkdir(parents=True)
    for name in ("dictate/forhelp", "activated", "untold"):
        (sounds / f"{name}.wav").write_bytes(b"RIFF")
    lines = "; names\nactivated: Activated.\ndictate/forhelp: press 0 for help\nlost: No file here."
    text.write_bytes(gzip.compress(lines.encode()))
    monkeypatch.setattr(asterisk, "fetch", lambda name, **_: tmp_path / name)
    return sounds


def test_recordings_with_a_transcript_of_enough_words_are_listed(corpus: Path) -> None:
    assert asterisk.load() == [asterisk.Prompt(corpus / "dictate/forhelp.wav", "press 0 for help")]


def test_the_least_number_of_words_can_be_lowered(corpus: Path) -> None:
    assert [p.text for p in asterisk.load(min_words=1)] == ["Activated.", "press 0 for help"]
