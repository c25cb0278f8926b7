"""The language model as it reads pictures: the same, with the adapters in its linear layers.

Knows: which weights are shared with the model that reads words only, and how a copy is quantized.
Refuses to know: pictures, prompts and files of connectors.
"""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

from mmqa.vlm import quantization
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


def quantized(model: Any, adapters: Adapters, mode: Any, *, device: str, store: Path) -> Any:
    """The same with the merged weights quantized, from ``store`` where it holds them.

    Args:
        model: In full precision.
        adapters: Merged before quantizing.
        mode: ``int8`` or ``nf4``.
        device: ``cpu`` or ``cuda``.
        store: Folder where the quantized weights are kept.
    """
    second = adapted(model, adapters)
    quantization.in_place(
        second, mode, device=device, store=store, source=f"{adapters.fingerprint} {model.dtype}"
    )
    return second
