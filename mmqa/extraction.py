"""What is read from a file's bytes alone: expensive, so kept under the hash of the content.

Knows: which extractor reads which part, and how the result is packed into bytes. Refuses to know:
where the file lies, what it is called, and where the result is stored. A renamed file has the same
extracts; a changed one has none.
"""

from __future__ import annotations

import json
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import islice, pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load, save

from mmqa.interfaces import ImageEncoder, TextRecognizer, Transcriber
from mmqa.records import (
    Floats,
    ImageFeatures,
    Kind,
    Passage,
    Picture,
    Recording,
    Shot,
    Sound,
    SpokenWord,
    Transcript,
)

VERSION = 1
"""Part of every key: raise it when the same model would now be given other input."""

PICTURES_AT_ONCE = 16

NEAR_S = 1.5
"""A pause this near to a cut of a film belongs to it: who speaks starts a little late or early."""
PAUSE_S = 0.6
"""A pause this long is the end of something, whatever the punctuation says."""


@dataclass(frozen=True, slots=True, eq=False)
class Extract:
    """One segment-to-be.

    Attributes:
        kind: What it is.
        start_s: Start within a recording or video, seconds.
        end_s: End within a recording or video, seconds.
        page: Page of a document, from 1.
        ocr: Text in the picture.
        transcript: What was said.
        passage: Text of a document.
        heading: The heading above the passage.
        description: What the language model said that the picture shows; kept apart from the rest,
            see :mod:`mmqa.describing`.
        pooled: float32 (d,), what the image encoder sees; ``None`` without a picture.
        probabilities: float32 (c,), its class probabilities, where it has any.
        frame_s: Where the frame that it shows stands in a video, seconds.
        flags: What was noticed of the file on the way to it, such as ``damaged-tail``.
        words: Those of the transcript with their times, until it is put together; not kept.
    """

    kind: Kind
    start_s: float | None = None
    end_s: float | None = None
    page: int | None = None
    ocr: str = ""
    transcript: str = ""
    passage: str = ""
    heading: str = ""
    description: str = ""
    pooled: Floats | None = None
    probabilities: Floats | None = None
    frame_s: float | None = None
    flags: tuple[str, ...] = ()
    words: tuple[SpokenWord, ...] = ()


@dataclass(frozen=True, slots=True)
class Extractors:
    """The models that read content, each fetched when first needed.

    Attributes:
        image_encoder: Gives the image encoder.
        text_recognizer: Gives the OCR, or ``None`` where reading text in pictures is off.
        transcriber: Gives the speech recogniser.
    """

    image_encoder: Callable[[], ImageEncoder]
    text_recognizer: Callable[[], TextRecognizer] | None
    transcriber: Callable[[], Transcriber]

    def passage(self, passage: Passage) -> Extract:
        """A passage is taken as it is."""
        return Extract(
            kind="text", page=passage.page, passage=passage.text, heading=passage.heading
        )

    def recordings(self, recordings: Sequence[Recording]) -> list[list[Extract]]:
        """One extract a span of speech; a recording in which nobody speaks is one extract."""
        if not recordings:
            return []
        transcripts = self.transcriber().transcribe_many(recordings)
        return [spans(r, t) for r, t in zip(recordings, transcripts, strict=True)]

    def pictures(
        self, pictures: Iterable[Picture], *, pages_with_text: frozenset[int] = frozenset()
    ) -> Iterator[Extract]:
        """One extract a picture; OCR is spared on pages whose text is known already."""
        source = iter(pictures)
        while batch := list(islice(source, PICTURES_AT_ONCE)):
            features = self.image_encoder().encode(batch)
            for row, picture in enumerate(batch):
                read = picture.page not in pages_with_text
                yield replace(
                    _pictured(picture, features, row), ocr=self._ocr(picture) if read else ""
                )

    def shots(self, shots: Iterable[Shot]) -> Iterator[Extract]:
        """One extract a shot of a video, of its frame."""
        source = iter(shots)
        while batch := list(islice(source, PICTURES_AT_ONCE)):
            seen = self.pictures([shot.picture for shot in batch])
            for shot, extract in zip(batch, seen, strict=True):
                yield replace(
                    extract,
                    kind="video",
                    start_s=shot.start_s,
                    end_s=shot.end_s,
                    frame_s=shot.frame_s,
                    flags=shot.flags,
                )

    def _ocr(self, picture: Picture) -> str:
        return self.text_recognizer().recognize(picture) if self.text_recognizer else ""


def _pictured(picture: Picture, features: ImageFeatures, row: int) -> Extract:
    chances = features.probabilities
    return Extract(
        kind="image",
        page=picture.page,
        pooled=features.pooled[row],
        probabilities=None if chances is None else chances[row],
    )


def spans(recording: Sound, transcript: Transcript) -> list[Extract]:
    """The spans of a transcript; without any, the whole recording without words.

    >>> silence = Recording(np.zeros(32_000, np.float32))
    >>> [(e.start_s, e.end_s, e.transcript) for e in spans(silence, Transcript(()))]
    [(0.0, 2.0, '')]
    """
    silent = Extract(kind="audio", start_s=0.0, end_s=recording.duration_s)
    return spoken(transcript) or [silent]


def spoken(transcript: Transcript) -> list[Extract]:
    """The spans of a transcript; none where nobody speaks."""
    return [
        Extract(kind="audio", start_s=s.start_s, end_s=s.end_s, transcript=s.text, words=s.words)
        for s in transcript.spans
    ]


def timeline(shots: Sequence[Extract], spoken: Sequence[Extract]) -> list[Extract]:
    """The segments-to-be of a video, by time.

    Each span of speech is one, and shows the frame of the shot that it overlaps most, or lies
    nearest to; a shot that no span took is one too, without words. A span in which a sentence ends
    about when the film is cut is cut there too.

    Args:
        shots: In order of time.
        spoken: What was heard, as :func:`spans` gives it.

    >>> shots = [Extract("video", 0.0, 4.0, frame_s=1.0), Extract("video", 4.0, 9.0, frame_s=5.0)]
    >>> said = Extract("audio", 3.0, 8.0, transcript="Hello.")
    >>> [(e.start_s, e.end_s, e.frame_s, e.transcript) for e in timeline(shots, [said])]
    [(0.0, 4.0, 1.0, ''), (3.0, 8.0, 5.0, 'Hello.')]
    """
    starts = [_moment(shot.start_s) for shot in shots]
    words = [part for span in spoken if span.transcript for part in _apart(span, starts[1:])]
    if not shots:
        return [replace(span, kind="video", words=()) for span in words or spoken]
    taken: set[int] = set()
    found: list[Extract] = []
    for span in words:
        number = _shown(shots, starts, _moment(span.start_s), _moment(span.end_s))
        taken.add(number)
        found.append(
            replace(
                shots[number],
                start_s=span.start_s,
                end_s=span.end_s,
                transcript=span.transcript,
                words=(),
            )
        )
    found += [shot for number, shot in enumerate(shots) if number not in taken]
    return sorted(found, key=lambda one: (_moment(one.start_s), _moment(one.end_s)))


def _apart(span: Extract, cuts: Sequence[float]) -> list[Extract]:
    """A span, cut where the film is cut and a sentence ends about then."""
    first = bisect_right(cuts, _moment(span.start_s))
    last = bisect_left(cuts, _moment(span.end_s))
    ends = [n for n in range(1, len(span.words)) if _ends(span.words[n - 1], span.words[n])]
    chosen = {0, len(span.words)}
    for cut_s in cuts[first:last]:
        near = [(_away(span.words[n - 1], span.words[n], cut_s), n) for n in ends]
        away_s, number = min(near, default=(NEAR_S, 0))
        if away_s < NEAR_S:
            chosen.add(number)
    parts = [span.words[a:b] for a, b in pairwise(sorted(chosen))]
    if len(parts) < 2:
        return [span]
    return [
        replace(
            span,
            start_s=round(part[0].start_s, 2),
            end_s=round(part[-1].end_s, 2),
            transcript="".join(word.text for word in part).strip(),
            words=part,
        )
        for part in parts
    ]


def _ends(word: SpokenWord, following: SpokenWord) -> bool:
    """Whether one may stop after a word: at the end of a sentence, or where a pause follows."""
    pause_s = following.start_s - word.end_s
    return pause_s >= PAUSE_S or word.text.rstrip().endswith((".", "?", "!", "…", "。", "？", "！"))


def _away(word: SpokenWord, following: SpokenWord, at_s: float) -> float:
    """How far a moment lies from the pause between two words, seconds."""
    return max(0.0, word.end_s - at_s, at_s - following.start_s)


def _shown(shots: Sequence[Extract], starts: Sequence[float], start_s: float, end_s: float) -> int:
    """The number of the shot that a span overlaps most; of none, the last that begins before it."""
    first = max(0, bisect_right(starts, start_s) - 1)
    last = max(first, bisect_left(starts, end_s) - 1)
    overlaps = [
        min(_moment(shots[n].end_s), end_s) - max(starts[n], start_s)
        for n in range(first, last + 1)
    ]
    return first + overlaps.index(max(overlaps))


def _moment(seconds: float | None) -> float:
    return 0.0 if seconds is None else seconds


def features_of(extracts: Iterable[Extract]) -> ImageFeatures | None:
    """The image features of those extracts that have any, stacked; ``None`` where none has."""
    seen = [e for e in extracts if e.pooled is not None]
    if not seen:
        return None
    pooled = np.stack([e.pooled for e in seen if e.pooled is not None])
    chances = [e.probabilities for e in seen if e.probabilities is not None]
    return ImageFeatures(pooled, np.stack(chances) if len(chances) == len(seen) else None)


_LATER = ("description", "frame_s", "flags")
"""What extracts of the first version did not have."""


def pack(extracts: Iterable[Extract]) -> bytes:
    """Extracts as bytes: a safetensors file of float16 features with the words as metadata."""
    rows, tensors = [], {}
    for number, extract in enumerate(extracts):
        row = asdict(replace(extract, pooled=None, probabilities=None, words=()))
        del row["words"]
        for name in _LATER:  # as before there were any, for versions that know of none
            if not row[name] and row[name] != 0.0:
                del row[name]
        rows.append(row)
        for name in ("pooled", "probabilities"):
            values = getattr(extract, name)
            if values is not None:
                tensors[f"{name}.{number}"] = values.astype(np.float16)
    words = json.dumps(rows, ensure_ascii=False).encode("utf-8")
    return save({**tensors, "words": np.frombuffer(words, np.uint8)})


def unpack(payload: bytes) -> list[Extract]:
    """The reverse of :func:`pack`; features come back as float32, rounded to float16."""
    tensors = load(payload)
    rows = json.loads(tensors["words"].tobytes().decode("utf-8"))
    return [
        Extract(
            **{
                **row,
                "flags": tuple(row.get("flags", ())),
                "pooled": _float32(tensors, f"pooled.{number}"),
                "probabilities": _float32(tensors, f"probabilities.{number}"),
            }
        )
        for number, row in enumerate(rows)
    ]


def _float32(tensors: dict[str, NDArray[Any]], name: str) -> Floats | None:
    values = tensors.get(name)
    return None if values is None else values.astype(np.float32)
