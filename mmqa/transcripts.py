"""What is said in a file: as a file beside it says, as it was heard, or as the index holds it.

Knows: how cues of a file become spans like those that are heard, and that a transcript may be of
another recording. Refuses to know: how speech is recognised, how transcripts are written down, and
how an index is searched.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import replace
from math import isfinite
from pathlib import Path

from mmqa.errors import MediaError, UsageError
from mmqa.features.spans import make_spans
from mmqa.interfaces import Reader, Transcriber
from mmqa.media.sidecar import FLAGS, read_transcript
from mmqa.records import (
    FileTranscript,
    LongRecording,
    Media,
    MediaItem,
    Recording,
    Segment,
    Sound,
    SpokenWord,
    Transcript,
    TranscriptSpan,
)

LAST_S = 7.0
"""How long the last words are taken to last, where nothing says so."""
LATE_SHARE = 0.5
"""A transcript of which more than this begins after the recording's end is of another one."""

_WIDE = "\u1100-\u11ff\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff\uff00-\uffef"
_WORD = re.compile(rf"\s*(?:[{_WIDE}]|[^\s{_WIDE}]+)")
_WIDE_SIGN = re.compile(f"[{_WIDE}]")


def fingerprint(transcript: Transcript) -> str:
    """Changes with its words and times; stands for the model where a file says what is said."""
    rows = [f"{span.start_s} {span.end_s} {span.text}" for span in transcript.spans]
    digest = hashlib.sha256("\n".join([transcript.language, *rows]).encode())
    return f"file-{digest.hexdigest()[:16]}"


def fitting(media: Media, duration_s: float) -> Media:
    """The media, without a transcript that is of another recording: that is flagged.

    >>> from mmqa.records import MediaItem
    >>> item = MediaItem(Path("/a.wav"), "", "audio", 9, 0, ("transcript-file",))
    >>> late = Transcript((TranscriptSpan(60.0, 62.0, "Hello."),))
    >>> fitting(Media(item, (), transcript=late), 30.0).item.flags
    ('unreadable-transcript',)
    """
    if media.transcript is None or belongs(media.transcript, duration_s):
        return media
    item = replace(media.item, flags=unfit(media.item.flags))
    return replace(media, item=item, transcript=None)


def unfit(flags: Iterable[str]) -> tuple[str, ...]:
    """The flags of a file whose transcript is of another recording."""
    return tuple(sorted({*flags, "unreadable-transcript"} - {"transcript-file"}))


def belongs(transcript: Transcript, duration_s: float) -> bool:
    """Whether what a file says can be said in a recording of this length."""
    late = sum(span.start_s > duration_s for span in transcript.spans)
    return late <= LATE_SHARE * len(transcript.spans)


def told(transcript: Transcript, duration_s: float) -> Transcript:
    """What a file says, in spans as those of recognition: whole sentences, 8 to 20 seconds.

    No word is lost: what begins after the end is said at the end. Within a cue that is cut, times
    are estimated by the length of the words; a transcript without times is estimated as a whole.

    >>> cues = Transcript((TranscriptSpan(1.0, 4.0, "Good"), TranscriptSpan(4.0, 6.0, "morning.")))
    >>> told(cues, 60.0).spans
    (TranscriptSpan(start_s=1.0, end_s=6.0, text='Good morning.'),)
    """
    words = [word for cue in within(transcript, duration_s).spans for word in spread(cue)]
    return Transcript(make_spans(words), transcript.language)


def within(transcript: Transcript, duration_s: float) -> Transcript:
    """The cues as they are, none of them after the end."""
    cues = (
        replace(s, start_s=min(s.start_s, duration_s), end_s=min(s.end_s, duration_s))
        for s in transcript.spans
    )
    return replace(transcript, spans=tuple(cues))


def letters(texts: Iterable[str]) -> str:
    """All that is said, without blanks, to compare what was cut differently.

    >>> letters(["Good ", "morning."])
    'Goodmorning.'
    """
    return "".join("".join(text.split()) for text in texts)


def spread(span: TranscriptSpan) -> Iterator[SpokenWord]:
    """The words of a span, its time shared out by their length, leading spaces included.

    >>> [(w.start_s, w.end_s, w.text) for w in spread(TranscriptSpan(0.0, 9.0, "Yes, today"))]
    [(0.0, 4.0, ' Yes,'), (4.0, 9.0, ' today')]
    """
    apart = "" if wide(span.text[:1]) else " "
    pieces: list[str] = _WORD.findall(apart + span.text)
    lengths = [max(1, len(piece.strip())) for piece in pieces]
    total, said = sum(lengths), 0
    length_s = span.end_s - span.start_s
    for piece, length in zip(pieces, lengths, strict=True):
        start_s = span.start_s + length_s * said / total
        said += length
        yield SpokenWord(start_s, span.start_s + length_s * said / total, piece)


def wide(text: str) -> int:
    """How many signs are as wide as two letters, and stand without blanks between them."""
    return len(_WIDE_SIGN.findall(text))


def of_index(item: MediaItem, segments: Iterable[Segment]) -> FileTranscript:
    """What is said in a file of the index, in its segments.

    Raises:
        UsageError: It is a picture or a note.
    """
    _require_heard(item)
    spans = tuple(
        TranscriptSpan(s.start_s or 0.0, s.end_s or s.start_s or 0.0, s.text.transcript)
        for s in segments
        if s.text.transcript
    )
    said = _own_cues(item, spans) or Transcript(spans)
    return FileTranscript(item.path, said, "index", _beside(item))


def _own_cues(item: MediaItem, spans: Sequence[TranscriptSpan]) -> Transcript | None:
    """The cues of the file that the spans are from, where it still says the same."""
    if "transcript-file" not in item.flags:
        return None
    try:
        found = read_transcript(item.path)
    except MediaError:
        return None  # the index holds what it said
    if found is None or letters(s.text for s in found.spans) != letters(s.text for s in spans):
        return None
    return within(found, max(span.end_s for span in spans))


def of_file(path: Path, reader: Reader, transcriber: Callable[[], Transcriber]) -> FileTranscript:
    """What is said in a file that is in no index: as a file beside it says, else as it is heard.

    Raises:
        UsageError: It is a picture or a note, or a video without sound and transcript.
        MediaError: It cannot be read.
    """
    media = reader.read(path)
    _require_heard(media.item)
    with ExitStack() as stack:
        parts = iter(media.parts)
        if (close := getattr(parts, "close", None)) is not None:
            stack.callback(close)  # ends the process that decodes a video
        sound = next((p for p in parts if isinstance(p, Recording | LongRecording)), None)
    media = fitting(media, sound.duration_s) if sound is not None else media
    if media.transcript is not None:
        said = within(media.transcript, _length_s(media.transcript, sound))
        return FileTranscript(media.item.path, said, "file", _beside(media.item))
    if sound is None:
        raise UsageError(f"{str(path)!r} has no sound", "Nothing can be said in it.")
    heard = _heard(sound, transcriber())
    return FileTranscript(media.item.path, heard, "recognition", _beside(media.item))


def _length_s(transcript: Transcript, sound: Sound | None) -> float:
    """Of the recording; of a video without sound, up to the last words."""
    if sound is not None:
        return sound.duration_s
    ends_s = (s.end_s if isfinite(s.end_s) else s.start_s + LAST_S for s in transcript.spans)
    return max(ends_s)


def _heard(sound: Sound, transcriber: Transcriber) -> Transcript:
    if isinstance(sound, Recording):
        return transcriber.transcribe_many([sound])[0]
    *_, last = transcriber.listen(sound)
    return last.transcript


def _beside(item: MediaItem) -> tuple[str, ...]:
    return tuple(flag for flag in item.flags if flag in FLAGS)


def _require_heard(item: MediaItem) -> None:
    if item.kind not in ("audio", "video"):
        raise UsageError(
            f"{str(item.path)!r} is neither a recording nor a video",
            "A transcript is of what is said in one.",
        )
