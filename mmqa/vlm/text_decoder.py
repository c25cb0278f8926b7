"""A text model on the fast decoder, where there is one for it.

Knows: when that is what ``quantization = auto`` stands for, and where what it needs is kept.
Refuses to know: how it computes, chat templates and answers.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mmqa.vlm import quantization
from mmqa.vlm.decoder import Decoder
from mmqa.vlm.decoding import loading
from mmqa.vlm.decoding.model import BlockModel
from mmqa.vlm.decoding.shape import unsupported
from mmqa.vlm.device import place
from mmqa.vlm.folder_digest import folder_digest
from mmqa.vlm.options import LoadOptions
from mmqa.vlm.text_weights import model_in

MODE = "blocks"
"""Of quantization: 8 bits a weight, in blocks; ``auto`` comes to it, no setting asks for it."""


def read_blocks(folder: Path, *, threads: int, options: LoadOptions) -> BlockModel | None:
    """The model in ``folder`` on the decoder of 8-bit blocks, where that is what is wanted.

    It is where nothing else is asked for: on a processor, full weights take four times as long a
    token and answer no better (``mmqa bench vlm``, ``mmqa eval quantization``). What is made of
    them is kept beside the folder.

    Args:
        folder: Holds ``config.json`` and safetensors.
        threads: CPU threads, from 1; set for the whole process where torch computes.
        options: Quantization, device, where it is kept, memory for heads of prompts.

    Raises:
        ModelError: What was made cannot be run.
        ConfigError: The device is not there.
        OSError, ValueError, RuntimeError: As ``from_pretrained`` raises them.
    """
    import torch
    from transformers import AutoConfig, GenerationConfig

    torch.set_num_threads(threads)
    config = AutoConfig.from_pretrained(folder, local_files_only=True)
    automatic = options.quantization == "auto" and place(options.device) == "cpu"
    if not automatic or unsupported(config):
        return None
    full = LoadOptions(quantization="none", device="cpu")
    return loading.opened(
        config,
        GenerationConfig.from_model_config(config),
        lambda: model_in(folder, full)[0],
        store=options.stored or folder.with_name(f"{folder.name}-{MODE}"),
        source=folder_digest(folder),
        threads=threads,
        prefix_bytes=options.prefix_bytes,
    )


def of(model: Any) -> Decoder | None:
    """What computes the tokens of a model; ``None`` stands for ``generate`` of transformers."""
    return model.decoder if isinstance(model, BlockModel) else None


def weight_bytes(*models: Any) -> int:
    """Memory that the weights of models take, in bytes; what they share counts once."""
    blocks = [model for model in models if isinstance(model, BlockModel)]
    others = [model for model in models if not isinstance(model, BlockModel)]
    return sum(model.weight_bytes for model in blocks) + quantization.weight_bytes(*others)
