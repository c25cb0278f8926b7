"""Extracts become segments: stable ids, words kept apart, vectors only where there is one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

import numpy as np

from mmqa.extraction import Extract
from mmqa.records import (
    Asker,
    Calibration,
    Channel,
    Floats,
    ImageFeatures,
    Media,
    MediaItem,
    PromptWord,
    SegmentText,
)
from mmqa.segmenting import Segmenter, attached_segment, searchable, with_hubness, words_of


class Space:
    """Maps a picture to its pooled vector; every word encodes to one direction; all hubs alike."""

    fingerprint = "space"
    width = 2
    bank = np.eye(2, dtype=np.float32)
    picture_calibration: ClassVar[dict[Channel, Calibration]] = {}

    def map(self, features: ImageFeatures) -> Floats:
        return features.pooled

    def hubness(self, vectors: Floats) -> Floats:
        return np.where(vectors[:, 0] > 0, 0.25, 0.5).astype(np.float32)

    def picture_hubness(self, vectors: Floats) -> Floats:
        return self.hubness(vectors) / 2

    def ask_pictures(self, vectors: Floats) -> Floats:
        return vectors

    def ask_words(self, vectors: Floats) -> Floats:
        return vectors

    def encode(self, texts: Sequence[str]) -> Floats:
        return np.array([[0.0, float(len(text))] for text in texts], np.float32)

    def words(
        self, vectors: Floats, k: int = 8, *, of: Asker = "pictures"
    ) -> list[tuple[PromptWord, ...]]:
        return [(PromptWord("thing", float(v[0])),) for v in vectors]


SEGMENTER = Segmenter(Space, Space(), Space())


def media(name: str, caption: str = "") -> Media:
    item = MediaItem(Path("/m") / name, "ab" * 32, "image", 1, 1, ("tiny",))
    return Media(item, (), caption=caption, name_words="")


def picture(x: float, ocr: str = "") -> Extract:
    return Extract("image", ocr=ocr, pooled=np.array([x, 0.0], np.float32))


def test_segments_keep_the_order_of_files_and_extracts() -> None:
    groups = SEGMENTER.segments(
        [media("a"), media("b")], [[picture(1), Extract("text", passage="words")], [picture(2)]]
    )
    assert [[s.ordinal for s in g.segments] for g in groups] == [[0, 1], [0]]
    assert groups[1].segments[0].text.prompt_words == (PromptWord("thing", 2.0),)
    assert groups[1].features[0].vectors["visual"].tolist() == [2.0, 0.0]


def test_a_modality_that_is_missing_has_no_vector() -> None:
    (group,) = SEGMENTER.segments([media("a")], [[picture(1), Extract("text", passage="four")]])
    assert set(group.features[0].vectors) == {"visual"}
    assert set(group.features[1].vectors) == {"text"}
    assert group.features[1].vectors["text"].tolist() == [0.0, 4.0]
    assert dict(group.features[0].hubness) == {"visual": 0.25}
    assert dict(group.features[1].hubness) == {"text": 0.5}
    assert dict(group.features[0].picture_hubness) == {"visual": 0.125}


def test_where_words_and_pictures_meet_by_a_tower_hubness_is_that_of_the_counterpart() -> None:
    class Tower(Space):
        def ask_words(self, vectors: Floats) -> Floats:
            return vectors[:, ::-1]

        ask_pictures = ask_words

    rows = with_hubness([{"visual": np.array([0.0, 1.0], np.float32)}], Tower())
    assert dict(rows[0].hubness) == {"visual": 0.25}  # that of (1, 0)
    assert dict(rows[0].picture_hubness) == {"visual": 0.25}  # that of (0, 1), halved


def test_what_is_said_and_what_is_written_are_modalities_of_their_own() -> None:
    spoken = Extract("audio", start_s=0.0, end_s=1.0, transcript="Hello there")
    (group,) = SEGMENTER.segments([media("a", "cap")], [[spoken]])
    assert {m: v.tolist() for m, v in group.features[0].vectors.items()} == {
        "text": [0.0, 3.0],
        "speech": [0.0, 11.0],
    }


def test_a_recording_has_the_words_of_what_was_said_in_it() -> None:
    spoken = Extract("audio", start_s=0.0, end_s=1.0, transcript="Hello there")
    (group,) = SEGMENTER.segments([media("a")], [[spoken, Extract("text", passage="four")]])
    heard, note = group.segments
    assert heard.text.prompt_words == (PromptWord("thing", 0.0),)
    assert note.text.prompt_words == ()


def test_prompt_words_are_searched_but_not_encoded() -> None:
    (group,) = SEGMENTER.segments([media("a", "cap")], [[picture(1)]])
    assert group.features[0].vectors["text"].tolist() == [0.0, 3.0]
    assert searchable(group.segments[0].text) == "cap\nthing"


def test_a_description_is_searched_and_encoded_after_what_people_wrote() -> None:
    seen = replace(picture(1, "PIER"), description="A pier.")
    (group,) = SEGMENTER.segments([media("a", "cap")], [[seen]])
    (segment,) = group.segments
    assert segment.text.description == "A pier."
    assert words_of(segment.text) == {"text": "cap\nPIER\nA pier."}
    assert group.features[0].vectors["text"].tolist() == [0.0, float(len("cap\nPIER\nA pier."))]
    assert searchable(segment.text) == "cap\nPIER\nA pier.\nthing"
    assert segment.text.written() == segment.text.read() == "cap\nPIER"


def test_a_description_alone_is_encoded() -> None:
    assert words_of(SegmentText(description="A pier.")) == {"text": "A pier."}
    assert SegmentText(description="A pier.").written() == ""
    assert SegmentText(description="A pier.").best() == "A pier."


def test_ids_differ_by_path_and_place_and_stay_the_same() -> None:
    def ids() -> list[str]:
        groups = SEGMENTER.segments([media("a"), media("b")], [[picture(1)] * 2, [picture(1)]])
        return [s.id for g in groups for s in g.segments]

    assert len(set(ids())) == 3
    assert ids() == ids()


def test_flags_of_the_file_are_on_its_segments() -> None:
    (group,) = SEGMENTER.segments([media("a")], [[picture(1)]])
    assert group.segments[0].flags == ("tiny",)


def test_files_without_segments_are_kept() -> None:
    (group,) = SEGMENTER.segments([media("a")], [[]])
    assert group.segments == ()


def test_an_attachment_is_a_segment_of_no_index() -> None:
    segment = attached_segment(2, Path("x.png"), picture(1, "PIER"), ())
    assert (segment.id, segment.text) == ("attachment.2", SegmentText(ocr="PIER"))
