"""Fewer bits for the weights of a language model: the one door to NF4 and int8 by bitsandbytes.

Knows: which of them serves a device best (by measurement), how a model of transformers is loaded
with them, and how a loaded module is quantized in place. Refuses to know: which model it is,
pictures, and generating.

Only linear layers of the language model are quantized. Vision tower, connector, output layer and
embeddings keep 16 or 32 bits, and that is checked layer by layer after loading.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import torch
from torch import nn

from mmqa.errors import ConfigError, ModelError
from mmqa.vlm import language_layers, quantized_layers, quantized_store
from mmqa.vlm.language_layers import ROLE
from mmqa.vlm.quantized_layers import BLOCK, OUTLIER, Bits
from mmqa.vlm.quantized_store import Tell

if TYPE_CHECKING:
    from transformers import BitsAndBytesConfig

Mode: TypeAlias = Literal["none", "int8", "nf4"]
MODES: tuple[Mode, ...] = ("none", "int8", "nf4")

LARGE = 1_000_000_000
"""Weights of a language model from which memory is what machines are short of."""


def resolve(wanted: str, *, device: str, weights: int = LARGE) -> Mode:
    """The mode that a setting stands for.

    ``auto`` leaves small models as they are; on a processor the embedded one is run in blocks of 8
    bits then, which is no mode of this module (:mod:`mmqa.vlm.text_decoder`). Measured on that one,
    SmolLM2-135M, whose weights once had 4 bits of another kind (``mmqa eval quantization``, a
    processor with AVX512-BF16): of 480 questions about passages NF4 answers 43 % instead of 51
    (lost: 3 to 13 points), of 1,000 about pictures it loses 1. int8 loses nothing that can be told,
    but reads and writes at 0.64 and 0.83 times bfloat16's speed, and its process grew to 5 GB,
    which malloc keeps of what was freed. For 0.1 to 0.16 GB neither is worth it. Where a model is
    large, NF4 decides whether it runs at all.

    Args:
        wanted: The setting ``quantization``.
        device: ``cpu`` or ``cuda``.
        weights: How many the language model has.

    Raises:
        ConfigError: There is no such mode.

    >>> resolve("auto", device="cpu", weights=135_000_000), resolve("auto", device="cuda")
    ('none', 'nf4')
    """
    if wanted == "auto":
        return "nf4" if weights >= LARGE else "none"
    if wanted not in MODES:
        raise ConfigError(
            f"quantization is {wanted!r}, which is unknown", f"Known: auto, {', '.join(MODES)}."
        )
    return wanted


def settings(mode: Bits, *, skip: tuple[str, ...], dtype: torch.dtype) -> BitsAndBytesConfig:
    """What transformers is told to quantize at loading.

    Args:
        mode: ``int8`` or ``nf4``.
        skip: Full paths of modules that keep their bits.
        dtype: What is computed in.
    """
    from transformers import BitsAndBytesConfig

    wanted: dict[str, Any] = {
        "int8": {"load_in_8bit": True, "llm_int8_threshold": OUTLIER},
        "nf4": {
            "load_in_4bit": True,
            "bnb_4bit_quant_type": "nf4",
            "bnb_4bit_compute_dtype": dtype,
            "bnb_4bit_use_double_quant": False,
        },
    }
    return BitsAndBytesConfig(  # type: ignore[no-untyped-call]
        llm_int8_skip_modules=list(skip), **wanted[mode]
    )


def pretrained(
    auto: Any,
    folder: Path,
    mode: Mode,
    *,
    device: str,
    dtype: torch.dtype,
    store: Path | None = None,
    source: str = "",
    tell: Tell | None = None,
    **more: Any,
) -> Any:
    """Load a model of transformers, its language model quantized, from ``folder`` alone.

    Args:
        auto: e.g. ``AutoModelForImageTextToText``, or a class of model.
        folder: Holds ``config.json`` and safetensors.
        mode: ``none`` loads the full weights.
        device: ``cpu`` or ``cuda``.
        dtype: Of what is not quantized, and of what is computed in.
        store: Folder for the quantized weights, read the next time; ``None`` keeps nothing.
        source: What the full weights are, e.g. a fingerprint; others are quantized anew.
        tell: Told, in a sentence, when a store is made anew or cannot be written.
        more: For ``from_pretrained``.

    Raises:
        ModelError: The model cannot be quantized so, or not every layer became what it should.
        OSError, ValueError, RuntimeError: As ``from_pretrained`` raises them.
    """

    def load(place: Path, **options: Any) -> Any:
        model = auto.from_pretrained(
            place,
            dtype=dtype,
            device_map={"": device},
            local_files_only=True,
            use_safetensors=True,
            **options,
            **more,
        ).eval()
        _suit(model)
        language_layers.check(model, mode)
        return model

    if mode == "none":
        return load(folder)
    quantized_layers.library()  # before transformers imports it

    def make() -> Any:
        skip = _skip_list(auto, folder, mode, device)
        return load(folder, quantization_config=settings(mode, skip=skip, dtype=dtype))

    if store is None:
        return make()
    return quantized_store.kept(
        store,
        _key(mode, source, dtype),
        read=load,
        make=make,
        write=lambda model, place: model.save_pretrained(place),
        tell=tell,
    )


def _skip_list(auto: Any, folder: Path, mode: Bits, device: str) -> tuple[str, ...]:
    """Full paths of what is not quantized, from the model itself, built without weights."""
    from transformers import AutoConfig

    config = AutoConfig.from_pretrained(folder, local_files_only=True)
    if getattr(config, "quantization_config", None):
        raise ModelError(
            ROLE,
            f"the model in {str(folder)!r} is quantized already",
            "Set quantization = none to run it as it is.",
        )
    with torch.device("meta"):
        skeleton = getattr(auto, "from_config", None) or auto._from_config
        model = skeleton(config)
    layers = language_layers.find(model)
    found = dict(language_layers.linear_layers(model))
    _refuse_unfit({path: found[path] for path in layers.language}, mode, device)
    return layers.skip_list()


def _suit(model: nn.Module) -> None:
    for _, layer in language_layers.linear_layers(model):
        if language_layers.kind(layer) == "nf4":
            quantized_layers.suit(layer)


def in_place(
    module: nn.Module,
    mode: Mode,
    *,
    device: str = "cpu",
    store: Path | None = None,
    source: str = "",
    tell: Tell | None = None,
) -> None:
    """Quantize the language model in ``module``, which was loaded with full weights.

    Args:
        module: One of transformers' models, or any module, which is then a language model as a
            whole; in evaluation mode.
        mode: ``none`` changes nothing.
        device: Where the quantized weights shall lie.
        store: Folder for the quantized weights, read the next time; ``None`` keeps nothing.
        source: What the full weights are, e.g. a fingerprint; others are quantized anew.
        tell: Told, in a sentence, when a store is made anew or cannot be written.

    Raises:
        ModelError: The model cannot be quantized so.
    """
    if mode == "none":
        return
    bits: Bits = mode
    full = _language(module, bits, device)

    def make() -> dict[str, nn.Linear]:
        return {path: quantized_layers.make(bits, layer, device) for path, layer in full.items()}

    def read(place: Path) -> dict[str, nn.Linear]:
        stored = quantized_store.read_layers(place)
        return {
            path: quantized_layers.restore(bits, layer, stored[path], device)
            for path, layer in full.items()
        }

    if store is None:
        made = make()
    else:
        made = quantized_store.kept(
            store,
            _key(mode, source, next(module.parameters()).dtype),
            read=read,
            make=make,
            write=quantized_store.write_layers,
            tell=tell,
        )
    _exchange(module, {id(full[path]): layer for path, layer in made.items()})
    language_layers.check(module, mode)


def _language(module: nn.Module, mode: Bits, device: str) -> dict[str, nn.Linear]:
    """Path → layer of the language model; a layer that stands in two places comes once."""
    names = set(language_layers.find(module).language)
    every = {id(m): (p, m) for p, m in language_layers.linear_layers(module) if p in names}
    layers = dict(every.values())
    _refuse_unfit(layers, mode, device)
    return layers


def _refuse_unfit(layers: Mapping[str, nn.Linear], mode: Bits, device: str) -> None:
    unfit = [p for p, layer in layers.items() if quantized_layers.unfit(mode, layer, device)]
    if unfit:
        raise ModelError(
            ROLE,
            f"NF4 on a CPU needs linear layers with a multiple of {BLOCK} inputs, but {unfit[0]!r}"
            f" has {layers[unfit[0]].in_features} ({len(unfit)} layers are so)",
            "Set quantization = int8 or none.",
        )


def _exchange(module: nn.Module, made: Mapping[int, nn.Linear]) -> None:
    """Put a layer wherever the one with its id stands."""
    for path, layer in list(language_layers.linear_layers(module)):
        if id(layer) in made:
            module.set_submodule(path, made[id(layer)].train(layer.training))


def _key(mode: Mode, source: str, dtype: torch.dtype) -> dict[str, str]:
    libraries = {name: version(name) for name in ("bitsandbytes", "transformers")}
    return {"mode": mode, "source": source, "dtype": str(dtype), **libraries}


def weight_bytes(*models: nn.Module) -> int:
    """Memory of parameters, buffers and the statistics of quantized weights; shared ones once."""
    tensors = (tensor for model in models for tensor in _tensors(model))
    sizes = {t.data_ptr(): t.numel() * t.element_size() for t in tensors}
    return sum(sizes.values())


def _tensors(model: nn.Module) -> Iterator[torch.Tensor]:
    yield from model.parameters()
    yield from model.buffers()
    for _, layer in language_layers.linear_layers(model):
        state = getattr(layer.weight, "quant_state", None)
        holders = (state, layer.weight, getattr(layer, "state", None))
        found = (getattr(h, name, None) for h in holders for name in ("absmax", "code", "SCB"))
        yield from (tensor for tensor in found if isinstance(tensor, torch.Tensor))
