from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from mmqa.errors import ModelDamagedError, ModelError, ModelMissingError
from mmqa.fusion import attention, opening, weighted
from mmqa.fusion.fitted import FILE_NAME, FusionWeights, identity, path_of, read, write
from mmqa.records import Calibration


def some(method: str = "weighted") -> FusionWeights:
    rng = np.random.default_rng(1)
    return FusionWeights(
        method=method,
        modalities=("visual", "text"),
        question=identity(4, 2),
        maps={"visual": identity(4, 2), "text": replace(identity(4, 2), bias=np.ones(4))},
        logits=np.array([0.25, -1.5], np.float32) if method == "weighted" else np.zeros(0),
        project=rng.random((3, 4)).astype(np.float32),
        weigh=rng.random(3).astype(np.float32),
        hub_shares=np.ones((2, 2), np.float32),
        offsets=np.array([[0.1, 0.2], [0.3, 0.4]], np.float32),
        picture_calibration=Calibration(0.125, 0.25),
        encoders={"text_encoder": "abc"},
        trained={"pairs": 12},
    )


def test_what_is_written_is_read_again(tmp_path: Path):
    path = write(some(), tmp_path / "new" / FILE_NAME)
    found = read(path)
    assert (found.method, found.modalities) == ("weighted", ("visual", "text"))
    assert (found.encoders, found.trained) == ({"text_encoder": "abc"}, {"pairs": 12})
    assert found.picture_calibration == Calibration(0.125, 0.25)
    np.testing.assert_array_equal(found.logits, [0.25, -1.5])
    np.testing.assert_allclose(found.offsets, [[0.1, 0.2], [0.3, 0.4]])
    np.testing.assert_array_equal(found.maps["text"].bias, np.ones(4))
    assert [p.name for p in path.parent.iterdir()] == [FILE_NAME]


def test_the_fingerprint_follows_the_content(tmp_path: Path):
    first = read(write(some(), tmp_path / "a")).fingerprint
    again = read(write(some(), tmp_path / "b")).fingerprint
    other = read(write(replace(some(), trained={"pairs": 13}), tmp_path / "c")).fingerprint
    assert len(first) == 16
    assert first == again != other


def test_a_folder_opens_by_the_method_that_its_file_names(tmp_path: Path):
    write(some("attention"), path_of(tmp_path))
    assert isinstance(opening.load(tmp_path), attention.AttentionFuser)
    assert isinstance(attention.load(tmp_path), attention.AttentionFuser)
    write(some("weighted"), path_of(tmp_path))
    assert isinstance(opening.load(tmp_path), weighted.WeightedFuser)
    assert opening.load(tmp_path).encoders == {"text_encoder": "abc"}


def test_a_fuser_of_another_text_encoder_is_refused_one_of_another_mapping_is_not(tmp_path: Path):
    write(some(), path_of(tmp_path))
    same = {"text_encoder": "abc", "mapping": "another"}
    assert opening.load(tmp_path, encoders=same).name == "weighted"
    with pytest.raises(ModelError, match="trained with the text encoder 'abc', not 'xyz'"):
        opening.load(tmp_path, encoders={"text_encoder": "xyz"})


def test_missing_weights_say_how_to_get_some(tmp_path: Path):
    with pytest.raises(ModelMissingError, match="mmqa train fusion"):
        opening.load(tmp_path)


@pytest.mark.parametrize("length", [0, 7, 400])
def test_a_file_cut_short_is_damage(tmp_path: Path, length: int):
    path = write(some(), tmp_path / FILE_NAME)
    path.write_bytes(path.read_bytes()[:length])
    with pytest.raises(ModelDamagedError, match="cannot be read"):
        read(path)


def test_a_file_of_something_else_is_damage(tmp_path: Path):
    save_file({"x": np.zeros(2, np.float32)}, tmp_path / FILE_NAME)
    with pytest.raises(ModelDamagedError):
        read(tmp_path / FILE_NAME)


@pytest.mark.parametrize(
    "change",
    [
        {"method": "other"},
        {"logits": np.zeros(5)},
        {"hub_shares": np.zeros((2, 3))},
        {"question": identity(5)},
    ],
    ids=lambda change: next(iter(change)),
)
def test_shapes_that_do_not_belong_together_are_damage(tmp_path: Path, change: dict):
    path = write(replace(some(), **change), tmp_path / FILE_NAME)
    with pytest.raises(ModelDamagedError):
        read(path)
