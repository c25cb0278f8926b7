"""When the fast decoder is taken, and where what it needs is kept."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from mmqa.vlm import text_decoder
from mmqa.vlm.decoding.model import BlockModel
from mmqa.vlm.options import LoadOptions


def saved(path: Path, **settings: Any) -> Path:
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    torch.manual_seed(0)
    sizes: dict[str, Any] = {"hidden_size": 64, "intermediate_size": 128, "vocab_size": 96}
    heads = {"num_attention_heads": 4, "num_key_value_heads": 2, "num_hidden_layers": 1}
    LlamaForCausalLM(LlamaConfig(**sizes, **heads, **settings)).save_pretrained(path)
    return path


@pytest.fixture()
def folder(tmp_path: Path) -> Path:
    return saved(tmp_path / "model")


def test_it_is_what_auto_stands_for_on_a_cpu(folder: Path) -> None:
    found = text_decoder.read_blocks(folder, threads=1, options=LoadOptions(device="cpu"))
    assert isinstance(found, BlockModel)
    assert text_decoder.of(found) is found.decoder


@pytest.mark.parametrize("quantization", ["none", "int8", "nf4"])
def test_who_asks_for_something_else_gets_that(folder: Path, quantization: Any) -> None:
    options = LoadOptions(quantization=quantization, device="cpu")
    assert text_decoder.read_blocks(folder, threads=1, options=options) is None


def test_a_model_that_it_cannot_run_is_left_to_transformers(tmp_path: Path) -> None:
    folder = saved(tmp_path / "model", attention_bias=True)
    assert text_decoder.read_blocks(folder, threads=1, options=LoadOptions()) is None
    assert not (tmp_path / "model-blocks").exists()


def test_a_model_of_transformers_has_no_decoder_of_its_own(llama: Any) -> None:
    assert text_decoder.of(llama) is None


def test_what_is_made_is_kept_beside_the_model_and_read_the_next_time(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = LoadOptions(device="cpu")
    text_decoder.read_blocks(folder, threads=1, options=options)
    assert (folder.parent / "model-blocks").is_dir()

    def unneeded(*args: object, **kwargs: object) -> None:
        raise AssertionError("the full weights are not needed")

    monkeypatch.setattr(text_decoder, "model_in", unneeded)
    assert text_decoder.read_blocks(folder, threads=1, options=options) is not None
    saved(folder, initializer_range=0.5)  # others
    with pytest.raises(AssertionError, match="not needed"):
        text_decoder.read_blocks(folder, threads=1, options=options)


def test_a_folder_may_be_named_for_it(folder: Path, tmp_path: Path) -> None:
    options = LoadOptions(device="cpu", stored=tmp_path / "elsewhere")
    text_decoder.read_blocks(folder, threads=1, options=options)
    assert (tmp_path / "elsewhere").is_dir()
    assert not (tmp_path / "model-blocks").exists()


def test_weights_of_both_kinds_are_counted(folder: Path, llama: Any) -> None:
    found = text_decoder.read_blocks(folder, threads=1, options=LoadOptions(device="cpu"))
    assert found is not None
    both = text_decoder.weight_bytes(found, llama)
    assert both == found.weight_bytes + text_decoder.weight_bytes(llama)
    assert text_decoder.weight_bytes(llama, llama) == text_decoder.weight_bytes(llama)
