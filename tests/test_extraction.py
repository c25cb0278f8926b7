"""What is read from content alone, and how it is kept."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mmqa.extraction import Extract, Extractors, features_of, pack, spans, unpack
from mmqa.records import (
    ImageFeatures,
    Passage,
    Picture,
    Recording,
    Transcript,
    TranscriptSpan,
)


class CountingEncoder:
    """Gives each picture its mean grey as its only feature."""

    fingerprint = "counting"

    def __init__(self) -> None:
        self.calls = 0

    def encode(self, pictures: Sequence[Picture], *, grid: bool = False) -> ImageFeatures:
        self.calls += 1
        return ImageFeatures(
            np.array([[p.pixels.mean()] for p in pictures], np.float32),
            np.full((len(pictures), 2), 0.5, np.float32),
        )


class EchoRecognizer:
    """Reads the page number that the test knows about."""

    fingerprint = "echo"

    def recognize(self, picture: Picture) -> str:
        return f"page {picture.page}"


def grey(level: int, page: int | None = None) -> Picture:
    return Picture(np.full((4, 4, 3), level, np.uint8), page=page)


def refuse() -> None:
    raise AssertionError("this model is not needed here")


def test_what_is_packed_comes_back_but_for_rounding_to_half_precision() -> None:
    extracts = [
        Extract("image", ocr="码头 4", pooled=np.array([0.25, 3.0], np.float32)),
        Extract("audio", start_s=1.5, end_s=9.25, transcript="the ferry\nleaves"),
        Extract("text", page=3, passage="", heading="Plan"),
    ]
    back = unpack(pack(extracts))
    assert [b.ocr for b in back] == ["码头 4", "", ""]
    assert (back[1].start_s, back[1].end_s, back[1].transcript) == (1.5, 9.25, "the ferry\nleaves")
    assert back[0].pooled is not None
    assert back[0].pooled.tolist() == [0.25, 3.0]
    assert back[0].pooled.dtype == np.float32
    assert back[1].pooled is None
    assert (back[2].page, back[2].heading) == (3, "Plan")


def test_a_description_is_packed_only_where_there_is_one() -> None:
    described, bare = Extract("image", description="A pier. 码头"), Extract("image")
    assert [e.description for e in unpack(pack([described, bare]))] == ["A pier. 码头", ""]
    assert b"description" not in pack([bare])  # readable by versions that know of none


def test_packing_nothing_gives_nothing_back() -> None:
    assert unpack(pack([])) == []


def test_pictures_are_encoded_in_batches_and_read() -> None:
    encoder = CountingEncoder()
    extractors = Extractors(lambda: encoder, EchoRecognizer, refuse)
    found = list(extractors.pictures([grey(i, page=i) for i in range(20)]))
    assert encoder.calls == 2
    assert [e.pooled[0] for e in found if e.pooled is not None] == list(range(20))
    assert found[7].ocr == "page 7"


def test_a_page_whose_text_is_known_is_not_read_again() -> None:
    extractors = Extractors(CountingEncoder, EchoRecognizer, refuse)
    found = list(
        extractors.pictures([grey(0, page=1), grey(0, page=2)], pages_with_text=frozenset({1}))
    )
    assert [e.ocr for e in found] == ["", "page 2"]


def test_with_ocr_off_pictures_have_no_text() -> None:
    (found,) = Extractors(CountingEncoder, None, refuse).pictures([grey(9)])
    assert found.ocr == ""


def test_each_span_of_speech_is_an_extract() -> None:
    transcript = Transcript((TranscriptSpan(0.5, 2.0, "hello"), TranscriptSpan(3.0, 4.0, "again")))
    recording = Recording(np.zeros(80_000, np.float32))
    assert [(e.kind, e.start_s, e.transcript) for e in spans(recording, transcript)] == [
        ("audio", 0.5, "hello"),
        ("audio", 3.0, "again"),
    ]


def test_a_passage_is_taken_as_it_is() -> None:
    extract = Extractors(refuse, None, refuse).passage(Passage("words", page=2, heading="H"))
    assert (extract.kind, extract.passage, extract.page, extract.heading) == (
        "text",
        "words",
        2,
        "H",
    )


def test_features_are_stacked_only_from_pictures() -> None:
    seen = Extract("image", pooled=np.ones(3, np.float32), probabilities=np.ones(2, np.float32))
    features = features_of([Extract("text"), seen, seen])
    assert features is not None
    assert features.pooled.shape == (2, 3)
    assert features_of([Extract("text")]) is None
