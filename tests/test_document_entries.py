"""What may be kept, and what is refused by name before anything is stored."""

from __future__ import annotations

import json
from collections import OrderedDict
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmqa.document_entries import (
    Entries,
    document_id,
    document_path,
    unit_vectors,
    written,
)
from mmqa.errors import UsageError

HOSTILE = (
    "a/b",
    "a//b",
    "a/./b",
    "../../etc/passwd",
    ".",
    "..",
    "\n",
    "\0",
    "会议",
    "%2F",
    " ",
    "\ud800",
)
plain_json = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(st.text(min_size=1, alphabet=st.characters(codec=None, exclude_categories=())))
def test_every_id_comes_back_from_its_path(name):
    assert document_id(document_path(name)) == name


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_ids_are_one_relative_component(name):
    path = document_path(name)
    assert len(path.parts) == 1
    assert not path.is_absolute()
    assert document_id(path) == name


def test_ids_that_look_alike_as_paths_stay_apart():
    assert len({document_path(name) for name in HOSTILE}) == len(HOSTILE)


def test_files_are_no_documents():
    assert document_id(Path("/media/document:a.txt")) is None


@given(st.dictionaries(st.text(), plain_json, max_size=4))
def test_metadata_come_back_exactly(metadata):
    text = written("a", metadata)
    assert (json.loads(text) if text else {}) == metadata


@pytest.mark.parametrize(
    "metadata",
    [
        {"when": (1, 2)},
        {1: "a number as a key"},
        {"x": float("nan")},
        {"x": float("inf")},
        {"x": b"bytes"},
        {"x": {1, 2}},
        {"x": np.float32(1)},
        {"x": Path("/a")},
        ["a list"],
        "words",
    ],
    ids=repr,
)
def test_metadata_that_json_would_change_are_refused_by_name(metadata):
    with pytest.raises(UsageError, match="metadata of document 'n7'"):
        written("n7", metadata)


def test_metadata_nested_without_end_are_refused():
    deep: dict[str, object] = {}
    for _ in range(200):
        deep = {"in": deep}
    with pytest.raises(UsageError, match="nested deeper than 100"):
        written("n7", deep)
    endless: dict[str, object] = {}
    endless["me"] = endless
    with pytest.raises(UsageError, match="n7"):
        written("n7", endless)


def test_a_subclass_of_dict_is_as_good_as_one():
    assert json.loads(written("a", OrderedDict(b=1))) == {"b": 1}


def test_vectors_are_brought_to_unit_length():
    found = unit_vectors(["a", "b"], [[3, 4], [0, -2]], 2)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, [[0.6, 0.8], [0, -1]], atol=1e-7)


@pytest.mark.parametrize("scale", [1e-300, 1e-40, 1.0, 1e200, 1e300])
def test_tiny_and_huge_vectors_keep_their_direction(scale):
    found = unit_vectors(["a"], np.array([[3.0, 4.0]]) * scale, 2)
    np.testing.assert_allclose(found, [[0.6, 0.8]], atol=1e-7)


@pytest.mark.parametrize(
    ("vector", "fault"),
    [
        ([1.0, float("nan")], "not finite"),
        ([float("inf"), 0.0], "not finite"),
        ([float("-inf"), 0.0], "not finite"),
        ([0.0, 0.0], "zero"),
        ([1.0], r"shape \(1,\), not \(2,\)"),
        ([1.0, 2.0, 3.0], r"shape \(3,\)"),
        ([[1.0, 2.0]], r"shape \(1, 2\)"),
        (["a", "b"], "not made of numbers"),
        (None, "vector of document 'bad'"),
    ],
)
def test_a_vector_that_cannot_be_compared_is_refused_by_name(vector, fault):
    good = [1.0, 0.0]
    with pytest.raises(UsageError, match=fault) as refusal:
        Entries(["x"] * 3, [good, vector, good], ["a", "bad", "c"], None, 2)
    assert "'bad'" in str(refusal.value)
    assert "Nothing of this call was stored" in str(refusal.value)


def test_a_whole_matrix_of_the_wrong_width_is_refused():
    with pytest.raises(UsageError, match=r"document 'a' has shape \(3,\), not \(2,\)"):
        Entries(["x", "y"], np.ones((2, 3)), ["a", "b"], None, 2)


@pytest.mark.parametrize("name", ["", 7, b"bytes", True])
def test_an_id_is_a_string_that_is_not_empty(name):
    with pytest.raises(UsageError, match="cannot be the id"):
        Entries(["x"], [[1, 0]], [name], None, 2)


def test_the_same_id_twice_in_one_call_is_refused():
    with pytest.raises(UsageError, match="'a' is given twice"):
        Entries(["x", "y"], [[1, 0], [0, 1]], ["a", "a"], None, 2)


def test_ids_that_are_left_out_are_made_up():
    made = Entries(["x", "y", "z"], np.eye(3), [None, "b", None], None, 3).ids
    assert made[1] == "b"
    assert len(set(made)) == 3
    later = Entries(["x"], np.eye(3)[:1], None, None, 3).ids
    assert made[0] < made[2] < later[0]


@pytest.mark.parametrize(
    "amiss",
    [
        {"vectors": [[1, 0]]},
        {"ids": ["a"]},
        {"metadatas": [{}]},
    ],
)
def test_all_lists_are_as_long_as_the_texts(amiss):
    given_all = {"vectors": [[1, 0], [0, 1]], "ids": None, "metadatas": None, **amiss}
    with pytest.raises(UsageError, match="2 texts and 1"):
        Entries(["x", "y"], width=2, **given_all)


@pytest.mark.parametrize("amiss", [{"texts": "ab"}, {"ids": "ab"}])
def test_one_string_is_not_a_list_of_letters(amiss):
    given_all = {"texts": ["x", "y"], "ids": ["a", "b"], **amiss}
    with pytest.raises(UsageError, match="one string"):
        Entries(vectors=[[1, 0], [0, 1]], metadatas=None, width=2, **given_all)


def test_a_text_must_be_one():
    with pytest.raises(UsageError, match="text of document 'a' is bytes"):
        Entries([b"x"], [[1, 0]], ["a"], None, 2)


def test_entries_are_passages_whose_digest_tells_every_change():
    def digest(text: str, **metadata: object) -> str:
        entries = Entries([text], [[1, 0]], ["a"], [metadata], 2)
        ((entry,),) = entries.batches(10)
        assert entry.segment.text.passage == text
        assert entry.segment.id.partition(".")[2] == "0"
        assert entry.item.kind == "text"
        return entry.item.sha256

    assert len({digest("x"), digest("y"), digest("x", n=1), digest("x", n=2)}) == 4
    assert digest("x", n=1) == digest("x", n=1)


def test_batches_hold_every_document_once_and_in_order():
    names = [str(n) for n in range(7)]
    entries = Entries(names, np.eye(7), names, None, 7)
    sizes = []
    seen = []
    for batch in entries.batches(3):
        sizes.append(len(batch))
        seen += [(document_id(e.item.path), int(e.vector.argmax())) for e in batch]
    assert sizes == [3, 3, 1]
    assert seen == [(name, int(name)) for name in names]
