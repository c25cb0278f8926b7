"""The learned mapping, by numbers worked by hand on a base that is easy to follow."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mmqa.errors import ModelDamagedError, ModelError, ModelMissingError
from mmqa.mapping import closed_form, learned, shipped
from mmqa.mapping.closed_form import ClosedFormMapping, inputs, normalize
from mmqa.mapping.learned import Learned, LearnedMapping
from mmqa.records import Calibration, ImageFeatures

EYE = np.eye(2, dtype=np.float32)


class Base:
    """Maps every picture to (1, 0)."""

    bank = np.array([[1.0, 0.0], [0.0, 1.0]], np.float32)

    def map(self, features: ImageFeatures) -> np.ndarray:
        return np.tile(np.array([[1.0, 0.0]], np.float32), (len(features.pooled), 1))


FEATURES = ImageFeatures(np.array([[3, 4]], np.float32), np.array([[1, 0]], np.float32))


def tiny(method: str, **tensors: np.ndarray) -> Learned:
    """Of the inputs z = [f / |f|, ½·√p], four wide, only the last axis but one is looked at."""
    axes = np.zeros((4, 1), np.float32)
    axes[2] = 2  # ½·√1 · 2 = 1
    return Learned(
        method=method,  # type: ignore[arg-type]
        base="b",
        offset=np.zeros(4, np.float32),
        axes=axes,
        residual={name: np.array(value, np.float32) for name, value in tensors.items()},
        tower=np.zeros((2, 2), np.float32),
        picture_mean=np.array([0.0, 0.5], np.float32),
        text_mean=np.array([0.5, 0.0], np.float32),
        picture_bank=EYE,
        calibration={"visual": Calibration(0.1, 0.2)},
    )


def mapping(found: Learned) -> LearnedMapping:
    return LearnedMapping(Base(), found)  # type: ignore[arg-type]


LINEAR = tiny("linear", weight=[[0, 1], [0, 0], [0, 0]], bias=[0, 0])


def test_x_is_what_the_axes_say() -> None:
    assert (inputs(FEATURES) @ LINEAR.axes).tolist() == [[1.0]]


def test_zero_residual_and_tower_are_the_shipped_mapping_exactly() -> None:
    none = mapping(tiny("linear", weight=np.zeros((3, 2)), bias=[0, 0]))
    assert none.map(FEATURES).tolist() == [[1.0, 0.0]]
    words = np.array([[0.6, 0.8]], np.float32)
    np.testing.assert_allclose(none.ask_pictures(words), words, rtol=1e-6)
    np.testing.assert_allclose(none.ask_words(words), words, rtol=1e-6)


def test_linear_adds_to_the_shipped_vector() -> None:
    # x = 1 adds (0, 1) to (1, 0): (1, 1) over √2
    np.testing.assert_allclose(mapping(LINEAR).map(FEATURES), [[0.5**0.5] * 2], rtol=1e-6)


def test_linear_sees_the_shipped_vector_too() -> None:
    # [x, b] = (1, 1, 0): the second row is b's first part; (0, −¾) and the bias make (1, ¾)
    found = tiny("linear", weight=[[0, 0], [0, -0.75], [9, 9]], bias=[0, 1.5])
    np.testing.assert_allclose(mapping(found).map(FEATURES), [[0.8, 0.6]], rtol=1e-6)


def test_mlp_passes_what_is_positive() -> None:
    # hidden: relu(1·1 + 0, 1·−1 + 0) = (1, 0) → (0, 1)
    found = tiny(
        "mlp",
        weight_1=[[1, -1], [0, 0], [0, 0]],
        bias_1=[0, 0],
        weight_2=[[0, 1], [5, 5]],
        bias_2=[0, 0],
    )
    np.testing.assert_allclose(mapping(found).map(FEATURES), [[0.5**0.5] * 2], rtol=1e-6)


def test_closed_form_weighs_landmarks_by_their_distance() -> None:
    # distance 1 at γ = ln 2 halves: 0·(…) + ½·(0, 2) = (0, 1)
    found = tiny("closed-form", landmarks=[[2.0]], coefficients=[[0, 2]])
    moved = mapping(replace(found, gamma=float(np.log(2)))).map(FEATURES)
    np.testing.assert_allclose(moved, [[0.5**0.5] * 2], rtol=1e-6)


def test_centring_takes_a_share_of_the_means_away() -> None:
    found = mapping(replace(tiny("linear", weight=np.zeros((3, 2)), bias=[0, 0]), centring=1.0))
    # (1, 0) − (0, ½), length √1.25
    np.testing.assert_allclose(found.map(FEATURES), np.array([[1, -0.5]]) / 1.25**0.5, rtol=1e-6)
    # (½, ½) − (½, 0) is (0, ½)
    np.testing.assert_allclose(found.ask_pictures(np.array([[0.5, 0.5]])), [[0.0, 1.0]])


def test_the_two_ways_of_asking_are_one_inner_product_but_for_lengths() -> None:
    tower = np.array([[0.0, 0.5], [0.0, 0.0]], np.float32)
    found = mapping(replace(LINEAR, tower=tower))
    q, v = np.array([[1.0, 0.0]], np.float32), np.array([[0.0, 1.0]], np.float32)
    # q·(I + D) = (1, ½); v·(I + D)ᵀ = (½, 1)
    np.testing.assert_allclose(found.ask_pictures(q), np.array([[1, 0.5]]) / 1.25**0.5, rtol=1e-6)
    np.testing.assert_allclose(found.ask_words(v), np.array([[0.5, 1]]) / 1.25**0.5, rtol=1e-6)
    left = (q + q @ tower) @ v.T
    right = q @ (v + v @ tower.T).T
    assert left.tolist() == right.tolist() == [[0.5]]


def test_hubness_is_half_the_mean_similarity_to_either_bank() -> None:
    found = mapping(replace(LINEAR, picture_bank=np.array([[0.0, 1.0]], np.float32)))
    row = np.array([[0.6, 0.8]], np.float32)
    np.testing.assert_allclose(found.hubness(row), [(0.6 + 0.8) / 2 / 2], rtol=1e-6)
    np.testing.assert_allclose(found.picture_hubness(row), [0.4], rtol=1e-6)


def test_other_widths_are_refused_with_a_remedy() -> None:
    wide = ImageFeatures(np.ones((1, 3), np.float32), np.array([[1, 0]], np.float32))
    with pytest.raises(ModelError, match="5 wide, the mapping was trained on 4"):
        mapping(LINEAR).map(wide)


# ------------------------------------------------------------------------------- on disk


def written(folder: Path) -> Learned:
    """A zero residual on the mapping that really ships."""
    base = closed_form.load()
    wide, width = len(base.weights.offset), base.bank.shape[1]
    found = Learned(
        method="linear",
        base=base.weights.fingerprint,
        offset=np.zeros(wide, np.float32),
        axes=np.zeros((wide, 3), np.float32),
        residual={
            "weight": np.zeros((3 + width, width), np.float32),
            "bias": np.full(width, 0.25, np.float32),
        },
        tower=np.zeros((width, width), np.float32),
        picture_mean=np.zeros(width, np.float32),
        text_mean=np.zeros(width, np.float32),
        picture_bank=base.picture_bank[:20],
        calibration={"visual": Calibration(-0.25, 0.125)},
        centring=0.5,
        encoders={"image_encoder": "i"},
        facts={"pairs": 12},
        probe=learned.probe(base),
    )
    learned.write(found, folder, (shipped.FOLDER / shipped.FILE_NAME).read_bytes())
    return found


def test_what_is_written_is_read_back_and_maps_the_same(tmp_path: Path) -> None:
    found = written(tmp_path)
    opened = learned.load(tmp_path)
    for name in ("method", "base", "gamma", "centring", "encoders", "facts", "calibration"):
        assert getattr(opened.learned, name) == getattr(found, name)
    assert opened.learned.residual["bias"].tolist() == found.residual["bias"].tolist()
    made = np.random.default_rng(0)
    features = ImageFeatures(
        made.random((2, 1280), np.float32), made.dirichlet(np.ones(1000), 2).astype(np.float32)
    )
    straight = LearnedMapping(closed_form.load(), found)
    np.testing.assert_array_equal(opened.map(features), straight.map(features))
    expected = normalize(closed_form.load().map(features) + np.float32(0.25))
    np.testing.assert_allclose(opened.map(features), expected, atol=1e-6)
    assert sorted(p.name for p in tmp_path.iterdir()) == [shipped.FILE_NAME, learned.FILE_NAME]


def test_the_fingerprint_follows_the_file(tmp_path: Path) -> None:
    found = written(tmp_path)
    first = learned.load(tmp_path).fingerprint
    assert first.startswith("linear-")
    assert first == learned.load(tmp_path).fingerprint
    base = (shipped.FOLDER / shipped.FILE_NAME).read_bytes()
    learned.write(replace(found, centring=0.25), tmp_path, base)
    assert learned.load(tmp_path).fingerprint != first


def test_missing_and_damaged_files_say_so(tmp_path: Path) -> None:
    with pytest.raises(ModelMissingError, match=r"trained mapping .* is missing"):
        learned.load(tmp_path)
    written(tmp_path)
    file = tmp_path / learned.FILE_NAME
    whole = file.read_bytes()
    file.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ModelDamagedError, match="cannot be read"):
        learned.load(tmp_path)
    file.write_bytes(whole)
    (tmp_path / shipped.FILE_NAME).unlink()
    with pytest.raises(ModelMissingError):
        learned.load(tmp_path)


def test_another_shipped_mapping_beside_it_is_refused(tmp_path: Path) -> None:
    written(tmp_path)
    base = closed_form.load()
    shipped.write(replace(base.weights, temperature=0.5), tmp_path)
    with pytest.raises(ModelDamagedError, match="is not the mapping that"):
        learned.load(tmp_path)


def test_a_shipped_mapping_that_works_by_another_formula_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written(tmp_path)
    plainly = ClosedFormMapping.map
    monkeypatch.setattr(
        ClosedFormMapping, "map", lambda self, features: np.roll(plainly(self, features), 1, axis=1)
    )
    with pytest.raises(ModelError, match="works by another formula"):
        learned.load(tmp_path)


def test_the_probe_tells_one_set_of_weights_from_another() -> None:
    base = closed_form.load()
    first = learned.probe(base)
    assert first.shape == (2, base.bank.shape[1])
    np.testing.assert_array_equal(first, learned.probe(base))
    other = replace(base.weights, temperature=2 * base.weights.temperature)
    assert np.abs(learned.probe(ClosedFormMapping(other)) - first).max() > 1e-3


def test_an_unknown_method_is_damage(tmp_path: Path) -> None:
    found = written(tmp_path)
    base = (shipped.FOLDER / shipped.FILE_NAME).read_bytes()
    learned.write(replace(found, method="magic"), tmp_path, base)  # type: ignore[arg-type]
    with pytest.raises(ModelDamagedError, match="'magic'"):
        learned.load(tmp_path)
