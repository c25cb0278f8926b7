"""SRT, WebVTT and plain text → what is said when.

Knows: cues, their times, and what in their text is markup. Refuses to know: where such files lie,
which recording they belong to, and what becomes of the words.

One small parser for both, because each library that was tried (pysubs2, webvtt-py) reads one of
them well and the other badly: comments and titles of the next cue became words of the cue before.
Lines that are no part of a cue are passed over, as players do.
"""

from __future__ import annotations

import html
import math
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

from mmqa.errors import MediaError
from mmqa.media.characters import clean, decode, is_text, one_line
from mmqa.media.refusals import refusal, regular_file
from mmqa.records import Transcript, TranscriptSpan

TIMED = frozenset({".srt", ".vtt"})
"""Endings of files with times."""
MAX_BYTES = 10_000_000
"""About a hundred hours of speech."""
MAX_CUES = 200_000
UNTIL_THE_END_S = math.inf
"""End of what has no end of its own: it goes on as long as the recording."""
ROLLED_S = 0.05
"""A line that stood in a cue which ended at most so long before is still on the screen."""

_TIME = r"(?:(\d{1,4}):)?(\d{1,2}):(\d{1,2})(?:[.,](\d{1,3}))?"
_TIMING = re.compile(rf"\s*{_TIME}\s*--?>\s*{_TIME}(?:\s|$)", re.ASCII)
_STAMP = re.compile(rf"\s*[\[(]?{_TIME}[\])]?(?::|\s+-)?\s+(?=\S)", re.ASCII)
_NUMBER = re.compile(r"\s*\d{1,9}\s*", re.ASCII)
_VOICE = re.compile(r"<v(?:\.[\w.-]{1,80})?\s+([^<>]{1,80})>")
_TAG = re.compile(r"</?[A-Za-z][^<>]{0,200}>|<[\d:.]{5,14}>|\{\\[^{}]{0,200}\}")
_CODE = re.compile(r"\.([a-z]{2,3})(?:-[A-Za-z]{2,4})?$", re.ASCII)
_FEWEST_STAMPS = 2


def read_subtitles(path: Path) -> Transcript:
    """What a file of cues, or of plain words, says; its language as its name tells it.

    Words without times are one cue, from 0 to :data:`UNTIL_THE_END_S`.

    Raises:
        MediaError: It cannot be read, is no text, is too large, or there is nothing said in it.
    """
    size_bytes = regular_file(path).st_size
    if size_bytes > MAX_BYTES:
        raise MediaError(
            path,
            f"a transcript of {size_bytes:,} bytes is larger than the {MAX_BYTES:,} allowed",
            "Cut it into parts, as the recording.",
        )
    try:
        data = path.read_bytes()
    except OSError as error:
        raise refusal(path, error) from error
    if not is_text(data[:65_536]):
        raise MediaError(path, "it is no text, so no transcript", "Export it again.")
    text = clean(decode(data))
    ending = path.suffix.lower()
    cues = parse_cues(text, comments=ending == ".vtt") if ending in TIMED else parse_words(text)
    if not cues or len(cues) > MAX_CUES:
        fault = f"more than {MAX_CUES:,} cues are" if cues else "no words with times are"
        raise MediaError(path, f"{fault} in the transcript", "Export it again.")
    code = _CODE.search(path.stem)
    return Transcript(cues, code[1] if code else "")


def parse_cues(text: str, *, comments: bool) -> tuple[TranscriptSpan, ...]:
    r"""The cues of SRT or WebVTT by start, those without words left out.

    Args:
        text: Cleaned; one kind of line break.
        comments: Whether an empty line ends a cue, and what follows may be a comment (WebVTT). In
            SRT everything up to the next number belongs to the cue: people leave lines empty.

    >>> parse_cues("1\n00:01,000 --> 00:02,500\nHe was born in\n1984\n", comments=False)
    (TranscriptSpan(start_s=1.0, end_s=2.5, text='He was born in 1984'),)
    """
    cues = [_Cue(*times, _kept(lines, comments)) for times, lines in _blocks(text)]
    cues.sort(key=lambda cue: cue.start_s)
    spans = (TranscriptSpan(c.start_s, c.end_s, c.text) for c in _spoken(_unrolled(cues)))
    return tuple(span for span in spans if span.text)


def parse_words(text: str) -> tuple[TranscriptSpan, ...]:
    r"""Plain words: one cue; or one from each time that begins a line, where there are such.

    >>> [(c.start_s, c.end_s, c.text) for c in parse_words("[00:02] Ann: Hi.\n[00:05] Bob: Yes?")]
    [(2.0, 5.0, 'Ann: Hi.'), (5.0, inf, 'Bob: Yes?')]
    """
    lines = text.split("\n")
    stamps = [(n, found) for n, line in enumerate(lines) if (found := _STAMP.match(line))]
    starts = [_seconds(found.groups()) for _, found in stamps]
    if len(stamps) < _FEWEST_STAMPS or any(b < a for a, b in pairwise(starts)):
        words = one_line(text)
        return (TranscriptSpan(0.0, UNTIL_THE_END_S, words),) if words else ()
    bounds = [n for n, _ in stamps] + [len(lines)]
    ends = [*starts[1:], UNTIL_THE_END_S]
    cues = []
    for (n, found), start_s, end_s, after in zip(stamps, starts, ends, bounds[1:], strict=True):
        said = [lines[n][found.end() :], *lines[n + 1 : after]]
        cues.append(TranscriptSpan(start_s, end_s, one_line("\n".join(said))))
    return tuple(cue for cue in cues if cue.text)


@dataclass(frozen=True, slots=True)
class _Cue:
    start_s: float
    end_s: float
    lines: tuple[str, ...]
    text: str = ""


def _blocks(text: str) -> Iterator[tuple[tuple[float, float], list[str]]]:
    """Times, and the lines up to the next line with times; in linear time whatever comes."""
    times: tuple[float, float] | None = None
    lines: list[str] = []
    for line in text.split("\n"):
        found = _TIMING.match(line) if "->" in line else None
        if found is None:
            lines.append(line)
            continue
        if times is not None:
            yield times, lines
        start_s, end_s = _seconds(found.groups()[:4]), _seconds(found.groups()[4:])
        times, lines = (start_s, max(start_s, end_s)), []
    if times is not None:
        yield times, lines


def _seconds(parts: Sequence[str | None]) -> float:
    hours, minutes, seconds, fraction = parts
    whole = 3600 * int(hours or 0) + 60 * int(minutes or 0) + int(seconds or 0)
    return whole + float(f"0.{fraction or 0}")


def _kept(lines: list[str], comments: bool) -> tuple[str, ...]:
    """The lines that are words: without what introduces the next cue."""
    if comments:
        lines = lines[: lines.index("")] if "" in lines else lines  # a line of blanks ends nothing
    else:
        lines = _before_number(lines)
    return tuple(filter(None, (one_line(line) for line in lines)))


def _before_number(lines: list[str]) -> list[str]:
    end = len(lines)
    while end and not lines[end - 1].strip():
        end -= 1
    numbered = end > 0 and _NUMBER.fullmatch(lines[end - 1]) is not None
    apart = end < 2 or not lines[end - 2].strip()
    return lines[: end - 1] if numbered and apart and end == len(lines) else lines[:end]


def _unrolled(cues: Iterable[_Cue]) -> Iterator[_Cue]:
    """Without lines that are only still being shown, as in captions that roll up."""
    before: _Cue | None = None
    for cue in cues:
        lines = tuple(filter(None, (_bare(line) for line in cue.lines)))
        shown = before.lines if before and abs(cue.start_s - before.end_s) <= ROLLED_S else ()
        rolled = next(
            (n for n in range(min(len(shown), len(lines)), 0, -1) if shown[-n:] == lines[:n]), 0
        )
        fleeting = cue.end_s - cue.start_s <= ROLLED_S
        new = cue.lines[rolled:] if rolled < len(lines) or fleeting else cue.lines
        before = replace(cue, lines=lines)
        yield replace(cue, lines=new)


def _spoken(cues: Iterable[_Cue]) -> Iterator[_Cue]:
    """With their text; who speaks is named where that changes."""
    speaker = ""
    for cue in cues:
        voice = _VOICE.search(" ".join(cue.lines))
        name = one_line(voice[1]) if voice else ""
        text = one_line(" ".join(_bare(line) for line in cue.lines))
        yield replace(cue, text=f"{name}: {text}" if name and name != speaker and text else text)
        speaker = name or speaker


def _bare(line: str) -> str:
    return one_line(html.unescape(_TAG.sub("", line)))
