"""The language model as it reads pictures: the same, with the adapters in its linear layers.

Knows: which weights are shared with the model that reads words only, and how a copy is quantized.
Refuses to know: pictures, prompts and files of connectors.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

from mmqa.vlm import quantization
from mmqa.vlm.decoding import loading
from mmqa.vlm.decoding.model import BlockModel
from mmqa.vlm.mini.adapters import Adapters


def adapted(model: Any, adapters: Adapters) -> Any:
    """A second model with the adapters merged; word embeddings are shared with ``model``.

    ``model`` is not changed: prompts without pictures are answered by it, to the bit as before.
    """
    shared = model.get_input_embeddings().weight
    head = model.get_output_embeddings().weight
    second = copy.deepcopy(model, {id(shared): shared, id(head): head})
    adapters.merge(second)
    return second


def quantized(
    model: Any, adapters: Adapters, mode: Any, *, device: str, store: Path, source: str
) -> Any:
    """The same with the merged weights quantized, from ``store`` where it holds them.

    Args:
        model: In full precision.
        adapters: Merged before quantizing.
        mode: ``int8`` or ``nf4``.
        device: ``cpu`` or ``cuda``.
        store: Folder where the quantized weights are kept.
        source: What the weights of ``model`` are, e.g. a digest.
    """
    second = adapted(model, adapters)
    told = f"{source} {adapters.fingerprint} {model.dtype}"
    quantization.in_place(second, mode, device=device, store=store, source=told)
    return second


def in_blocks(
    plain: BlockModel,
    full: Callable[[], Any],
    adapters: Adapters,
    *,
    store: Path,
    threads: int,
    prefix_bytes: int = 0,
) -> BlockModel:
    """The same on the decoder of 8-bit blocks; both ends of the vocabulary are those of ``plain``.

    Args:
        plain: Reads words only.
        full: Gives its full weights, which are changed; asked only where ``store`` does not hold
            what is made of them.
        adapters: Merged in full numbers: the weights are rounded once, to blocks.
        store: Folder where the blocks are kept.
        threads: CPU threads, from 1.
        prefix_bytes: Memory for computed heads of prompts, in bytes.

    Raises:
        ModelDamagedError: What was made cannot be run.
    """

    def merged() -> Any:
        model = full().float()
        adapters.merge(model)
        return model

    return loading.opened(
        plain.config,
        plain.generation_config,
        merged,
        store=store,
        source=f"{plain.source} {adapters.fingerprint}",
        threads=threads,
        prefix_bytes=prefix_bytes,
        vocabulary=plain.decoder.vocabulary,
    )
