"""What a language model must be like for this decoder, and its sizes.

Knows: the settings of a LLaMA in transformers, and what the operators of ONNX Runtime can do.
Refuses to know: weights, and how anything is computed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch

from mmqa.vlm.decoding.blocks import LARGE

MOST_WEIGHTS = 1_500_000_000
"""An ONNX file holds less than 2 GB; larger models are no business of a processor's anyway."""

_FAST = ("avx2", "neon", "asimd", "dotprod", "sve")
"""Instructions for which ONNX Runtime has kernels of 8 bits; without them it takes 20 times as
long."""


@dataclass(frozen=True, slots=True)
class Shape:
    """Sizes of a LLaMA (Touvron et al. 2023, §2.2) with grouped queries.

    Attributes:
        layers: Number of blocks.
        width: Of embeddings and hidden states.
        inner: Width within the gated layers.
        heads: Of queries.
        key_heads: Of keys and values; divides ``heads``.
        head_width: Of one head.
        tokens: Size of the vocabulary.
        context: Longest prompt plus answer, in tokens.
        epsilon: Added to mean squares before the root.
        theta: Base of the rotary angles.
    """

    layers: int
    width: int
    inner: int
    heads: int
    key_heads: int
    head_width: int
    tokens: int
    context: int
    epsilon: float
    theta: float

    @classmethod
    def of(cls, config: Any) -> Shape:
        """The sizes in the configuration of a model of transformers."""
        heads = int(config.num_attention_heads)
        return cls(
            layers=int(config.num_hidden_layers),
            width=int(config.hidden_size),
            inner=int(config.intermediate_size),
            heads=heads,
            key_heads=int(config.num_key_value_heads),
            head_width=int(getattr(config, "head_dim", None) or config.hidden_size // heads),
            tokens=int(config.vocab_size),
            context=int(config.max_position_embeddings),
            epsilon=float(config.rms_norm_eps),
            theta=float(config.rope_parameters["rope_theta"]),
        )

    @property
    def weights(self) -> int:
        """Numbers in all matrices."""
        attention = self.width * self.head_width * (self.heads + self.key_heads) * 2
        return self.layers * (attention + 3 * self.width * self.inner) + self.tokens * self.width


def unsupported(config: Any) -> str:
    """Why a model of this configuration cannot run here, as a clause; empty if it can.

    Args:
        config: Of a model of transformers.
    """
    if config.model_type != "llama":
        return f"it is a {config.model_type}, not a llama"
    rope = config.rope_parameters.get("rope_type", "default")
    shape = Shape.of(config)
    widths = (shape.width, shape.inner, shape.heads * shape.head_width)
    capabilities = torch.cpu.get_capabilities()
    reasons = {
        "its layers have biases": config.attention_bias or config.mlp_bias,
        f"its activation is {config.hidden_act}, not silu": config.hidden_act != "silu",
        f"its positions are scaled ({rope})": rope != "default",
        f"its widths {widths} are no multiples of {LARGE}": any(width % LARGE for width in widths),
        f"the width {shape.head_width} of its heads is no multiple of 8": shape.head_width % 8,
        f"it has {shape.weights:,} weights": shape.weights > MOST_WEIGHTS,
        "this processor has no fast instructions for 8 bits": not any(
            capabilities.get(name) for name in _FAST
        ),
    }
    return next((reason for reason, holds in reasons.items() if holds), "")
