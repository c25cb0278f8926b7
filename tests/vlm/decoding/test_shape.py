"""Which models the decoder takes, and their sizes."""

from __future__ import annotations

import pytest
import torch

from mmqa.vlm.decoding import shape as module
from mmqa.vlm.decoding.shape import Shape, unsupported


def test_the_sizes_are_those_of_the_model(small):
    shape = Shape.of(small.config)
    assert (shape.layers, shape.width, shape.inner, shape.head_width) == (2, 64, 128, 16)
    matrices = {p.data_ptr(): p.numel() for p in small.parameters() if p.ndim == 2}
    assert shape.weights == sum(matrices.values())


def test_a_small_llama_is_taken(small):
    assert unsupported(small.config) == ""


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"model_type": "gemma3"}, "gemma3, not a llama"),
        ({"attention_bias": True}, "biases"),
        ({"hidden_act": "gelu"}, "gelu, not silu"),
        ({"intermediate_size": 96}, "multiples of 64"),
        ({"num_attention_heads": 16, "head_dim": 4}, "width 4 of its heads"),
        ({"rope_parameters": {"rope_type": "linear", "rope_theta": 1e4}}, "scaled (linear)"),
        ({"num_hidden_layers": 100_000}, "weights"),
    ],
)
def test_another_model_is_refused_with_the_reason(small, settings, reason):
    from copy import deepcopy

    config = deepcopy(small.config)
    for name, value in settings.items():
        object.__setattr__(config, name, value)
    assert reason in unsupported(config)


def test_a_processor_without_the_instructions_is_named(small, monkeypatch):
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"sse2": True})
    assert "processor" in unsupported(small.config)
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {module._FAST[0]: True})
    assert unsupported(small.config) == ""
