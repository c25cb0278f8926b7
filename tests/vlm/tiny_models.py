"""Tiny models of several families with random weights, as large as NF4 needs at least.

Widths of the language models are multiples of 64: the blocks of NF4.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

TEXT: dict[str, Any] = {
    "hidden_size": 64,
    "intermediate_size": 128,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "vocab_size": 96,
    "max_position_embeddings": 128,
}
EYES: dict[str, Any] = {
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "image_size": 28,
    "patch_size": 14,
}


def llama() -> Any:
    from transformers import LlamaConfig, LlamaForCausalLM

    return LlamaForCausalLM(LlamaConfig(**TEXT, tie_word_embeddings=True))


def qwen3_vl() -> Any:
    from transformers import Qwen3VLConfig, Qwen3VLForConditionalGeneration

    eyes = {
        "depth": 2,
        "hidden_size": 32,
        "intermediate_size": 48,
        "num_heads": 2,
        "out_hidden_size": 64,
        "num_position_embeddings": 16,
        "deepstack_visual_indexes": [0],
    }
    rope = {"rope_type": "default", "rope_theta": 10000.0, "mrope_section": [4, 2, 2]}
    text = {**TEXT, "head_dim": 16, "rope_parameters": rope}
    ids = {"image_token_id": 90, "video_token_id": 91}
    marks = {"vision_start_token_id": 92, "vision_end_token_id": 93}
    config = Qwen3VLConfig(text_config=text, vision_config=eyes, **ids, **marks)
    return Qwen3VLForConditionalGeneration(config)


def llava() -> Any:
    from transformers import (
        CLIPVisionConfig,
        LlamaConfig,
        LlavaConfig,
        LlavaForConditionalGeneration,
    )

    config = LlavaConfig(
        text_config=LlamaConfig(**TEXT), vision_config=CLIPVisionConfig(**EYES), image_token_id=90
    )
    return LlavaForConditionalGeneration(config)


def idefics3() -> Any:
    from transformers import Idefics3Config, Idefics3ForConditionalGeneration, LlamaConfig

    text = LlamaConfig(**TEXT, pad_token_id=2)
    config = Idefics3Config(text_config=text, vision_config=EYES, scale_factor=2, image_token_id=90)
    return Idefics3ForConditionalGeneration(config)


def gemma3() -> Any:
    from transformers import Gemma3Config, Gemma3ForConditionalGeneration

    text = {**TEXT, "head_dim": 16, "sliding_window": 32}
    ids = {"image_token_index": 90, "boi_token_index": 91, "eoi_token_index": 92}
    config = Gemma3Config(text_config=text, vision_config=EYES, mm_tokens_per_image=1, **ids)
    return Gemma3ForConditionalGeneration(config)


FAMILIES: dict[str, Callable[[], Any]] = {
    "llama": llama,
    "qwen3_vl": qwen3_vl,
    "llava": llava,
    "idefics3": idefics3,
    "gemma3": gemma3,
}


def tiny(family: str) -> Any:
    """A model of the family in evaluation mode, the same at each call."""
    torch.manual_seed(0)
    return FAMILIES[family]().eval()
