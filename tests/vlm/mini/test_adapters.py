"""Adapters against PEFT itself: it reads what we write, and merging gives what it gives."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from mmqa import weights_file
from mmqa.errors import ModelDamagedError, ModelError, ModelMissingError
from mmqa.vlm.mini import adapters
from mmqa.vlm.mini.adapters import FILE_NAME, Adapters

from .small_chat import llama

LAYER = "model.layers.1.mlp.down_proj"
NAME = f"base_model.model.{LAYER}.lora_"
PROMPT = torch.arange(3, 15)[None]


def with_peft(model: Any, *, seed: int | None) -> Any:
    """``model`` with adapters of PEFT; random float16 numbers in them unless ``seed`` is None."""
    from mmqa.vlm import quantized_layers

    quantized_layers.library()
    from peft import LoraConfig, get_peft_model

    targets = ["q_proj", "v_proj", "o_proj", "gate_proj", "down_proj"]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        adapted = get_peft_model(model, LoraConfig(r=4, lora_alpha=12, target_modules=targets))
    if seed is not None:
        made = torch.Generator().manual_seed(seed)
        for name, parameter in adapted.named_parameters():
            if "lora_" in name:
                drawn = torch.randn(parameter.shape, generator=made) * 0.2
                parameter.data.copy_(drawn.half())
    return adapted.eval()


def tensors_of(adapted: Any) -> dict[str, torch.Tensor]:
    from peft import get_peft_model_state_dict

    found: dict[str, torch.Tensor] = get_peft_model_state_dict(adapted)
    return found


def logits(model: Any) -> torch.Tensor:
    with torch.inference_mode():
        found: torch.Tensor = model(input_ids=PROMPT).logits
    return found


def halves(rows: int = 64, columns: int = 128) -> dict[str, dict[str, torch.Tensor]]:
    return {LAYER: {"A": torch.ones(2, columns), "B": torch.ones(rows, 2)}}


def test_merging_gives_what_peft_gives_when_it_merges_and_unloads(tmp_path: Path) -> None:
    adapted = with_peft(llama(), seed=1)
    adapters.save(tensors_of(adapted), 3.0, tmp_path)
    ours = llama()
    adapters.read(tmp_path).merge(ours)
    theirs = adapted.merge_and_unload()
    for (name, one), other in zip(ours.named_parameters(), theirs.parameters(), strict=True):
        assert torch.allclose(one, other, atol=1e-6), name
    assert torch.allclose(logits(ours), logits(theirs), atol=1e-4)
    assert (logits(ours) - logits(llama())).abs().max() > 0.1


def test_peft_loads_what_was_saved(tmp_path: Path) -> None:
    from peft import set_peft_model_state_dict
    from safetensors.torch import load_file

    first = with_peft(llama(), seed=1)
    file = adapters.save(tensors_of(first), 3.0, tmp_path)
    second = with_peft(llama(), seed=None)
    found = set_peft_model_state_dict(second, {k: v.float() for k, v in load_file(file).items()})
    assert not found.unexpected_keys
    assert not [name for name in found.missing_keys if "lora_" in name]
    assert torch.equal(logits(first), logits(second))


def test_by_hand_a_rank_of_two_adds_scale_times_b_times_a() -> None:
    model = torch.nn.Sequential(torch.nn.Linear(2, 1, bias=False))
    model[0].weight.data = torch.tensor([[1.0, 1.0]])
    two = {"A": torch.tensor([[1.0, 2.0], [0.0, 1.0]]), "B": torch.tensor([[3.0, 4.0]])}
    Adapters({"0": two}, 0.5, "").merge(model)
    # B·A = [3, 6 + 4], half of it is added
    assert model[0].weight.tolist() == [[2.5, 6.0]]


def test_the_number_type_of_the_model_is_kept() -> None:
    model = llama().bfloat16()
    Adapters(halves(), 0.5, "").merge(model)
    assert {p.dtype for p in model.parameters()} == {torch.bfloat16}


def test_what_was_saved_is_small_and_has_a_fingerprint_of_its_own(tmp_path: Path) -> None:
    tensors = {f"{NAME}{half}.weight": t for half, t in halves()[LAYER].items()}
    file = adapters.save(tensors, 2.0, tmp_path / "new")
    assert file == tmp_path / "new" / FILE_NAME
    assert file.stat().st_size < 2 * (64 * 2 + 2 * 128) + 1000
    first = adapters.read(tmp_path / "new")
    assert first.scale == 2.0
    adapters.save(tensors, 1.0, tmp_path / "new")
    assert len({first.fingerprint, adapters.read(tmp_path / "new").fingerprint}) == 2


@pytest.mark.parametrize("rows, columns", [(64, 64), (32, 128)])
def test_adapters_of_another_size_are_refused_by_the_name_of_the_layer(
    rows: int, columns: int
) -> None:
    with pytest.raises(ModelError, match=rf"{LAYER}.*\({rows}, {columns}\)"):
        Adapters(halves(rows, columns), 1.0, "").merge(llama())


def test_adapters_of_a_layer_that_is_not_there_are_refused_by_its_name() -> None:
    other = {"model.layers.7.mlp.down_proj": halves()[LAYER]}
    with pytest.raises(ModelError, match=r"layers\.7"):
        Adapters(other, 1.0, "").merge(llama())


def test_a_layer_that_is_not_linear_is_refused() -> None:
    with pytest.raises(ModelError, match="embed_tokens"):
        Adapters({"model.embed_tokens": halves(128, 64)[LAYER]}, 1.0, "").merge(llama())


def write(folder: Path, names: list[str], settings: dict[str, Any] | None = None) -> None:
    plain = {name: np.ones((2, 2), np.float16) for name in names}
    weights_file.write(folder / FILE_NAME, plain, {"scale": 1.0} if settings is None else settings)


def test_a_missing_half_is_damage_that_names_the_layer(tmp_path: Path) -> None:
    write(tmp_path, [f"{NAME}A.weight"])
    with pytest.raises(ModelDamagedError, match=LAYER):
        adapters.read(tmp_path)


@pytest.mark.parametrize("names", [[], ["lm_head.weight"], [f"{NAME}C.weight"]])
def test_a_file_of_something_else_is_damage(tmp_path: Path, names: list[str]) -> None:
    write(tmp_path, names)
    with pytest.raises(ModelDamagedError, match=FILE_NAME):
        adapters.read(tmp_path)


def test_a_file_without_a_scale_or_cut_off_is_damage(tmp_path: Path) -> None:
    write(tmp_path, [f"{NAME}A.weight", f"{NAME}B.weight"], settings={})
    with pytest.raises(ModelDamagedError):
        adapters.read(tmp_path)
    file = tmp_path / FILE_NAME
    file.write_bytes(file.read_bytes()[:-3])
    with pytest.raises(ModelDamagedError):
        adapters.read(tmp_path)


def test_no_file_is_missing_and_says_how_to_get_one(tmp_path: Path) -> None:
    with pytest.raises(ModelMissingError, match="train connector"):
        adapters.read(tmp_path)
