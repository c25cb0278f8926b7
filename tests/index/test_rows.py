import numpy as np
import pytest

from mmqa.index.rows import features_of, text_of, text_to_json, vector_of, vector_to_blob
from mmqa.records import PromptWord, SegmentText


@pytest.mark.parametrize(
    "text",
    [
        SegmentText(),
        SegmentText("a", "b", "c", "d", "e", "f", (PromptWord("cat", 0.5), PromptWord("x y", -1))),
        SegmentText(ocr="渡轮\n\0 \udcff 'quoted' \"twice\""),
    ],
)
def test_text_comes_back_with_every_field_apart(text):
    assert text_of(text_to_json(text)) == text


def test_a_unit_vector_loses_less_than_a_thousandth_in_storage():
    vector = np.random.default_rng(0).standard_normal(384).astype(np.float32)
    vector /= np.linalg.norm(vector)
    blob = vector_to_blob(vector)
    assert len(blob) == 768
    np.testing.assert_allclose(vector_of(blob), vector, atol=1e-4)


def test_rows_of_one_segment_become_its_features():
    one = vector_to_blob(np.array([1, 0], np.float32))
    found = features_of([(7, "text", one, 0.25), (7, "visual", one, 0.5), (9, "text", one, 0.0)])
    assert set(found) == {7, 9}
    assert found[7].hubness == {"text": 0.25, "visual": 0.5}
    assert found[9].vectors["text"].tolist() == [1, 0]
