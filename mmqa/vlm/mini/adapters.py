"""Low-rank adapters: what the language model's linear layers learned so as to read pictures.

Knows: the file (PEFT's names, so that PEFT can load it too) and how adapters are added to weights:
W' = W + s·B·A (Hu et al. 2021, eq. 3). Refuses to know: training, prompts and pictures.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from mmqa import weights_file
from mmqa.errors import ModelError
from mmqa.vlm.mini.connector import REMEDY, ROLE

FILE_NAME = "adapters.safetensors"
_NAME = re.compile(r"base_model\.model\.(?P<layer>.+)\.lora_(?P<half>[AB])\.weight")

Halves = dict[str, dict[str, Tensor]]


class Adapters:
    """Adapters of some linear layers.

    Args:
        halves: Layer → ``A`` float32 (r, in) and ``B`` float32 (out, r).
        scale: s.
        fingerprint: Of the file; empty before it is written.
    """

    def __init__(self, halves: Mapping[str, Mapping[str, Tensor]], scale: float, fingerprint: str):
        self.halves = halves
        self.scale = scale
        self.fingerprint = fingerprint

    def merge(self, model: nn.Module) -> None:
        """Add the adapters to the weights of ``model``, in its own number type.

        Raises:
            ModelError: The model lacks a layer, or it has another size.
        """
        layers = dict(model.named_modules())
        for name, halves in self.halves.items():
            layer = layers.get(name)
            change = self.scale * (halves["B"] @ halves["A"])
            if not isinstance(layer, nn.Linear) or layer.weight.shape != change.shape:
                raise ModelError(
                    ROLE,
                    f"the adapters are for a linear layer {name!r} of {tuple(change.shape)}, which"
                    " the language model does not have",
                    "Use the language model that they were trained with.",
                )
            with torch.no_grad():
                merged = layer.weight.float() + change.to(layer.weight.device)
                layer.weight.copy_(merged.to(layer.weight.dtype))


def save(tensors: Mapping[str, Tensor], scale: float, folder: Path) -> Path:
    """Write adapters as float16, whole or not at all; names are PEFT's."""
    plain = {name: t.detach().cpu().to(torch.float16).numpy() for name, t in tensors.items()}
    return weights_file.write(folder / FILE_NAME, plain, {"format": 1, "scale": scale})


def read(folder: Path) -> Adapters:
    """The adapters in ``folder``.

    Raises:
        ModelMissingError: There are none.
        ModelDamagedError: They cannot be read.
    """
    return weights_file.read(folder / FILE_NAME, _made, role=ROLE, name="adapters", remedy=REMEDY)


def _made(tensors: weights_file.Tensors, settings: dict[str, Any], fingerprint: str) -> Adapters:
    halves: Halves = {}
    for name, tensor in tensors.items():
        found = _NAME.fullmatch(name)
        if found is None:
            raise ValueError(f"{name!r} is no tensor of adapters")
        half = torch.from_numpy(tensor.astype(np.float32))
        halves.setdefault(found["layer"], {})[found["half"]] = half
    lacking = [layer for layer, both in halves.items() if len(both) < 2]
    if lacking or not halves:
        raise ValueError(f"half of the adapters of {lacking[:3]} is missing")
    return Adapters(halves, float(settings["scale"]), fingerprint)
