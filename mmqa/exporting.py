"""Transcripts as files for others: SRT, WebVTT and TXT.

Knows: what can be read in a cue while one listens, what both formats escape, and that a file is
written whole or not at all. Refuses to know: where the words come from.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Literal, TypeAlias, get_args

from mmqa.errors import MmqaError, UsageError
from mmqa.features.spans import SENTENCE_ENDS
from mmqa.records import SpokenWord, Transcript, TranscriptSpan
from mmqa.transcripts import spread, wide

Format: TypeAlias = Literal["srt", "vtt", "txt"]

FORMATS: tuple[Format, ...] = get_args(Format)

LINE = 42
"""Characters of a line of subtitles; two lines are a cue (BBC Subtitle Guidelines: 37 to 42)."""
CUE_S = 7.0
"""Longest cue."""
PAUSE_S = 1.0
"""A pause this long ends a cue."""
SHORTEST = LINE // 2
"""A sentence that ends after fewer characters shares its cue with the next one."""


def format_transcript(transcript: Transcript, format: str) -> str:
    r"""A transcript as the text of a file.

    ``srt`` and ``vtt`` have cues of at most two lines and :data:`CUE_S` seconds, cut at the ends of
    sentences where there are any; ``txt`` has a line for each span and no times.

    Raises:
        UsageError: There is no such format.

    >>> said = Transcript((TranscriptSpan(1.0, 2.5, "Good morning."),))
    >>> format_transcript(said, "srt")
    '1\n00:00:01,000 --> 00:00:02,500\nGood morning.\n\n'
    >>> format_transcript(said, "vtt")
    'WEBVTT\n\n00:00:01.000 --> 00:00:02.500\nGood morning.\n\n'
    """
    if format == "txt":
        return "".join(f"{span.text}\n" for span in transcript.spans)
    if format not in FORMATS:
        raise UsageError(f"there is no format {format!r}", f"Choose: {', '.join(FORMATS)}.")
    shown = cues(transcript.spans)
    if format == "srt":
        blocks = (
            f"{n}\n{_timing(cue, ',')}\n{_lines(cue.text.replace('-->', '→'))}\n\n"
            for n, cue in enumerate(shown, start=1)
        )
        return "".join(blocks)
    blocks = (f"{_timing(cue, '.')}\n{_escaped(_lines(cue.text))}\n\n" for cue in shown)
    return "".join(["WEBVTT\n\n", *blocks])


def cues(spans: Iterable[TranscriptSpan]) -> list[TranscriptSpan]:
    """Spans cut into what can be read at once; one that is short enough stays as it is."""
    shown: list[TranscriptSpan] = []
    for span in spans:
        shown.extend([span] if _fits(span) else _cut(list(spread(span))))
    return [cue for cue in shown if cue.text]


def _fits(span: TranscriptSpan) -> bool:
    return _width(span.text) <= 2 * LINE and span.end_s - span.start_s <= CUE_S


def _cut(words: Sequence[SpokenWord]) -> Iterator[TranscriptSpan]:
    cue: list[SpokenWord] = []
    for word in words:
        if cue and _ends(cue, word):
            yield _cue(cue)
            cue = []
        cue.append(word)
    if cue:
        yield _cue(cue)


def _ends(cue: Sequence[SpokenWord], word: SpokenWord) -> bool:
    """Whether the cue ends before the word."""
    said = "".join(w.text for w in cue).strip()
    over = _width(said + word.text) > 2 * LINE or word.end_s - cue[0].start_s > CUE_S
    sentence = said.endswith(SENTENCE_ENDS) and _width(said) >= SHORTEST
    return over or sentence or word.start_s - cue[-1].end_s >= PAUSE_S


def _cue(words: Sequence[SpokenWord]) -> TranscriptSpan:
    text = "".join(word.text for word in words).strip()
    return TranscriptSpan(words[0].start_s, words[-1].end_s, text)


def _width(text: str) -> int:
    """Columns: an ideograph takes two."""
    return len(text) + wide(text)


def _lines(text: str) -> str:
    """On two lines of about the same length where one would be too long."""
    if _width(text) <= LINE:
        return text
    if wide(text):
        middle = len(text) // 2
        return f"{text[:middle].strip()}\n{text[middle:].strip()}"
    breaks = [n for n, sign in enumerate(text) if sign == " "]
    if not breaks:
        return text
    at = min(breaks, key=lambda n: abs(n - len(text) / 2))
    return f"{text[:at]}\n{text[at + 1 :]}"


def _escaped(text: str) -> str:
    """As WebVTT has it: ``<`` begins a tag, and ``-->`` a cue."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _timing(cue: TranscriptSpan, point: str) -> str:
    return f"{_stamp(cue.start_s, point)} --> {_stamp(cue.end_s, point)}"


def _stamp(seconds: float, point: str) -> str:
    whole, thousandths = divmod(round(max(0.0, seconds) * 1000), 1000)
    minutes, second = divmod(whole, 60)
    return f"{minutes // 60:02}:{minutes % 60:02}:{second:02}{point}{thousandths:03}"


def save_text(text: str, path: Path, *, overwrite: bool = False) -> None:
    """Write a file whole or not at all; one that is there stays, unless it may be overwritten.

    Raises:
        UsageError: There is a file of that name already.
        MmqaError: The disk refused it; nothing is left behind.
    """
    temporary = path.with_name(f".mmqa-{secrets.token_hex(8)}.part")
    try:
        try:
            with temporary.open("xb") as file:
                file.write(text.encode("utf-8"))
                file.flush()
                os.fsync(file.fileno())
            _put(temporary, path, overwrite)
        finally:
            with suppress(OSError):
                temporary.unlink()
    except FileExistsError as error:
        raise occupied(path) from error
    except OSError as error:
        raise MmqaError(
            f"{str(path)!r} cannot be written: {error.strerror or error}",
            "See that the folder is there and has room, and who may write in it.",
        ) from error


def occupied(path: Path) -> UsageError:
    """The error that says that a file is there already."""
    return UsageError(
        f"there is a file {str(path)!r} already", "Choose another name, or add --overwrite."
    )


def _put(temporary: Path, path: Path, overwrite: bool) -> None:
    if overwrite:
        temporary.replace(path)
        return
    try:
        path.hardlink_to(temporary)  # unlike a rename, it fails where a file is
    except FileExistsError:
        raise
    except OSError:  # no hard links on this file system
        if os.path.lexists(path):
            raise FileExistsError(path) from None
        temporary.replace(path)
