"""The copy that reads pictures: what it shares, what it changes, and what is quantized of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import pytest
import torch

from mmqa.errors import ModelError
from mmqa.vlm.decoding.loading import opened
from mmqa.vlm.decoding.model import BlockModel
from mmqa.vlm.decoding.running import Running
from mmqa.vlm.mini.adapters import Adapters
from mmqa.vlm.mini.seeing import adapted, in_blocks, quantized

from ..decoding.small_models import as_decoded
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
    made = logits(quantized(llama(), adapters(), mode, device="cpu", store=store, source="a"))
    assert (made - full).norm() < near * full.norm()
    kept = {file: file.read_bytes() for file in store.rglob("*") if file.is_file()}
    assert kept
    again = logits(quantized(llama(), adapters(), mode, device="cpu", store=store, source="a"))
    assert torch.equal(again, made)
    assert {file: file.read_bytes() for file in store.rglob("*") if file.is_file()} == kept


def test_quantized_of_another_language_model_is_made_anew(tmp_path: Path) -> None:
    store = {"device": "cpu", "store": tmp_path / "seeing"}
    quantized(llama(), adapters(), "int8", source="a", **store)  # type: ignore[arg-type]
    other = quantized(llama(3), adapters(), "int8", source="b", **store)  # type: ignore[arg-type]
    full = logits(adapted(llama(3), adapters()))
    assert (logits(other) - full).norm() < 0.05 * full.norm()


# ----------------------------------------------------------------------- in blocks of 8 bits


def plain(folder: Path, seed: int = 0) -> BlockModel:
    model = llama(seed)
    store = folder / "plain"
    return opened(model.config, None, lambda: model, store=store, source=f"words {seed}", threads=1)


def shown(model: Any) -> torch.Tensor:
    """Embeddings of a prompt: words, five vectors that no word has, words."""
    torch.manual_seed(7)
    words = model.get_input_embeddings()(PROMPT).detach()
    seen = torch.randn(1, 5, words.shape[-1]) * words.std()
    return torch.cat([words[:, :4], seen, words[:, 4:]], 1)


def read(model: BlockModel, embeddings: torch.Tensor) -> torch.Tensor:
    """Logits (t, v) of all that may follow, the picture and what is before it read at once."""
    running = Running(model.decoder._session, model.decoder.shape, 1, embeddings.shape[1])
    numbers = embeddings.numpy()
    steps = [slice(0, 9), *(slice(at, at + 1) for at in range(9, embeddings.shape[1]))]
    hidden = [torch.from_numpy(running.extend(numbers[:, step])) for step in steps]
    return model.decoder.vocabulary.logits(torch.cat(hidden).numpy())


def refused() -> Any:
    raise AssertionError("the full weights were asked for")


def test_in_blocks_it_reads_pictures_as_the_merged_model_does(tmp_path: Path) -> None:
    """Measured, of the logits' size: 1.0 to 1.5 % from transformers with the same rounded numbers
    (the output layer is rounded as for words), 3.1 to 4.7 % from full numbers, as words are too;
    without the adapters 80 to 93 %."""
    words = plain(tmp_path)
    made = in_blocks(words, llama, adapters(), store=tmp_path / "seeing", threads=1)
    embeddings = shown(llama())
    with torch.inference_mode():
        full, rounded = (
            model(inputs_embeds=embeddings).logits[0, 8:]
            for model in (adapted(llama(), adapters()), as_decoded(adapted(llama(), adapters())))
        )
    found, size = read(made, embeddings), full.norm()
    assert found.shape == full.shape
    assert (found - rounded).norm() < 0.03 * size
    assert (found - full).norm() < 0.07 * size
    assert (read(words, embeddings) - full).norm() > 0.5 * size


def test_in_blocks_it_shares_both_ends_and_comes_from_its_store_the_next_time(
    tmp_path: Path,
) -> None:
    words, store = plain(tmp_path), tmp_path / "seeing"
    made = in_blocks(words, llama, adapters(), store=store, threads=1)
    again = in_blocks(words, refused, adapters(), store=store, threads=1)
    assert again.decoder.vocabulary is words.decoder.vocabulary
    table = words.get_input_embeddings().weight.data_ptr()
    assert again.get_input_embeddings().weight.data_ptr() == table
    embeddings = shown(llama())
    assert torch.equal(read(again, embeddings), read(made, embeddings))


@pytest.mark.parametrize("changed", ["words", "adapters"])
def test_of_other_weights_or_other_adapters_the_blocks_are_made_anew(
    tmp_path: Path, changed: str
) -> None:
    store = tmp_path / "seeing"
    in_blocks(plain(tmp_path), llama, adapters(), store=store, threads=1)
    other = adapters()
    if changed == "adapters":
        other.fingerprint = "other"
    words = plain(tmp_path, seed=int(changed == "words"))
    with pytest.raises(AssertionError, match="asked for"):
        in_blocks(words, refused, other, store=store, threads=1)


def test_in_blocks_adapters_of_another_model_are_refused_by_their_layer(tmp_path: Path) -> None:
    other = adapters()
    other.halves = {"model.layers.9.mlp.up_proj": other.halves[LAYER]}
    with pytest.raises(ModelError, match=r"layers\.9"):
        in_blocks(plain(tmp_path), llama, other, store=tmp_path / "seeing", threads=1)
