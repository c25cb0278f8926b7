"""What is read from a file's bytes alone: expensive, so kept under the hash of the content.

Knows: which extractor reads which part, and how the result is packed into bytes. Refuses to know:
where the file lies, what it is called, and where the result is stored. A renamed file has the same
extracts; a changed one has none.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import islice
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
    Transcript,
)

VERSION = 1
"""Part of every key: raise it when the same model would now be given other input."""

PICTURES_AT_ONCE = 16


@dataclass(frozen=True, slots=True, eq=False)
class Extract:
    """One segment-to-be.

    Attributes:
        kind: What it is.
        start_s: Start within a recording, seconds.
        end_s: End within a recording, seconds.
        page: Page of a document, from 1.
        ocr: Text in the picture.
        transcript: What was said.
        passage: Text of a document.
        heading: The heading above the passage.
        description: What the language model said that the picture shows; kept apart from the rest,
            see :mod:`mmqa.describing`.
        pooled: float32 (d,), what the image encoder sees; ``None`` without a picture.
        probabilities: float32 (c,), its class probabilities, where it has any.
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


def spans(recording: Recording, transcript: Transcript) -> list[Extract]:
    """The spans of a transcript; without any, the whole recording without words.

    >>> silence = Recording(np.zeros(32_000, np.float32))
    >>> [(e.start_s, e.end_s, e.transcript) for e in spans(silence, Transcript(()))]
    [(0.0, 2.0, '')]
    """
    found = [
        Extract(kind="audio", start_s=s.start_s, end_s=s.end_s, transcript=s.text)
        for s in transcript.spans
    ]
    return found or [Extract(kind="audio", start_s=0.0, end_s=recording.duration_s)]


def features_of(extracts: Iterable[Extract]) -> ImageFeatures | None:
    """The image features of those extracts that have any, stacked; ``None`` where none has."""
    seen = [e for e in extracts if e.pooled is not None]
    if not seen:
        return None
    pooled = np.stack([e.pooled for e in seen if e.pooled is not None])
    chances = [e.probabilities for e in seen if e.probabilities is not None]
    return ImageFeatures(pooled, np.stack(chances) if len(chances) == len(seen) else None)


def pack(extracts: Iterable[Extract]) -> bytes:
    """Extracts as bytes: a safetensors file of float16 features with the words as metadata."""
    rows, tensors = [], {}
    for number, extract in enumerate(extracts):
        row = asdict(replace(extract, pooled=None, probabilities=None))
        if not extract.description:
            del row["description"]  # as before there were any, for versions that know of none
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
                "pooled": _float32(tensors, f"pooled.{number}"),
                "probabilities": _float32(tensors, f"probabilities.{number}"),
            }
        )
        for number, row in enumerate(rows)
    ]


def _float32(tensors: dict[str, NDArray[Any]], name: str) -> Floats | None:
    values = tensors.get(name)
    return None if values is None else values.astype(np.float32)
