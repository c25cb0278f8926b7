from pathlib import Path

import numpy as np
import pytest

from mmqa.index.rows import (
    DamagedRowError,
    features_of,
    item_of,
    item_row,
    segment_of,
    segment_row,
    text_of,
    text_to_json,
    vector_row,
)
from mmqa.records import Features, MediaItem, PromptWord, Segment, SegmentText

ITEM = MediaItem(
    Path("/a/\udcff b.png"),
    "ab" * 32,
    "image",
    10,
    5,
    ("tiny",),
    taken_ns=1_700_000_000_000_000_000,
    tags=("sea", "海"),
    metadata='{"n": 1}',
)


@pytest.mark.parametrize(
    "text",
    [
        SegmentText(),
        SegmentText("a", "b", "c", "d", "e", "f", (PromptWord("cat", 0.5), PromptWord("x y", -1))),
        SegmentText(description="A ferry."),
        SegmentText(ocr="渡轮\n\0 \udcff 'quoted' \"twice\""),
    ],
)
def test_text_comes_back_with_every_field_apart(text):
    assert text_of(text_to_json(text)) == text


def test_a_unit_vector_loses_less_than_a_thousandth_in_storage():
    vector = np.random.default_rng(0).standard_normal(384).astype(np.float32)
    vector /= np.linalg.norm(vector)
    row = vector_row(1, Features({"text": vector}))
    assert len(row[2]) == 768
    np.testing.assert_allclose(features_of(row).vectors["text"], vector, atol=1e-4)


def test_a_file_comes_back_as_it_was_stored():
    assert item_of(item_row(7, "0123456789ab", ITEM, "00ff", 3)) == ITEM


def test_a_segment_comes_back_with_what_it_takes_from_its_file():
    segment = Segment(
        "0123456789ab.0",
        ITEM.path,
        ITEM.sha256,
        "audio",
        0,
        1.0,
        2.5,
        3,
        SegmentText("hi"),
        ("tiny",),
    )
    row = (*segment_row(1, 7, segment, "hi"), *item_row(7, "0123456789ab", ITEM, "", 1))
    assert segment_of(row) == segment


def test_vectors_come_back_as_float16_rounds_them():
    vector = np.array([0.1, -0.7, 1e-4], np.float32)
    back = features_of(vector_row(3, Features({"text": vector, "visual": vector}, {"text": 0.5})))
    np.testing.assert_array_equal(back.vectors["text"], vector.astype(np.float16))
    assert back.hubness == {"text": 0.5, "visual": 0.0}
    assert features_of(vector_row(3, Features({}))).vectors == {}


def test_vectors_of_different_length_are_refused():
    with pytest.raises(ValueError, match="differ in length"):
        vector_row(1, Features({"text": np.ones(2, np.float32), "visual": np.ones(3, np.float32)}))


@pytest.mark.parametrize("column", range(13))
def test_a_change_of_any_column_is_noticed(column):
    row = list(item_row(7, "0123456789ab", ITEM, "00ff", 3))
    row[column] = {int: lambda v: v + 1, str: lambda v: v + "x", bytes: lambda v: v + b"x"}[
        type(row[column])
    ](row[column])
    with pytest.raises(DamagedRowError, match="items"):
        item_of(row)


@pytest.mark.parametrize("place", range(5))
def test_a_change_of_vectors_is_noticed(place):
    row = list(vector_row(3, Features({"text": np.array([1, 0], np.float32)}, {"text": 0.5})))
    row[place] = (4, "visual", b"\x01\x3c\x00\x00", b"\x00\x00\x00\x00", 1)[place]
    with pytest.raises(DamagedRowError, match="vectors"):
        features_of(row)
