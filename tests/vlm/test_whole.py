"""No model is loaded with weights that were made up."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import AutoModelForCausalLM

from mmqa.errors import ModelError
from mmqa.vlm.options import LoadOptions
from mmqa.vlm.text_weights import read
from mmqa.vlm.whole import Whole


@pytest.fixture()
def folder(tmp_path: Path, llama: Any, byte_tokenizer: Any) -> Path:
    llama.save_pretrained(tmp_path)
    byte_tokenizer.save_pretrained(tmp_path)
    return tmp_path


def loaded(folder: Path) -> Any:
    return Whole(AutoModelForCausalLM).from_pretrained(folder, local_files_only=True)


def test_a_whole_model_has_the_weights_of_its_file(folder: Path) -> None:
    name = "model.layers.0.self_attn.q_proj.weight"
    kept = load_file(folder / "model.safetensors")[name]
    assert torch.equal(loaded(folder).state_dict()[name].float(), kept.float())


def test_a_weight_that_is_missing_is_named(folder: Path) -> None:
    weights = load_file(folder / "model.safetensors")
    del weights["model.layers.0.self_attn.q_proj.weight"]
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(ModelError, match=r"1 are missing.*layers\.0\.self_attn\.q_proj"):
        read(folder, threads=1, options=LoadOptions(quantization="none", device="cpu"))


def test_a_weight_of_another_size_is_named(folder: Path) -> None:
    config = json.loads((folder / "config.json").read_text())
    config["intermediate_size"] *= 2
    (folder / "config.json").write_text(json.dumps(config))
    with pytest.raises(ModelError, match=r"of another size, e\.g\. model\.layers\.0\.mlp"):
        loaded(folder)


def test_a_config_of_another_architecture_is_not_filled_up(folder: Path) -> None:
    from transformers import BertConfig

    BertConfig(
        vocab_size=64,
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=32,
        is_decoder=True,
    ).save_pretrained(folder)
    with pytest.raises(ModelError, match="not those of a Bert"):
        loaded(folder)


def test_a_model_can_be_made_from_its_config_alone(llama: Any) -> None:
    assert type(Whole(AutoModelForCausalLM).from_config(llama.config)) is type(llama)
