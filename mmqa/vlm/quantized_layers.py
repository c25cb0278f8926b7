"""Linear layers of 8 and of 4 bits: made from full ones, or from what was stored of them.

Knows: bitsandbytes, and its traps. Refuses to know: which layers are quantized, and why.

NF4 (Dettmers et al. 2023, §3): blocks of 64 weights, each scaled to [−1, 1] by its largest and
rounded to the nearest of 16 quantiles of a normal distribution; 4.5 bits a weight. int8 (Dettmers
et al. 2022, LLM.int8()): weights and activations row by row, activations of 6 and more apart.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from importlib import import_module
from typing import Any, Literal, TypeAlias, cast

from torch import Tensor, nn

from mmqa.errors import ModelError
from mmqa.vlm.language_layers import ROLE

Bits: TypeAlias = Literal["int8", "nf4"]

BLOCK = 64
"""Weights that share a scale in NF4."""
OUTLIER = 6.0
"""Activations of int8 layers that are as large stay in 16 bits."""
_PACKED_ROWS = 32

_NO_NEWS = {
    "bitsandbytes.backends.cpu.ops": "Failed to load CPU gemm_4bit_forward",
    "bitsandbytes.autograd._functions": "MatMul8bitLt: inputs will be cast",
}
"""Logger → how a message begins that tells people nothing: an optional package is not installed
(said at import); activations are rounded to 16 bits (said for each layer and token)."""


@cache
def library() -> Any:
    """bitsandbytes, without its advice, and without fetching machine code from a model hub.

    At import it looks for the package ``kernels`` and would let that download a kernel. Whoever
    imports anything that imports bitsandbytes (PEFT does) calls this first.

    Raises:
        ModelError: It is not installed, or cannot be loaded.
    """
    for name, opening in _NO_NEWS.items():
        logging.getLogger(name).addFilter(_Without(opening))
    try:
        with _hidden("kernels"):
            return import_module("bitsandbytes")
    except (ImportError, OSError, RuntimeError) as error:
        raise ModelError(
            ROLE,
            f"bitsandbytes, which quantizes, cannot be loaded: {error}",
            "Install it (pip install bitsandbytes), or set quantization = none.",
        ) from error


class _Without(logging.Filter):
    """Lets everything pass but messages that begin with ``opening``."""

    def __init__(self, opening: str) -> None:
        super().__init__()
        self._opening = opening

    def filter(self, record: logging.LogRecord) -> bool:
        return not str(record.msg).startswith(self._opening)


@contextmanager
def _hidden(package: str) -> Iterator[None]:
    """Importing ``package`` fails in the block, unless it was imported before."""
    if package in sys.modules:
        yield
        return
    sys.modules[package] = cast(Any, None)
    try:
        yield
    finally:
        del sys.modules[package]


def make(bits: Bits, layer: nn.Linear, device: str) -> nn.Linear:
    """A quantized layer on ``device`` with the weights of ``layer``, whose bias it shares."""
    return _MAKERS[bits](layer, device)


def restore(bits: Bits, layer: nn.Linear, tensors: Mapping[str, Tensor], device: str) -> nn.Linear:
    """The quantized layer that was once made of ``layer``.

    Args:
        bits: How many there are.
        layer: Gives sizes and bias; its weights are not looked at.
        tensors: What the state of the quantized layer held, by name.
        device: Where it shall lie.

    Raises:
        KeyError: A tensor is missing.
        ValueError: They are of a layer of another size.
    """
    return _RESTORERS[bits](layer, tensors, device)


def unfit(bits: Bits, layer: nn.Linear, device: str) -> bool:
    """Whether a layer cannot be quantized so.

    The NF4 kernel for processors takes each row for a whole number of blocks. Where it is not, the
    results are wrong by a third and nothing is said (bitsandbytes 0.50.2).
    """
    return bits == "nf4" and device == "cpu" and layer.in_features % BLOCK != 0


def suit(layer: nn.Linear) -> None:
    """Make an NF4 layer run on every processor, whatever its size.

    With AVX512-BF16 weights are packed at the first forward pass, in groups of 32 rows, and other
    layers fail there; they take the way of processors without it.
    """
    if layer.out_features % _PACKED_ROWS:
        cast(Any, layer).support_avx512bf16_for_cpu = False


def _empty_nf4(layer: nn.Linear) -> Any:
    bits = library().nn.Linear4bit(
        layer.in_features,
        layer.out_features,
        layer.bias is not None,
        compute_dtype=layer.weight.dtype,
        compress_statistics=False,
        quant_type="nf4",
        device="meta",
    )
    bits.bias = layer.bias
    suit(bits)
    return bits


def _nf4(layer: nn.Linear, device: str) -> nn.Linear:
    bits = _empty_nf4(layer)
    bits.weight = (
        library()
        .nn.Params4bit(
            layer.weight.data,
            requires_grad=False,
            compress_statistics=False,
            quant_type="nf4",
            module=bits,
        )
        .to(device)
    )
    return cast(nn.Linear, bits)


def _restored_nf4(layer: nn.Linear, tensors: Mapping[str, Tensor], device: str) -> nn.Linear:
    bits = _empty_nf4(layer)
    statistics = {name: t for name, t in tensors.items() if name != "weight"}
    bits.weight = library().nn.Params4bit.from_prequantized(
        tensors["weight"], statistics, device=device, module=bits
    )
    _same_shape(layer, tuple(bits.weight.quant_state.shape))
    return cast(nn.Linear, bits)


def _int8(layer: nn.Linear, device: str) -> nn.Linear:
    bits = _empty_int8(layer)
    weight = library().nn.Int8Params(layer.weight.data, requires_grad=False, has_fp16_weights=False)
    bits.weight = weight.to(device)
    return cast(nn.Linear, bits)


def _restored_int8(layer: nn.Linear, tensors: Mapping[str, Tensor], device: str) -> nn.Linear:
    bits = _empty_int8(layer)
    weight, scales = tensors["weight"], tensors["SCB"]
    _same_shape(layer, tuple(weight.shape))
    bits.weight = (
        library()
        .nn.Int8Params(weight, requires_grad=False, has_fp16_weights=False, CB=weight, SCB=scales)
        .to(device)
    )
    return cast(nn.Linear, bits)


def _empty_int8(layer: nn.Linear) -> Any:
    bits = library().nn.Linear8bitLt(
        layer.in_features,
        layer.out_features,
        layer.bias is not None,
        has_fp16_weights=False,
        threshold=OUTLIER,
        device="meta",
    )
    bits.bias = layer.bias
    return bits


def _same_shape(layer: nn.Linear, shape: tuple[int, ...]) -> None:
    if shape != tuple(layer.weight.shape):
        raise ValueError(f"a stored layer is {shape}, not {tuple(layer.weight.shape)}")


_MAKERS: dict[Bits, Callable[[nn.Linear, str], nn.Linear]] = {"nf4": _nf4, "int8": _int8}
_RESTORERS: dict[Bits, Callable[[nn.Linear, Mapping[str, Tensor], str], nn.Linear]] = {
    "nf4": _restored_nf4,
    "int8": _restored_int8,
}
