"""What lies in a folder is looked at before anything is loaded, and told in sentences."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save

from mmqa.errors import ModelDamagedError, ModelError, ModelMissingError
from mmqa.vlm.hub.folder import INDEX, digest, needed_bytes, settings, weight_files, weights


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """1,000 weights that can be quantized, 100 of a vision tower, 50 embeddings, 8 of a norm."""
    (tmp_path / "config.json").write_text('{"model_type": "seer"}')
    tensors = {
        "model.layers.0.mlp.up_proj.weight": np.zeros((10, 100), np.float32),
        "model.visual.blocks.0.fc.weight": np.zeros((10, 10), np.float32),
        "model.embed_tokens.weight": np.zeros((5, 10), np.float32),
        "model.norm.weight": np.zeros(8, np.float32),
    }
    (tmp_path / "model.safetensors").write_bytes(save(tensors))
    return tmp_path


def test_settings_are_those_of_the_configuration(folder: Path) -> None:
    assert settings(folder) == {"model_type": "seer"}


def test_a_folder_without_a_model_is_named(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "nowhere"):
        with pytest.raises(ModelMissingError, match=r"no language model in .*models pull PRESET"):
            settings(path)


@pytest.mark.parametrize("content", ["", "[]", "{", "\x00"])
def test_a_configuration_that_cannot_be_read_is_named(folder: Path, content: str) -> None:
    (folder / "config.json").write_text(content)
    with pytest.raises(ModelDamagedError, match=r"config\.json' cannot be used.*models verify"):
        settings(folder)


def test_a_folder_without_weights_is_named(folder: Path) -> None:
    (folder / "model.safetensors").unlink()
    with pytest.raises(ModelMissingError, match=r"has a config\.json, but no weights"):
        settings(folder)


@pytest.mark.parametrize("name", ["pytorch_model.bin", "model.pt", "consolidated.00.pth"])
def test_pickled_weights_are_refused_and_not_opened(folder: Path, name: str) -> None:
    (folder / "model.safetensors").rename(folder / name)
    with pytest.raises(ModelError, match=r"has pickled weights only.*never loaded") as caught:
        settings(folder)
    assert name in str(caught.value)


def test_an_index_says_which_files_there_are_and_a_missing_one_is_named(folder: Path) -> None:
    content = {"weight_map": {"a": "one.safetensors", "b": "model.safetensors"}}
    (folder / INDEX).write_text(json.dumps(content))
    with pytest.raises(ModelDamagedError, match=r"one\.safetensors' cannot be used: it is missing"):
        settings(folder)
    (folder / "one.safetensors").write_bytes(save({"a": np.zeros(2)}))
    assert [path.name for path in weight_files(folder)] == ["model.safetensors", "one.safetensors"]


@pytest.mark.parametrize("content", ["{}", "{", '{"weight_map": 1}'])
def test_an_index_that_cannot_be_read_is_named(folder: Path, content: str) -> None:
    (folder / INDEX).write_text(content)
    with pytest.raises(ModelDamagedError, match="index"):
        settings(folder)


def test_memory_is_reckoned_from_headers(folder: Path) -> None:
    # 1,158 numbers of 2 bytes; 1,000 of 4.5 bits and 158 of 2 bytes; 1,000 of 8 bits; each × 1.15
    assert weights(folder) == 1158
    assert needed_bytes(folder, number_bytes=2, mode="none") == int(2316 * 1.15)
    assert needed_bytes(folder, number_bytes=2, mode="nf4") == int((562.5 + 316) * 1.15)
    assert needed_bytes(folder, number_bytes=4, mode="int8") == int((1000 + 632) * 1.15)


def test_weights_that_are_cut_short_are_named(folder: Path) -> None:
    path = folder / "model.safetensors"
    path.write_bytes(path.read_bytes()[:40])
    with pytest.raises(ModelDamagedError, match=r"model\.safetensors' cannot be used"):
        needed_bytes(folder, number_bytes=2, mode="none")


def test_a_folder_of_ones_own_is_told_by_all_its_files(folder: Path) -> None:
    before = digest(folder)
    assert digest(folder) == before
    (folder / "chat_template.jinja").write_text("other words")
    assert digest(folder) != before


def test_what_was_pulled_is_told_by_its_recipe_without_reading_gigabytes(folder: Path) -> None:
    (folder / "role.json").write_text('{"recipe": "abc"}')
    before = digest(folder)
    (folder / "model.safetensors").write_bytes(b"verified when it was pulled")
    assert digest(folder) == before
    (folder / "role.json").write_text('{"recipe": "abd"}')
    assert digest(folder) != before
