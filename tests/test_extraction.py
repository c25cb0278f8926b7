"""What is read from content alone, and how it is kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple

import numpy as np

from mmqa.extraction import Extract, Extractors, features_of, pack, spans, timeline, unpack
from mmqa.records import (
    ImageFeatures,
    Passage,
    Picture,
    Recording,
    Shot,
    SpokenWord,
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


def shot(start_s: float, end_s: float) -> Extract:
    return Extract("video", start_s, end_s, ocr=f"slide {start_s:g}", frame_s=start_s + 0.5)


def said(start_s: float, end_s: float) -> Extract:
    return Extract("audio", start_s, end_s, transcript=f"words {start_s:g}")


def drawn(extracts: list[Extract]) -> list[tuple[float | None, float | None, str, str]]:
    return [(e.start_s, e.end_s, e.ocr, e.transcript) for e in extracts]


def test_a_span_of_speech_shows_the_shot_that_it_overlaps_most() -> None:
    shots = [shot(0, 4), shot(4, 10), shot(10, 12)]
    assert drawn(timeline(shots, [said(1, 6), said(6, 11)])) == [
        (1, 6, "slide 0", "words 1"),  # 3 s of the first shot, 2 s of the second
        (6, 11, "slide 4", "words 6"),  # 4 s and 1 s
        (10, 12, "slide 10", ""),  # no span took it
    ]


def spoken_words(*words: tuple[float, str]) -> tuple[SpokenWord, ...]:
    """Words of half a second each."""
    return tuple(SpokenWord(start_s, start_s + 0.5, f" {word}") for start_s, word in words)


def test_a_span_is_cut_with_the_film_where_a_sentence_ends_about_then() -> None:
    words = spoken_words((1, "One"), (2, "two."), (4.5, "Three"), (5.0, "four."), (5.5, "Five."))
    span = Extract("audio", 1.0, 6.0, transcript="One two. Three four. Five.", words=words)
    assert drawn(timeline([shot(0, 4), shot(4, 10)], [span])) == [
        (1.0, 2.5, "slide 0", "One two."),
        (4.5, 6.0, "slide 4", "Three four. Five."),
    ]
    early = timeline([shot(0, 0.5), shot(0.5, 10)], [span])
    assert [e.transcript for e in early if e.transcript] == ["One two. Three four. Five."]


def test_a_sentence_that_goes_on_over_a_cut_stays_whole() -> None:
    words = spoken_words((1, "One"), (1.5, "two"), (2, "three"), (2.5, "four"), (3, "five."))
    span = Extract("audio", 1.0, 3.5, transcript="One two three four five.", words=words)
    found = timeline([shot(0, 2), shot(2, 9)], [span])
    assert [e.transcript for e in found if e.transcript] == ["One two three four five."]


def test_several_spans_may_show_one_shot_and_speech_outside_of_all_shows_the_nearest() -> None:
    found = timeline([shot(5, 20)], [said(0, 2), said(6, 9), said(10, 14), said(30, 35)])
    assert {e.kind for e in found} == {"video"}
    assert [(e.start_s, e.frame_s) for e in found] == [(0, 5.5), (6, 5.5), (10, 5.5), (30, 5.5)]


def test_a_video_without_words_is_its_shots_and_one_without_shots_its_words() -> None:
    silence = Extract("audio", 0.0, 9.0)
    assert drawn(timeline([shot(0, 4)], [silence])) == [(0, 4, "slide 0", "")]
    assert drawn(timeline([], [said(0, 2)])) == [(0, 2, "", "words 0")]
    assert [(e.kind, e.start_s, e.end_s) for e in timeline([], [silence])] == [("video", 0.0, 9.0)]
    assert timeline([], []) == []


def test_thousands_of_shots_and_spans_are_put_together_at_once() -> None:
    shots = [shot(n, n + 1) for n in range(5000)]
    found = timeline(shots, [said(2 * n, 2 * n + 1.9) for n in range(2500)])
    assert len(found) == 5000
    assert [e.start_s for e in found] == [float(n) for n in range(5000)]


def test_shots_are_seen_and_read_like_pictures_and_keep_their_times() -> None:
    eye = CountingEncoder()
    extractors = Extractors(lambda: eye, EchoRecognizer, refuse)
    shots = [Shot(grey(n), float(n), n + 1.0, n + 0.25) for n in range(17)]
    shots[-1] = Shot(grey(16), 16.0, 17.0, 16.25, ("damaged-tail",))
    seen = list(extractors.shots(shots))
    assert eye.calls == 2
    assert [(e.kind, e.start_s, e.end_s, e.frame_s) for e in seen[:2]] == [
        ("video", 0.0, 1.0, 0.25),
        ("video", 1.0, 2.0, 1.25),
    ]
    assert seen[3].pooled is not None
    assert (seen[3].pooled[0], seen[3].ocr) == (3.0, "page None")
    assert [e.flags for e in seen[-2:]] == [(), ("damaged-tail",)]


def test_extracts_of_a_video_are_kept_whole_and_those_of_before_are_still_read() -> None:
    kept = [
        Extract("video", 0.0, 2.0, frame_s=0.0, flags=("damaged-tail",)),
        Extract("audio", 0.0, 1.0, transcript="Hello."),
    ]
    assert [astuple(e) for e in unpack(pack(kept))] == [astuple(e) for e in kept]
    assert b"frame_s" not in pack(kept[1:])
