"""What people keep in a text file beside a picture, recording or video: a caption, a transcript.

Knows: which name belongs to which file, and what is what. ``photo.jpg.txt`` and ``photo.txt`` are
captions of ``photo.jpg``. ``talk.mp4.srt``, ``talk.srt``, ``.vtt``, and ``.transcript.txt`` for
words without times, are transcripts of ``talk.mp4``, also with a language in the name
(``talk.en.srt``). Refuses to know: what the media file holds; a long text file beside one is a
note of its own, neither caption nor transcript.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

from mmqa.errors import MediaError
from mmqa.media.characters import clean, decode, one_line
from mmqa.media.refusals import refusal
from mmqa.media.subtitles import UNTIL_THE_END_S, read_subtitles
from mmqa.media.suffixes import CAPTIONED, RECORDING, VIDEO
from mmqa.records import Kind, Transcript

MAX_BYTES = 4096
"""About 600 words: longer than any caption, shorter than most notes and transcripts."""

FLAGS = frozenset(
    {
        *("captioned", "unreadable-caption"),
        *("transcript-file", "unreadable-transcript", "estimated-times"),
    }
)
"""What a file is flagged with for what lies beside it."""

TRANSCRIPTS = (".srt", ".vtt", ".transcript.txt")
"""Endings of transcripts, the first that is there being used."""

LANGUAGES = (
    *("", "en", "en-US", "en-GB", "zh", "zh-Hans", "zh-CN", "de", "fr", "es", "it", "pt"),
    *("nl", "pl", "ru", "ja", "ko", "ar", "hi"),
)
"""Languages in the names of transcripts, in the order in which they are looked for."""

_HEARD = RECORDING | VIDEO
_TRANSCRIPT = re.compile(
    rf"(?P<stem>.+?)(?:\.(?:{'|'.join(LANGUAGES[1:])}))?(?:\.srt|\.vtt|\.transcript\.txt)",
    re.IGNORECASE | re.DOTALL,
)
_LETTERS = re.compile(r"[\W_]+")


@dataclass(frozen=True, slots=True)
class Beside:
    """What lies beside a file.

    Attributes:
        caption: On one line; empty where there is none.
        transcript: What is said in it, as a file says; ``None`` where there is none.
        flags: Some of :data:`FLAGS`, sorted. What cannot be read is a flag, and no reason to
            refuse the file: a recording is then listened to.
        fault: Why the transcript cannot be read; else empty.
    """

    caption: str = ""
    transcript: Transcript | None = None
    flags: tuple[str, ...] = ()
    fault: str = ""


def read_beside(path: Path, kind: Kind) -> Beside:
    """What lies beside ``path``; a caption that only repeats the transcript is none."""
    if kind == "text":
        return Beside()
    flags: set[str] = set()
    caption, transcript, fault = "", None, ""
    if kind in ("audio", "video"):
        try:
            transcript = read_transcript(path)
        except MediaError as error:
            flags.add("unreadable-transcript")
            fault = str(error)
    try:
        caption = read_sidecar(path)
    except MediaError:
        flags.add("unreadable-caption")
    if transcript is not None:
        flags.add("transcript-file")
        if all(span.end_s == UNTIL_THE_END_S for span in transcript.spans):
            flags.add("estimated-times")
        caption = "" if _same_words(caption, transcript) else caption
    if caption:
        flags.add("captioned")
    return Beside(caption, transcript, tuple(sorted(flags)), fault)


def _same_words(caption: str, transcript: Transcript) -> bool:
    """Speech recognisers write ``talk.txt`` beside ``talk.srt``, with the same words."""
    said = "".join(span.text for span in transcript.spans)
    return _LETTERS.sub("", caption).lower() == _LETTERS.sub("", said).lower()


def is_sidecar(path: Path, siblings: Collection[str]) -> bool:
    """Whether ``path`` is caption or transcript of one of its ``siblings`` (names in its folder).

    A text file of more than :data:`MAX_BYTES` is no caption but a note, whatever its name.
    """
    if transcript_of(path, siblings):
        return True
    if path.suffix.lower() != ".txt" or not captioned_by(path, siblings):
        return False
    try:
        return path.stat().st_size <= MAX_BYTES
    except OSError:
        return False  # the walk gives it on, and the reader says what is wrong with it


def told_by(path: Path, siblings: Collection[str]) -> list[str]:
    """Those of the ``siblings`` that a file of this name is caption or transcript of."""
    return transcript_of(path, siblings) or captioned_by(path, siblings)


def captioned_by(path: Path, siblings: Collection[str]) -> list[str]:
    """Those of the ``siblings`` that a text file of this name is the caption of.

    >>> captioned_by(Path("a.txt"), {"a.jpg", "a.txt", "b.jpg"})
    ['a.jpg']
    >>> captioned_by(Path("a.jpg.txt"), {"a.jpg"})
    ['a.jpg']
    """
    return _named(path.stem, siblings, CAPTIONED)


def transcript_of(path: Path, siblings: Collection[str]) -> list[str]:
    """Those of the ``siblings`` that a file of this name is a transcript of.

    >>> transcript_of(Path("talk.en.srt"), {"talk.mp4", "talk.jpg"})
    ['talk.mp4']
    >>> transcript_of(Path("talk.txt"), {"talk.mp4"})
    []
    """
    found = _TRANSCRIPT.fullmatch(path.name)
    if found is None:
        return []
    plain = path.name[: -len(next(e for e in TRANSCRIPTS if path.name.lower().endswith(e)))]
    return _named(plain, siblings, _HEARD) or _named(found["stem"], siblings, _HEARD)


def _named(stem: str, siblings: Collection[str], suffixes: Collection[str]) -> list[str]:
    if Path(stem).suffix.lower() in suffixes and stem in siblings:
        return [stem]
    both = sorted({*suffixes, *(suffix.upper() for suffix in suffixes)})
    return [stem + suffix for suffix in both if stem + suffix in siblings]


def read_sidecar(path: Path) -> str:
    """The caption beside the media file ``path``, on one line; empty where there is none.

    Raises:
        MediaError: There is one, and it cannot be read.
    """
    for candidate in (path.with_name(path.name + ".txt"), path.with_suffix(".txt")):
        if candidate == path or not is_sidecar(candidate, {path.name}):
            continue
        try:
            mode = candidate.stat().st_mode
            if stat.S_ISREG(mode) or stat.S_ISDIR(mode):  # opening a pipe would wait for ever
                return one_line(clean(decode(candidate.read_bytes())))
        except OSError as error:
            raise refusal(candidate, error) from error
    return ""


def read_transcript(path: Path) -> Transcript | None:
    """The transcript beside the recording or video ``path``; ``None`` where there is none.

    Raises:
        MediaError: There is one, and it cannot be read.
    """
    for candidate in _transcripts(path):
        if os.path.lexists(candidate):
            return read_subtitles(candidate)
    return None


def _transcripts(path: Path) -> Iterator[Path]:
    """Where a transcript may be: the more exact name first, then times before none."""
    for name in (path.name, path.stem):
        for ending in TRANSCRIPTS:
            for language in LANGUAGES:
                tag = f".{language}" if language else ""
                yield path.with_name(f"{name}{tag}{ending}")
