"""Asterisk voice prompts: real speech with its transcript.

Knows: how the two Debian packages lay out recordings and text. Refuses to know: how sound is read
or scored.
"""

from __future__ import annotations

import gzip
import re
from dataclasses import dataclass
from pathlib import Path

from mmqa.corpora.fetch import fetch
from mmqa.errors import CorpusError
from mmqa.interfaces import Progress

SOUNDS = "usr/share/asterisk/sounds/en_US_f_Allison"
TEXT = "usr/share/doc/asterisk-core-sounds-en/core-sounds-en.txt.gz"
_WORD = re.compile(r"[A-Za-z0-9']+")
_NOISE = re.compile(r"^\[.*\]$")


@dataclass(frozen=True, slots=True)
class Prompt:
    """One recording and what is said in it.

    Attributes:
        path: WAV file, 8 kHz, one channel, 16 bit.
        text: What the speaker says, as its authors wrote it.
    """

    path: Path
    text: str


def load(
    folder: Path | None = None, *, min_words: int = 4, progress: Progress | None = None
) -> list[Prompt]:
    """All prompts of at least ``min_words`` words, sorted by path; fetched first where needed.

    Tones and silence, whose text stands in brackets, are left out.

    Args:
        folder: Where corpora are kept; ``None`` means the default.
        min_words: Prompts of fewer words are left out.
        progress: Told of the fetching.

    Raises:
        CorpusError: The packages cannot be fetched, or no recording has a transcript.
    """
    sounds = fetch("asterisk", folder=folder, progress=progress) / SOUNDS
    text = fetch("asterisk-text", folder=folder, progress=progress) / TEXT
    transcripts = parse(gzip.decompress(text.read_bytes()).decode("utf-8", "replace"))
    prompts = [
        Prompt(path, transcripts[name])
        for path in sorted(sounds.rglob("*.wav"))
        if (name := path.relative_to(sounds).with_suffix("").as_posix()) in transcripts
        and count_words(transcripts[name]) >= min_words
    ]
    if not prompts:
        raise CorpusError(f"no recording in {str(sounds)!r} has a transcript", "Fetch it again.")
    return prompts


def parse(text: str) -> dict[str, str]:
    r"""Name → transcript, from lines ``name: what is said``; comments start with ``;``.

    >>> parse("; a comment\n\nbye: Good bye.\nbeep: [a tone]\ndigits/1: one")
    {'bye': 'Good bye.', 'digits/1': 'one'}
    """
    found: dict[str, str] = {}
    for line in text.splitlines():
        name, colon, said = line.partition(": ")
        said = said.strip()
        if colon and not line.startswith(";") and said and not _NOISE.match(said):
            found[name.strip()] = said
    return found


def count_words(text: str) -> int:
    """Words of a transcript; a number counts as one.

    >>> count_words("Press * or 1 to hear it.")
    6
    """
    return len(_WORD.findall(text))
