"""Where a language model runs, and in which numbers.

Knows: whether there is a GPU, and which number type a processor multiplies fastest.
Refuses to know: models, and quantization.
"""

from __future__ import annotations

from typing import Literal

import torch

from mmqa.errors import ConfigError
from mmqa.vlm.options import Device

Place = Literal["cpu", "cuda"]


def place(wanted: Device) -> Place:
    """The device that a setting stands for; ``auto`` takes a GPU where there is one.

    Raises:
        ConfigError: A GPU is wanted, but there is none that torch can use.

    >>> place("cpu")
    'cpu'
    """
    if wanted == "cpu":
        return "cpu"
    if torch.cuda.is_available():
        return "cuda"
    if wanted == "cuda":
        raise ConfigError(
            "device is 'cuda', but torch finds no GPU that it can use",
            "Set device = cpu, or install torch with CUDA and the driver.",
        )
    return "cpu"


def number_type(where: Place) -> torch.dtype:
    """bfloat16 where it is multiplied natively (prefill on a CPU ×2), float32 elsewhere."""
    if where == "cuda":
        return torch.bfloat16 if torch.cuda.is_bf16_supported(False) else torch.float16
    capabilities = torch.cpu.get_capabilities()
    native = any(capabilities.get(name) for name in ("avx512_bf16", "amx_bf16", "bf16"))
    return torch.bfloat16 if native else torch.float32
