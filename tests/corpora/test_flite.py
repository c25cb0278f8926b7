"""Flite, run where it was unpacked: with a program of our own in its place."""

from __future__ import annotations

from pathlib import Path

import pytest

from mmqa.corpora import fetch
from mmqa.corpora.flite import VOICES, Flite
from mmqa.errors import CorpusError

ECHO = """#!/bin/sh
while [ $# -gt 1 ]; do
  case $1 in -t) words=$2;; -voice) voice=$2;; -o) file=$2;; esac
  shift 2
done
echo "$voice says $words with $LD_LIBRARY_PATH" > "$file"
"""


def _unpacked(root: Path, program: str) -> Path:
    known = fetch.packages()
    for name, inside in (("flite", "usr/bin"), ("flite-voices", "usr/lib/x86_64-linux-gnu")):
        (root / f"{name}-{known[name].sha256[:12]}" / inside).mkdir(parents=True)
    file = root / f"flite-{known['flite'].sha256[:12]}" / "usr/bin/flite"
    file.write_text(program, encoding="utf-8")
    file.chmod(0o755)
    return root


def test_words_a_voice_and_the_unpacked_libraries_reach_the_program(tmp_path: Path) -> None:
    said = tmp_path / "said.wav"
    Flite(_unpacked(tmp_path, ECHO)).say('An owl; "twice"', said, VOICES[1])
    words = said.read_text(encoding="utf-8")
    assert words.startswith('rms says An owl; "twice" with ')
    assert "flite-voices-" in words


def test_a_program_that_fails_is_an_error_with_its_own_words(tmp_path: Path) -> None:
    program = "#!/bin/sh\necho libasound.so.2 is missing >&2\nexit 127\n"
    with pytest.raises(CorpusError, match=r"libasound\.so\.2 is missing"):
        Flite(_unpacked(tmp_path, program)).say("Hello", tmp_path / "said.wav")


def test_a_program_that_writes_nothing_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match="said nothing"):
        Flite(_unpacked(tmp_path, "#!/bin/sh\n")).say("Hello", tmp_path / "said.wav")


def test_a_program_for_another_machine_is_an_error_that_says_what_it_needs(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match="Linux on x86-64"):
        Flite(_unpacked(tmp_path, "\x7fELF no")).say("Hello", tmp_path / "said.wav")
