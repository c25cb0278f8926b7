"""A small random Llama whose weights lie on the grid of 8-bit blocks, and how it is asked."""

from __future__ import annotations

from typing import Any

import torch

from mmqa.vlm.options import Decoding

TOKENS = 96


def make_llama(seed: int = 0, **settings: Any) -> Any:
    """Two layers, random, float32."""
    from transformers import LlamaConfig, LlamaForCausalLM

    torch.manual_seed(seed)
    sizes = {
        "vocab_size": TOKENS,
        "hidden_size": 64,
        "intermediate_size": 128,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "max_position_embeddings": 128,
        "initializer_range": 0.3,  # wide enough that the choices are clear
        "tie_word_embeddings": True,
    }
    return LlamaForCausalLM(LlamaConfig(**{**sizes, **settings})).eval()


def as_decoded(model: Any) -> Any:
    """``model``, changed to compute as its decoder does, in the code of transformers.

    The yardstick of the tests: outliers smoothed, weights rounded, and what enters a matrix
    rounded; 32 numbers share a scale, 64 at gate and up.
    """
    from mmqa.vlm.decoding.blocks import Blocks

    def rounded(module: Any, inputs: tuple[Any, ...]) -> Any:
        blocks = inputs[0].unflatten(-1, (-1, size_of[module]))
        scales = blocks.abs().amax(-1, keepdim=True) / 127
        return torch.round(blocks / scales.clamp(min=1e-30)).mul(scales).flatten(-2)

    model.lm_head.weight = torch.nn.Parameter(model.lm_head.weight.clone())  # no longer tied
    smooth(model)
    size_of = {
        module: 64 if name.endswith(("gate_proj", "up_proj")) else 32
        for name, module in model.named_modules()
        if isinstance(module, torch.nn.Linear)
    }
    with torch.no_grad():
        for module, size in size_of.items():
            module.weight.copy_(torch.from_numpy(Blocks.of(module.weight, size).weights()))
            module.register_forward_pre_hook(rounded)
    return model


def smooth(model: Any) -> Any:
    """``model`` with outliers moved from activations into weights."""
    from mmqa.vlm.decoding.smoothing import scales_of

    parts = dict(model.named_modules())
    with torch.no_grad():
        for name, scales in scales_of(model).items():
            meets = {
                "input_layernorm": ("self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj"),
                "post_attention_layernorm": ("mlp.gate_proj", "mlp.up_proj"),
                "norm": ("lm_head",),
            }
            above, _, kind = name.rpartition(".")
            parts[name].weight.div_(scales)
            for linear in meets[kind]:
                parts[linear if kind == "norm" else f"{above}.{linear}"].weight.mul_(scales)
    return model


def ids(*tokens):
    return {"input_ids": torch.tensor([tokens])}


def said(decoder, inputs, n=8, *, over=lambda token: False, prefix=None, **sampling):
    """Tokens of each row, as ``put`` got them."""
    rows = []

    def put(tokens):
        rows.append(tokens)
        return [over(token) for token in tokens]

    with torch.inference_mode():
        decoder.decode(inputs, Decoding(n, **sampling), put, prefix)
    return [list(row) for row in zip(*rows, strict=True)]
