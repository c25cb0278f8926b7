"""Which linear layers of a model are its language model's, and whether each is as it should be.

Knows: how transformers' vision-language models say where their language model is, and how a layer
tells how many bits its weights have. Refuses to know: how layers are quantized, and any one model.

A skip list that names a module wrongly is ignored in silence, and then the vision tower is
quantized too and answers nonsense. So nothing is named here: paths come from the model itself, and
after loading every linear layer is looked at.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import torch
from torch import nn

from mmqa.errors import ModelError

ROLE = "language_model"

Kind: TypeAlias = Literal["none", "int8", "nf4", "special", "other"]

_SEEING = re.compile(r"\b(vision|visual|image|video|audio|connector|projector|perceiver)")
"""Begins the name of a module that is no part of a language model."""

_FULL = (torch.float32, torch.bfloat16, torch.float16)
_NAMED = 4
"""So many modules are named in an error."""


@dataclass(frozen=True, slots=True)
class Layers:
    """The linear layers of a model by their full paths, in the model's order.

    Attributes:
        language: Those of the language model, its output layer aside: these may be quantized.
        kept: All others: vision tower, connector, output layer.
    """

    language: tuple[str, ...]
    kept: tuple[str, ...]

    def skip_list(self) -> tuple[str, ...]:
        """The shallowest modules that hold only layers which are kept, by their full paths.

        >>> Layers(("m.text.0.q",), ("m.visual.0.q", "m.visual.1.q", "head")).skip_list()
        ('m.visual', 'head')
        """
        mixed = {above for path in self.language for above in _ancestry(path)}
        found = (next(p for p in _ancestry(path) if p not in mixed) for path in self.kept)
        return tuple(dict.fromkeys(found))


def find(model: Any) -> Layers:
    """Tell the layers of ``model`` apart.

    Args:
        model: One of transformers' models, on any device, quantized or not; or any other module,
            which is taken for a language model as a whole.

    Raises:
        ModelError: The language model cannot be told from what sees, or has no linear layers.
    """
    decoder = model.get_decoder() if hasattr(model, "get_decoder") else model
    output = model.get_output_embeddings() if hasattr(model, "get_output_embeddings") else None
    start = next(path for path, module in model.named_modules() if module is decoder)
    inside = f"{start}." if start else ""
    language: list[str] = []
    kept: list[str] = []
    for path, module in linear_layers(model):
        own = path.startswith(inside) and module is not output
        (language if own and not _unquantizable(model, path, module) else kept).append(path)
    _refuse_mixed(model, inside, language)
    return Layers(tuple(language), tuple(kept))


def linear_layers(model: nn.Module) -> Iterator[tuple[str, nn.Linear]]:
    """Every linear layer with its path; one that two paths lead to comes twice."""
    for path, module in model.named_modules(remove_duplicate=False):
        if isinstance(module, nn.Linear):
            yield path, module


def _unquantizable(model: nn.Module, path: str, module: nn.Linear) -> bool:
    """Whether transformers would leave a layer of the language model as it is."""
    names: Iterable[str] = getattr(model, "_keep_in_fp32_modules", None) or ()
    return kind(module) == "special" or not set(names).isdisjoint(path.split("."))


def _refuse_mixed(model: nn.Module, inside: str, language: Sequence[str]) -> None:
    seeing = [path for path in language if _SEEING.search(path.removeprefix(inside))]
    if seeing or not language:
        fact = f"holds {_some(seeing)}" if seeing else "has no linear layers"
        raise ModelError(
            ROLE,
            f"the language model of a {type(model).__name__} cannot be quantized: it {fact}",
            "Set quantization = none.",
        )


def kind(layer: nn.Linear) -> Kind:
    """How many bits the weights of a layer have.

    Returns:
        ``none`` for a plain linear layer of 16 or 32 bits; ``special`` for a subclass of it with
        such weights, which no library quantizes; ``other`` for all that should not be there.
    """
    name, weight = type(layer).__name__, layer.weight
    if name == "Linear8bitLt" and weight.dtype == torch.int8:
        return "int8"
    if name == "Linear4bit" and getattr(weight, "quant_type", "") == "nf4":
        return "nf4"
    if name in ("Linear8bitLt", "Linear4bit") or weight.dtype not in _FULL:
        return "other"
    return "none" if type(layer) is nn.Linear else "special"


def check(model: nn.Module, mode: str) -> None:
    """Make sure that exactly the language model is quantized, layer by layer.

    Args:
        model: As it was loaded.
        mode: ``none``, ``int8`` or ``nf4``.

    Raises:
        ModelError: A layer of the language model is not what ``mode`` says, or another one is not
            a plain linear layer of 16 or 32 bits; names the modules.
    """
    layers = find(model)
    kinds = {path: kind(module) for path, module in linear_layers(model)}
    seeing = [path for path in layers.kept if kinds[path] not in ("none", "special")]
    other = [path for path in layers.language if kinds[path] != mode]
    if seeing:
        raise ModelError(
            ROLE,
            f"{_some(seeing)} should have 16 or 32 bits, but are {kinds[seeing[0]]}",
            "Set quantization = none, and report this with the name of the model.",
        )
    if other:
        raise ModelError(
            ROLE,
            f"{_some(other)} should be {mode}, but are {kinds[other[0]]}",
            "Set quantization = none, and report this with the name of the model.",
        )


def _ancestry(path: str) -> Iterator[str]:
    """``a``, ``a.b``, ``a.b.c`` of ``a.b.c``."""
    parts = path.split(".")
    return (".".join(parts[:n]) for n in range(1, len(parts) + 1))


def _some(paths: Sequence[str]) -> str:
    more = f" and {len(paths) - _NAMED} more" if len(paths) > _NAMED else ""
    return f"{', '.join(paths[:_NAMED])}{more}"
