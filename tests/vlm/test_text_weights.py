"""Files of a model: which are there, what is made of them, what their failures are called."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import pytest

from mmqa.errors import ConfigError, ModelError, ModelMissingError
from mmqa.vlm.options import LoadOptions
from mmqa.vlm.text_weights import opening, read


@pytest.fixture()
def folder(tmp_path: Path, llama: Any, byte_tokenizer: Any) -> Path:
    llama.save_pretrained(tmp_path)
    byte_tokenizer.save_pretrained(tmp_path)
    return tmp_path


def test_full_weights_come_in_the_fastest_numbers(folder: Path) -> None:
    from mmqa.vlm.device import number_type

    model, tokenizer, mode = read(folder, threads=1, options=LoadOptions(device="cpu"))
    assert (model.dtype, mode) == (number_type("cpu"), "none")
    assert not model.training
    assert tokenizer("é", add_special_tokens=False)["input_ids"] == [195, 169]


def test_a_folder_without_a_model_says_how_to_get_one(tmp_path: Path) -> None:
    with pytest.raises(ModelMissingError, match="mmqa models pull"), opening(tmp_path):
        pass


@pytest.mark.parametrize("failure", [OSError, ValueError, KeyError, RuntimeError])
def test_failures_of_loading_name_the_folder(folder: Path, failure: type[Exception]) -> None:
    with pytest.raises(ModelError, match=r"cannot be loaded.*verify") as raised, opening(folder):
        raise failure("cut off")
    assert str(folder) in str(raised.value)


def test_errors_that_say_all_stay_what_they_are(folder: Path) -> None:
    with pytest.raises(ConfigError, match="no GPU"), opening(folder):
        raise ConfigError("there is no GPU")


def test_only_safetensors_are_read(folder: Path) -> None:
    import torch

    (folder / "model.safetensors").unlink()
    torch.save({"a": torch.zeros(1)}, folder / "pytorch_model.bin")
    with pytest.raises(ModelError, match="safetensors"):
        read(folder, threads=1, options=LoadOptions(quantization="none"))


@pytest.mark.parametrize("shown", [True, False])
def test_the_progress_bar_is_as_before_afterwards(folder: Path, shown: bool) -> None:
    logging: Any = importlib.import_module("transformers.utils.logging")
    before = logging.is_progress_bar_enabled()
    (logging.enable_progress_bar if shown else logging.disable_progress_bar)()
    try:
        with opening(folder):
            assert not logging.is_progress_bar_enabled()
        assert logging.is_progress_bar_enabled() is shown
    finally:
        (logging.enable_progress_bar if before else logging.disable_progress_bar)()
