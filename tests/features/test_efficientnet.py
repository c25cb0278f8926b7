from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from mmqa.errors import ModelMissingError
from mmqa.features.efficientnet import EfficientNetEncoder, input_size, load, prepare, softmax
from mmqa.records import Picture


def gradient(width: int = 260, height: int = 260) -> Picture:
    y, x = np.mgrid[0:height, 0:width]
    channels = [x * 255 // (width - 1), y * 255 // (height - 1), (x + y) % 256]
    return Picture(np.stack(channels, axis=-1).astype(np.uint8))


@pytest.fixture(scope="module")
def encoder(weights: Path) -> EfficientNetEncoder:
    return load(weights / "image_encoder", threads=1)


@pytest.mark.parametrize("size", [(260, 260), (4000, 3000), (3000, 4000), (20, 9000), (1, 1)])
def test_the_input_has_about_as_many_pixels_as_the_square(size: tuple[int, int]) -> None:
    width, height = input_size(*size)
    assert 0.9 < width * height / 260**2 < 1.1


@pytest.mark.parametrize("size", [(640, 427), (427, 640), (300, 200)])
def test_the_aspect_ratio_is_kept(size: tuple[int, int]) -> None:
    width, height = input_size(*size)
    assert width / height == pytest.approx(size[0] / size[1], rel=0.08)


def test_pixels_are_scaled_as_in_training() -> None:
    pixels = np.full((260, 260, 3), (255, 127, 0), dtype=np.uint8)
    channels = prepare(Picture(pixels))[0, :, 0, 0]
    np.testing.assert_array_equal(channels, np.float32([1.0, 0.0, -127 / 128]))


def test_softmax_of_logarithms_gives_their_shares() -> None:
    shares = softmax(np.log(np.float32([[1, 3], [5, 5]])))
    np.testing.assert_allclose(shares, [[0.25, 0.75], [0.5, 0.5]], atol=1e-6)


def test_a_missing_model_names_the_remedy(tmp_path: Path) -> None:
    with pytest.raises(ModelMissingError, match="mmqa models pull"):
        load(tmp_path, threads=1)


@pytest.mark.weights
def test_features_are_those_of_the_torch_model(encoder: EfficientNetEncoder, data: Path) -> None:
    golden = json.loads((data / "efficientnet_golden.json").read_text(encoding="utf-8"))
    features = encoder.encode([gradient()])
    assert features.probabilities is not None
    np.testing.assert_allclose(features.pooled[0, :8], golden["pooled"], atol=2e-4)
    assert int(features.probabilities.argmax()) == golden["best"]
    assert features.probabilities.max() == pytest.approx(golden["probability"], abs=1e-3)


@pytest.mark.weights
def test_pictures_of_all_shapes_are_encoded_in_their_order(encoder: EfficientNetEncoder) -> None:
    pictures = [gradient(640, 427), gradient(100, 900), gradient(9, 9)]
    together = encoder.encode(pictures)
    assert together.pooled.shape == (3, 1280) and together.grid is None
    assert together.probabilities is not None
    np.testing.assert_allclose(together.probabilities.sum(axis=1), 1, atol=1e-5)
    np.testing.assert_allclose(
        together.pooled[1:2], encoder.encode(pictures[1:2]).pooled, atol=1e-6
    )


@pytest.mark.weights
def test_pooled_features_are_the_mean_of_the_grid(encoder: EfficientNetEncoder) -> None:
    features = encoder.encode([gradient(640, 300), gradient()], grid=True)
    assert features.grid is not None and features.grid.shape == (2, 1280, 9, 9)
    np.testing.assert_allclose(features.grid.mean(axis=(2, 3)), features.pooled, atol=1e-4)


@pytest.mark.weights
def test_no_pictures_give_no_rows(encoder: EfficientNetEncoder) -> None:
    features = encoder.encode([], grid=True)
    assert features.pooled.shape == (0, 1280)
    assert features.probabilities is not None and features.probabilities.shape == (0, 1000)
