"""Tiny random models of several families, written as a hub's repository holds them.

The tokenizer knows every byte, a few merges, and the family's own control tokens.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerFast

WORDS = ["What colour is the square in the picture? Answer briefly. red green blue yes no"] * 4
HIDDEN = 64
CONTEXT = 2048

QWEN_TEMPLATE = (
    "{% for m in messages %}<|im_start|>{{ m.role }}\n{% for b in m.content %}"
    "{% if b.type == 'image' %}<|vision_start|><|image_pad|><|vision_end|>"
    "{% else %}{{ b.text }}{% endif %}{% endfor %}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n"
    "{% if enable_thinking is defined and not enable_thinking %}<think>\n\n</think>\n\n{% endif %}"
    "{% endif %}"
)
GEMMA_TEMPLATE = (
    "{{ bos_token }}{% for m in messages %}"
    "{% if m.role == 'system' %}{{ raise_exception('no system messages') }}{% endif %}"
    "<start_of_turn>{{ 'model' if m.role == 'assistant' else m.role }}\n{% for b in m.content %}"
    "{% if b.type == 'image' %}<start_of_image>{% else %}{{ b.text | trim }}{% endif %}{% endfor %}"
    "<end_of_turn>\n{% endfor %}{% if add_generation_prompt %}<start_of_turn>model\n{% endif %}"
)
IDEFICS_TEMPLATE = (
    "<|im_start|>{% for m in messages %}{{ m.role | capitalize }}"
    "{{ ':' if m.content[0].type == 'image' else ': ' }}{% for b in m.content %}"
    "{% if b.type == 'image' %}<image>{% else %}{{ b.text }}{% endif %}{% endfor %}"
    "<end_of_utterance>\n{% endfor %}{% if add_generation_prompt %}Assistant:{% endif %}"
)
LLAVA_TEMPLATE = (
    "{% for m in messages %}{{ m.role | upper }}: {% for b in m.content %}"
    "{% if b.type == 'image' %}<image>\n{% else %}{{ b.text }}{% endif %}{% endfor %} {% endfor %}"
    "{% if add_generation_prompt %}ASSISTANT:{% endif %}"
)


def tokenizer(special: list[str], *, named: dict[str, str]) -> Any:
    """A byte-level BPE with control tokens; ``named`` are attributes such as ``eos_token``."""
    raw = Tokenizer(models.BPE())
    raw.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    raw.decoder = decoders.ByteLevel()
    letters = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=320, initial_alphabet=letters, special_tokens=special, show_progress=False
    )
    raw.train_from_iterator(WORDS, trainer)
    usual = {k: v for k, v in named.items() if k in ("bos_token", "eos_token", "pad_token")}
    own = {k: v for k, v in named.items() if k not in usual}
    return PreTrainedTokenizerFast(
        tokenizer_object=raw, extra_special_tokens=own, model_max_length=CONTEXT, **usual
    )


def write(folder: Path, model: Any, words: Any, files: dict[str, Any], template: str) -> Path:
    """The folder of a repository: weights, tokenizer, settings of the processor, template."""
    model.save_pretrained(folder)
    words.save_pretrained(folder)
    for name, content in files.items():
        (folder / name).write_text(json.dumps(content), encoding="utf-8")
    (folder / "chat_template.jinja").write_text(template, encoding="utf-8")
    return folder


def language(**more: Any) -> dict[str, Any]:
    """A language model of two layers, wide enough for NF4."""
    return {
        "hidden_size": HIDDEN,
        "intermediate_size": 128,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "max_position_embeddings": CONTEXT,
        **more,
    }


QWEN_SPECIAL = [
    *("<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|vision_start|>", "<|vision_end|>"),
    *("<|image_pad|>", "<|video_pad|>"),
]
QWEN_NAMED = {
    "eos_token": "<|im_end|>",
    "pad_token": "<|endoftext|>",
    "image_token": "<|image_pad|>",
    "video_token": "<|video_pad|>",
    "vision_start_token": "<|vision_start|>",
    "vision_end_token": "<|vision_end|>",
}


def qwen_ids(words: Any) -> dict[str, int]:
    return {
        "image_token_id": words.convert_tokens_to_ids("<|image_pad|>"),
        "video_token_id": words.convert_tokens_to_ids("<|video_pad|>"),
        "vision_start_token_id": words.convert_tokens_to_ids("<|vision_start|>"),
        "vision_end_token_id": words.convert_tokens_to_ids("<|vision_end|>"),
    }


def qwen_files(processor: str, patch: int, video: str) -> dict[str, Any]:
    """The two files of settings that the repositories of Qwen hold, names as there."""
    mean = [0.5, 0.5, 0.5]
    shared = {"patch_size": patch, "temporal_patch_size": 2, "merge_size": 2, "image_mean": mean}
    shared |= {"image_std": mean, "processor_class": processor}
    area = {"longest_edge": 16_777_216, "shortest_edge": 4 * (2 * patch) ** 2}
    pictures = {**shared, "size": area, "image_processor_type": "Qwen2VLImageProcessorFast"}
    videos = {**shared, "size": area, "video_processor_type": video}
    return {"preprocessor_config.json": pictures, "video_preprocessor_config.json": videos}


def qwen3_5(folder: Path) -> Path:
    """The family of the presets: linear and full attention in turn, as a hub holds it."""
    from transformers import Qwen3_5Config, Qwen3_5ForConditionalGeneration

    words = tokenizer(QWEN_SPECIAL, named=QWEN_NAMED)
    text = language(
        vocab_size=len(words),
        head_dim=16,
        linear_num_key_heads=2,
        linear_num_value_heads=4,
        linear_key_head_dim=16,
        linear_value_head_dim=16,
        layer_types=["linear_attention", "full_attention"],
        eos_token_id=words.eos_token_id,
        rope_parameters={
            "rope_type": "default",
            "rope_theta": 10_000.0,
            "mrope_section": [1, 0, 1],
            "mrope_interleaved": True,
            "partial_rotary_factor": 0.25,
        },
    )
    seeing = {"depth": 2, "hidden_size": 32, "intermediate_size": 48, "num_heads": 2}
    seeing |= {"patch_size": 16, "out_hidden_size": HIDDEN, "num_position_embeddings": 64}
    config = Qwen3_5Config(
        text_config=text, vision_config=seeing, tie_word_embeddings=True, **qwen_ids(words)
    )
    model = Qwen3_5ForConditionalGeneration(config)
    files = qwen_files("Qwen3VLProcessor", 16, "Qwen3VLVideoProcessor")
    return write(folder, model, words, files, QWEN_TEMPLATE)


def qwen3_vl(folder: Path) -> Path:
    """The generation before the presets' one: features of the tower go into several layers."""
    from transformers import Qwen3VLConfig, Qwen3VLForConditionalGeneration

    words = tokenizer(QWEN_SPECIAL, named=QWEN_NAMED)
    text = language(vocab_size=len(words), head_dim=16, eos_token_id=words.eos_token_id)
    text["rope_parameters"] = {"rope_type": "default", "rope_theta": 10_000.0}
    text["rope_parameters"] |= {"mrope_section": [4, 2, 2], "mrope_interleaved": True}
    seeing = {"depth": 2, "hidden_size": 32, "intermediate_size": 48, "num_heads": 2}
    seeing |= {"patch_size": 16, "out_hidden_size": HIDDEN, "num_position_embeddings": 64}
    seeing |= {"deepstack_visual_indexes": [0]}
    config = Qwen3VLConfig(
        text_config=text, vision_config=seeing, tie_word_embeddings=True, **qwen_ids(words)
    )
    files = qwen_files("Qwen3VLProcessor", 16, "Qwen3VLVideoProcessor")
    return write(folder, Qwen3VLForConditionalGeneration(config), words, files, QWEN_TEMPLATE)


def qwen2_5_vl(folder: Path) -> Path:
    """Windows of attention in the tower."""
    from transformers import Qwen2_5_VLConfig, Qwen2_5_VLForConditionalGeneration

    words = tokenizer(QWEN_SPECIAL, named=QWEN_NAMED)
    text = language(vocab_size=len(words), eos_token_id=words.eos_token_id)
    text["rope_parameters"] = {"rope_type": "default", "rope_theta": 10_000.0}
    text["rope_parameters"] |= {"mrope_section": [4, 2, 2]}
    seeing = {"depth": 2, "hidden_size": 32, "intermediate_size": 48, "num_heads": 2}
    seeing |= {"patch_size": 14, "out_hidden_size": HIDDEN, "fullatt_block_indexes": [1]}
    config = Qwen2_5_VLConfig(text_config=text, vision_config=seeing, **qwen_ids(words))
    files = qwen_files("Qwen2_5_VLProcessor", 14, "Qwen2VLVideoProcessor")
    return write(folder, Qwen2_5_VLForConditionalGeneration(config), words, files, QWEN_TEMPLATE)


def gemma3(folder: Path) -> Path:
    """A fixed number of tokens a picture; no system messages in this template."""
    from transformers import Gemma3Config, Gemma3ForConditionalGeneration

    named = {"bos_token": "<bos>", "eos_token": "<eos>", "pad_token": "<pad>"}
    named |= {"boi_token": "<start_of_image>", "eoi_token": "<end_of_image>"}
    named |= {"image_token": "<image_soft_token>"}
    words = tokenizer([*named.values(), "<start_of_turn>", "<end_of_turn>"], named=named)
    text = language(vocab_size=len(words), head_dim=16, sliding_window=512)
    seeing = {"hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2}
    seeing |= {"num_attention_heads": 2, "image_size": 64, "patch_size": 16}
    ids = {
        f"{n}_index": words.convert_tokens_to_ids(named[f"{n.split('_')[0]}_token"])
        for n in ("boi_token", "eoi_token", "image_token")
    }
    config = Gemma3Config(text_config=text, vision_config=seeing, mm_tokens_per_image=4, **ids)
    files = {
        "preprocessor_config.json": {
            "image_processor_type": "Gemma3ImageProcessor",
            "processor_class": "Gemma3Processor",
            "size": {"height": 64, "width": 64},
            "image_mean": [0.5, 0.5, 0.5],
            "image_std": [0.5, 0.5, 0.5],
        },
        "processor_config.json": {"processor_class": "Gemma3Processor", "image_seq_length": 4},
    }
    model = Gemma3ForConditionalGeneration(config)
    # it begins as zeros, which would blind the model
    torch.nn.init.normal_(model.model.multi_modal_projector.mm_input_projection_weight, std=0.1)
    return write(folder, model, words, files, GEMMA_TEMPLATE)


IDEFICS_SPECIAL = [
    *("<|im_start|>", "<end_of_utterance>", "<|im_end|>", "<image>", "<global-img>"),
    *("<fake_token_around_image>", "<video>"),
    *(f"<row_{row}_col_{col}>" for row in range(1, 7) for col in range(1, 7)),
]
IDEFICS_NAMED = {
    "bos_token": "<|im_start|>",
    "eos_token": "<end_of_utterance>",
    "pad_token": "<|im_end|>",
    "image_token": "<image>",
    "fake_image_token": "<fake_token_around_image>",
    "global_image_token": "<global-img>",
    "end_of_utterance_token": "<end_of_utterance>",
}


def idefics_like(folder: Path, config_class: Any, model_class: Any, name: str) -> Path:
    """Pictures are enlarged and cut into tiles, with one small picture of the whole."""
    words = tokenizer(IDEFICS_SPECIAL, named=IDEFICS_NAMED)
    text = language(vocab_size=len(words), model_type="llama", pad_token_id=words.pad_token_id)
    seeing = {"hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2}
    seeing |= {"num_attention_heads": 2, "image_size": 32, "patch_size": 8}
    config = config_class(
        text_config=text,
        vision_config=seeing,
        scale_factor=2,
        image_token_id=words.convert_tokens_to_ids("<image>"),
        pad_token_id=words.pad_token_id,
    )
    model = model_class(config)
    model.generation_config.eos_token_id = [words.convert_tokens_to_ids("<end_of_utterance>")]
    files = {
        "preprocessor_config.json": {
            "image_processor_type": f"{name}ImageProcessor",
            "processor_class": f"{name}Processor",
            "do_image_splitting": True,
            "max_image_size": {"longest_edge": 32},
            "size": {"longest_edge": 128},
            "image_mean": [0.5, 0.5, 0.5],
            "image_std": [0.5, 0.5, 0.5],
        },
        "processor_config.json": {"processor_class": f"{name}Processor", "image_seq_len": 4},
    }
    return write(folder, model, words, files, IDEFICS_TEMPLATE)


def idefics3(folder: Path) -> Path:
    from transformers import Idefics3Config, Idefics3ForConditionalGeneration

    return idefics_like(folder, Idefics3Config, Idefics3ForConditionalGeneration, "Idefics3")


def smolvlm(folder: Path) -> Path:
    from transformers import SmolVLMConfig, SmolVLMForConditionalGeneration

    return idefics_like(folder, SmolVLMConfig, SmolVLMForConditionalGeneration, "SmolVLM")


def llava(folder: Path) -> Path:
    """The shape that began it all: CLIP, two linear layers, a Llama."""
    from transformers import LlavaConfig, LlavaForConditionalGeneration

    named = {
        "bos_token": "<s>",
        "eos_token": "</s>",
        "pad_token": "<pad>",
        "image_token": "<image>",
    }
    words = tokenizer(list(named.values()), named=named)
    text = language(vocab_size=len(words), model_type="llama", eos_token_id=words.eos_token_id)
    seeing = {"model_type": "clip_vision_model", "hidden_size": 32, "intermediate_size": 48}
    seeing |= {"num_hidden_layers": 2, "num_attention_heads": 2, "image_size": 32}
    seeing |= {"patch_size": 8, "projection_dim": 32}
    config = LlavaConfig(
        text_config=text,
        vision_config=seeing,
        image_token_index=words.convert_tokens_to_ids("<image>"),
        vision_feature_layer=-1,
    )
    files = {
        "preprocessor_config.json": {
            "image_processor_type": "CLIPImageProcessor",
            "processor_class": "LlavaProcessor",
            "size": {"shortest_edge": 32},
            "crop_size": {"height": 32, "width": 32},
        },
        "processor_config.json": {
            "processor_class": "LlavaProcessor",
            "patch_size": 8,
            "vision_feature_select_strategy": "default",
            "num_additional_image_tokens": 1,
        },
    }
    return write(folder, LlavaForConditionalGeneration(config), words, files, LLAVA_TEMPLATE)


FAMILIES: dict[str, Callable[[Path], Path]] = {
    "qwen3_5": qwen3_5,
    "qwen3_vl": qwen3_vl,
    "qwen2_5_vl": qwen2_5_vl,
    "gemma3": gemma3,
    "idefics3": idefics3,
    "smolvlm": smolvlm,
    "llava": llava,
}


def build(family: str, folder: Path) -> Path:
    """Write a tiny model of ``family`` into ``folder``, the same every time."""
    torch.manual_seed(0)
    return FAMILIES[family](folder)
