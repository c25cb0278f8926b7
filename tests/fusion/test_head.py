from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.numpy import save_file

from mmqa.errors import ModelDamagedError, ModelMissingError
from mmqa.fusion.head import FILE_NAME, Head, HeadWeights, load, write
from mmqa.records import Features

MODALITIES = ("visual", "text")


def vector(*values: float) -> np.ndarray:
    return np.array(values, np.float32)


def concatenated() -> HeadWeights:
    """Two classes; pictures speak by their first number, texts by their second."""
    return HeadWeights(
        "concatenation",
        MODALITIES,
        ("food", "animal"),
        np.array([[[2, 0], [-2, 0]], [[0, 1], [0, -1]]], np.float32),
        np.array([[0.25, 0], [0, 0.5]], np.float32),
        vector(0.1, -0.1),
    )


def summed() -> HeadWeights:
    row = np.array([[1, 0], [0, 1]], np.float32)
    return HeadWeights(
        "sum", MODALITIES, ("food", "animal"), np.stack([row, row]), np.zeros((2, 2)), vector(0, 0)
    )


BOTH = Features({"visual": vector(0.6, 0.8), "text": vector(0, 1)})


def test_the_concatenations_logits_and_parts_are_the_hand_worked_numbers():
    head = Head(concatenated())
    parts = head.contributions([BOTH])
    # visual: ±2 · 0.6, and 0.25 for food; text: ±1 · 1, and 0.5 for animal
    np.testing.assert_allclose(parts["visual"], [[1.45, -1.2]], rtol=1e-6)
    np.testing.assert_allclose(parts["text"], [[1.0, -0.5]], rtol=1e-6)
    np.testing.assert_allclose(head.logits([BOTH]), [[2.55, -1.8]], rtol=1e-6)
    # 1 / (1 + e^−4.35)
    np.testing.assert_allclose(head.probabilities([BOTH])[0, 0], 0.987258, atol=1e-5)
    assert head.best([BOTH])[0][0] == "food"


def test_the_sums_logits_are_those_of_the_added_vectors():
    # h = (0.6, 1.8)
    np.testing.assert_allclose(Head(summed()).logits([BOTH]), [[0.6, 1.8]], rtol=1e-6)


def test_a_missing_modality_adds_exactly_nothing():
    (read,) = [Features({"text": vector(0, 1)})]
    head = Head(concatenated())
    assert not head.contributions([read])["visual"].any()
    np.testing.assert_allclose(head.logits([read]), [[1.1, -0.6]], rtol=1e-6)


def test_without_any_modality_the_classes_have_their_shares():
    head = Head(concatenated())
    # 1 / (1 + e^−0.2)
    np.testing.assert_allclose(head.probabilities([Features({})])[0, 0], 0.549834, atol=1e-5)


def test_nothing_to_classify_is_an_empty_table():
    assert Head(summed()).probabilities([]).shape == (0, 2)
    assert Head(summed()).best([]) == []


def test_a_vector_of_the_wrong_length_is_refused():
    with pytest.raises(ValueError, match=r"text vector has shape \(3,\), not \(2,\)"):
        Head(summed()).logits([Features({"text": vector(1, 0, 0)})])


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.sets(st.sampled_from(MODALITIES)), min_size=1, max_size=5),
    st.integers(0, 2**32 - 1),
)
def test_parts_and_bias_sum_to_the_logits_and_probabilities_to_one(kinds, seed):
    rng = np.random.default_rng(seed)
    weights = replace(
        concatenated(),
        rows=rng.standard_normal((2, 2, 4)).astype(np.float32),
        presence=rng.standard_normal((2, 2)).astype(np.float32),
    )
    found = [Features({m: rng.standard_normal(4).astype(np.float32) for m in k}) for k in kinds]
    head = Head(weights)
    np.testing.assert_allclose(
        sum(head.contributions(found).values()) + weights.bias, head.logits(found), atol=1e-5
    )
    np.testing.assert_allclose(head.probabilities(found).sum(axis=1), 1, atol=1e-5)


@pytest.mark.parametrize("weights", [concatenated(), summed()], ids=["concatenation", "sum"])
def test_what_is_written_classifies_alike(tmp_path: Path, weights: HeadWeights):
    write(replace(weights, encoders={"text_encoder": "abc"}, trained={"rows": 9}), tmp_path)
    head = load(tmp_path)
    np.testing.assert_array_equal(head.logits([BOTH]), Head(weights).logits([BOTH]))
    assert head.classes == ("food", "animal")
    assert (head.weights.encoders, head.weights.trained) == ({"text_encoder": "abc"}, {"rows": 9})
    assert len(head.fingerprint) == 16
    assert [path.name for path in tmp_path.iterdir()] == [FILE_NAME]


def test_a_missing_or_damaged_head_says_what_to_do(tmp_path: Path):
    with pytest.raises(ModelMissingError, match="mmqa train head"):
        load(tmp_path)
    path = write(summed(), tmp_path)
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(ModelDamagedError, match="cannot be read"):
        load(tmp_path)
    save_file({"rows": np.zeros(3)}, path)
    with pytest.raises(ModelDamagedError):
        load(tmp_path)


@pytest.mark.parametrize("change", [{"classes": ("a",)}, {"joining": "product"}], ids=str)
def test_shapes_that_do_not_belong_together_are_damage(tmp_path: Path, change: dict):
    write(replace(concatenated(), **change), tmp_path)
    with pytest.raises(ModelDamagedError):
        load(tmp_path)
