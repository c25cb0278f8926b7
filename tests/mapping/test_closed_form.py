"""The closed form, by numbers worked by hand."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mmqa.errors import ModelDamagedError, ModelError, ModelMissingError
from mmqa.mapping import closed_form, shipped
from mmqa.mapping.closed_form import ClosedFormMapping
from mmqa.mapping.shipped import Weights
from mmqa.records import Calibration, ImageFeatures


def tiny_weights() -> Weights:
    """Two pooled features, two classes, a space of two dimensions.

    The only landmark is the input (1, 0, ½, 0) itself, so the kernel is 1 there.
    """
    return Weights(
        offset=np.array([1, 0, 0.5, 0], np.float32),
        axes=np.eye(4, dtype=np.float32)[:, :3],
        landmarks=np.zeros((1, 3), np.float32),
        coefficients=np.array([[0.0, 1.0]], np.float32),
        gamma=1.0,
        classes=np.array([[0.75, 0.0], [0.0, -0.5]], np.float32),
        bank=np.array([[1.0, 0.0], [0.6, 0.8]], np.float32),
        picture_bank=np.array([[0.0, 1.0]], np.float32),
        usual=np.zeros(2, np.float32),
        spread=np.ones(2, np.float32),
        words=("dog", "what is this"),
        temperature=1.0,
        named_share=4 / 3,
        drawn_share=0.0,
        drawn_temperature=1.0,
        calibration={"visual": Calibration(0.1, 0.2)},
    )


def test_a_sure_picture_is_the_regression_plus_its_class() -> None:
    features = ImageFeatures(np.array([[4, 0]], np.float32), np.array([[1, 0]], np.float32))
    # kernel 1 → regression (0, 1); ConSE (0.75, 0), times 4/3 of its length 0.75
    np.testing.assert_allclose(
        ClosedFormMapping(tiny_weights()).map(features), [[0.6, 0.8]], rtol=1e-6
    )


def test_an_unsure_classifier_leaves_the_regression_to_decide() -> None:
    mixed = closed_form.conse(
        np.array([[0.4, 0.6]], np.float32), tiny_weights().classes, temperature=1.0
    )
    np.testing.assert_allclose(mixed, [[0.3, -0.3]], rtol=1e-6)


def test_the_regression_keeps_its_own_length_so_that_far_pictures_leave_it_to_the_classes() -> None:
    weights = replace(tiny_weights(), coefficients=np.array([[0.0, 0.5]], np.float32))
    features = ImageFeatures(np.array([[4, 0]], np.float32), np.array([[1, 0]], np.float32))
    expected = np.array([[0.75, 0.5]]) / np.hypot(0.75, 0.5)  # ConSE as above
    np.testing.assert_allclose(ClosedFormMapping(weights).map(features), expected, rtol=1e-6)


def test_a_class_that_is_more_probable_than_usual_counts_for_drawings() -> None:
    # both classes are as probable, but the first usually is much more so: the second is peculiar
    usual = np.array([np.log(9) / 2, -np.log(9) / 2], np.float32)
    even = np.array([[0.5, 0.5]], np.float32)
    found = closed_form.unusual(even, usual, np.ones(2, np.float32), 1.0)
    np.testing.assert_allclose(found, [[0.1, 0.9]], rtol=1e-5)
    weights = replace(
        tiny_weights(),
        coefficients=np.zeros((1, 2), np.float32),
        named_share=0.0,
        drawn_share=0.4,
        usual=usual,
    )
    direction = np.array([[0.1 * 0.75, -0.9 * 0.5]])
    mapped = ClosedFormMapping(weights).map(ImageFeatures(np.array([[4, 0]], np.float32), even))
    np.testing.assert_allclose(mapped, direction / np.linalg.norm(direction), rtol=1e-5)


def test_a_low_temperature_sharpens() -> None:
    # (0.25, 0.75) at T = ½ is (0.0625, 0.5625) over 0.625
    eye = np.eye(2, dtype=np.float32)
    mixed = closed_form.conse(np.array([[0.25, 0.75]], np.float32), eye, temperature=0.5)
    np.testing.assert_allclose(mixed, [[0.1, 0.9]], rtol=1e-6)


def test_inputs_are_the_evened_features_beside_half_the_roots_of_probabilities() -> None:
    features = ImageFeatures(np.array([[0, 3]], np.float32), np.array([[0.64, 0.36]], np.float32))
    np.testing.assert_allclose(closed_form.inputs(features), [[0, 1, 0.4, 0.3]], rtol=1e-6)


def test_hubness_equals_brute_force() -> None:
    random = np.random.default_rng(1)
    rows = closed_form.normalize(random.standard_normal((7, 5)).astype(np.float32))
    bank = closed_form.normalize(random.standard_normal((40, 5)).astype(np.float32))
    expected = [sum(sorted((float(x @ b) for b in bank), reverse=True)[:10]) / 20 for x in rows]
    np.testing.assert_allclose(closed_form.hubness(rows, bank), expected, rtol=1e-5)


def test_a_bank_smaller_than_the_neighbourhood_is_taken_whole() -> None:
    mapping = ClosedFormMapping(tiny_weights())
    # (1 + 0.6) / 2 / 2
    np.testing.assert_allclose(mapping.hubness(np.array([[1, 0]], np.float32)), [0.4])


def test_what_a_picture_asks_is_measured_among_pictures() -> None:
    mapping = ClosedFormMapping(tiny_weights())
    # the only picture of the bank is (0, 1): 0.8 / 2
    np.testing.assert_allclose(mapping.picture_hubness(np.array([[0.6, 0.8]], np.float32)), [0.4])


def test_questions_of_either_kind_ask_as_they_are() -> None:
    mapping = ClosedFormMapping(tiny_weights())
    rows = np.array([[0.6, 0.8]], np.float32)
    assert mapping.ask_pictures(rows) is rows
    assert mapping.ask_words(rows) is rows


def test_mapped_rows_are_unit_vectors_and_do_not_depend_on_the_batch() -> None:
    random = np.random.default_rng(2)
    pooled = random.random((5, 2)).astype(np.float32)
    probabilities = random.dirichlet(np.ones(2), 5).astype(np.float32)
    mapping = ClosedFormMapping(tiny_weights())
    together = mapping.map(ImageFeatures(pooled, probabilities))
    np.testing.assert_allclose(np.linalg.norm(together, axis=1), 1, rtol=1e-6)
    alone = [mapping.map(ImageFeatures(pooled[[i]], probabilities[[i]]))[0] for i in range(5)]
    np.testing.assert_allclose(together, alone, rtol=1e-5)
    assert together.dtype == np.float32


def test_features_without_probabilities_are_refused() -> None:
    with pytest.raises(ModelError, match="class probabilities"):
        ClosedFormMapping(tiny_weights()).map(ImageFeatures(np.ones((1, 2), np.float32)))


def test_features_of_another_width_are_refused_with_both_widths() -> None:
    features = ImageFeatures(np.ones((1, 3), np.float32), np.ones((1, 2), np.float32) / 2)
    with pytest.raises(ModelError, match="5 wide, the mapping was fitted to 4"):
        ClosedFormMapping(tiny_weights()).map(features)


def test_weights_survive_the_round_trip(tmp_path: Path) -> None:
    weights = tiny_weights()
    shipped.write(weights, tmp_path)
    mapping = closed_form.load(tmp_path)
    again = mapping.weights
    for name in ("offset", "axes", "landmarks", "coefficients", "usual", "spread"):
        np.testing.assert_allclose(getattr(again, name), getattr(weights, name), atol=4e-3)
    for name in ("classes", "bank", "picture_bank"):
        np.testing.assert_allclose(getattr(again, name), getattr(weights, name), atol=4e-3)
    assert again.words == weights.words
    assert mapping.picture_calibration == {"visual": Calibration(0.1, 0.2)}
    assert mapping.fingerprint == f"closed-form-{again.fingerprint}" != "closed-form-"
    np.testing.assert_allclose(np.linalg.norm(mapping.bank, axis=1), 1, rtol=1e-6)


def test_other_weights_have_another_fingerprint(tmp_path: Path) -> None:
    shipped.write(tiny_weights(), tmp_path / "a")
    shipped.write(replace(tiny_weights(), temperature=0.5), tmp_path / "b")
    prints = {closed_form.load(tmp_path / name).fingerprint for name in "ab"}
    assert len(prints) == 2


def test_missing_weights_are_named_with_the_remedy(tmp_path: Path) -> None:
    with pytest.raises(ModelMissingError, match="mmqa train mapping"):
        closed_form.load(tmp_path)


def test_damaged_weights_are_named(tmp_path: Path) -> None:
    (tmp_path / shipped.FILE_NAME).write_bytes(b"\x10")
    with pytest.raises(ModelDamagedError, match=r"embedded\.safetensors"):
        closed_form.load(tmp_path)


def test_the_shipped_file_is_below_six_megabytes() -> None:
    assert (shipped.FOLDER / shipped.FILE_NAME).stat().st_size < 6_000_000


def test_the_shipped_bank_has_one_unit_row_a_word() -> None:
    weights = shipped.read()
    assert len(weights.words) == len(weights.bank) > 1500
    np.testing.assert_allclose(np.linalg.norm(weights.bank, axis=1), 1, rtol=1e-5)
    np.testing.assert_allclose(np.linalg.norm(weights.picture_bank, axis=1), 1, rtol=1e-5)
    assert len(weights.picture_bank) > 1000
    assert all(c.sigma > 0 for c in weights.calibration.values())
    assert set(weights.calibration) == {"visual", "text", "speech"}
