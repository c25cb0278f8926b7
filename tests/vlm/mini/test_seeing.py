"""The copy that reads pictures: what it shares, what it changes, and what is quantized of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import pytest
import torch

from mmqa.vlm.mini.adapters import Adapters
from mmqa.vlm.mini.seeing import adapted, quantized

from .small_chat import llama

PROMPT = torch.arange(3, 15)[None]
LAYER = "model.layers.0.mlp.up_proj"


def adapters() -> Adapters:
    torch.manual_seed(5)
    halves = {"A": torch.randn(2, 64) * 0.3, "B": torch.randn(128, 2) * 0.3}
    return Adapters({LAYER: halves}, 2.0, "abc")


def logits(model: Any) -> torch.Tensor:
    with torch.inference_mode():
        found: torch.Tensor = model(input_ids=PROMPT).logits
    return found


def test_the_model_of_words_stays_as_it_was_to_the_bit() -> None:
    model = llama()
    before = {name: p.clone() for name, p in model.named_parameters()}
    second = adapted(model, adapters())
    assert all(torch.equal(p, before[name]) for name, p in model.named_parameters())
    assert torch.equal(logits(model), logits(llama()))
    assert not torch.allclose(logits(second), logits(model), atol=1e-2)


def test_only_the_layers_with_adapters_differ_and_embeddings_are_the_same_memory() -> None:
    model = llama()
    second = dict(adapted(model, adapters()).named_parameters())
    plain = dict(model.named_parameters())
    assert [n for n in plain if not torch.equal(plain[n], second[n])] == [f"{LAYER}.weight"]
    shared = [n for n in plain if plain[n].data_ptr() == second[n].data_ptr()]
    assert shared == ["model.embed_tokens.weight"]


def test_an_output_layer_of_its_own_is_shared_too() -> None:
    from transformers import LlamaForCausalLM

    config = llama().config
    config.tie_word_embeddings = False
    model = LlamaForCausalLM(config)
    second = adapted(model, adapters())
    assert second.lm_head.weight is model.lm_head.weight
    assert second.model.embed_tokens.weight is model.model.embed_tokens.weight


@pytest.mark.parametrize("mode, near", [("int8", 0.05), ("nf4", 0.5)])
def test_quantized_it_says_nearly_the_same_also_from_its_store(
    tmp_path: Path, mode: Literal["int8", "nf4"], near: float
) -> None:
    full = logits(adapted(llama(), adapters()))
    assert (logits(llama()) - full).norm() > 0.6 * full.norm()  # without the adapters it does not
    store = tmp_path / "seeing"
    made = logits(quantized(llama(), adapters(), mode, device="cpu", store=store))
    assert (made - full).norm() < near * full.norm()
    kept = {file: file.read_bytes() for file in store.rglob("*") if file.is_file()}
    assert kept
    again = logits(quantized(llama(), adapters(), mode, device="cpu", store=store))
    assert torch.equal(again, made)
    assert {file: file.read_bytes() for file in store.rglob("*") if file.is_file()} == kept
