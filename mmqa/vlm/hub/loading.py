"""A model of a hub, from its folder: looked at first, then loaded, quantized where wanted.

Knows: which architectures read pictures and write text, how much memory there is, and that nothing
is unpickled and no code of a model's own is run. Refuses to know: how the folder was filled, and
what the model is asked.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

import psutil

from mmqa.errors import GenerationError, ModelError
from mmqa.vlm.hub import folder as files
from mmqa.vlm.hub.folder import ROLE, brief
from mmqa.vlm.hub.model import HubModel
from mmqa.vlm.hub.processor import load_processor
from mmqa.vlm.options import DEFAULTS, LoadOptions
from mmqa.vlm.whole import Whole


def load(folder: Path, *, threads: int, options: LoadOptions = DEFAULTS) -> HubModel:
    """Load the model in ``folder``, warmed up.

    Args:
        folder: As a hub's repository: configuration, safetensors, tokenizer, processor, template.
        threads: CPU threads, from 1; set for the whole process, as torch knows no other way.
        options: Quantization, device, size of pictures, waiting.

    Raises:
        ModelMissingError: There is no model in ``folder``, or no weights.
        ModelDamagedError: A file is missing or cannot be read.
        ModelError: It is no model that sees, its weights are pickled, there is too little memory,
            or it cannot be loaded so.
        ConfigError: The device is not there.
    """
    _require_seeing(files.settings(folder), folder)
    import torch
    from safetensors import SafetensorError

    from mmqa.vlm import quantization
    from mmqa.vlm.device import number_type, place

    torch.set_num_threads(threads)
    device = place(options.device)
    dtype = number_type(device)
    mode = quantization.resolve(options.quantization, device=device, weights=files.weights(folder))
    _require_memory(folder, device, dtype.itemsize, mode)
    processor = load_processor(folder)
    digest = files.digest(folder)
    try:
        with _quietly():
            model = quantization.pretrained(
                Whole(_auto()),
                folder,
                mode,
                device=device,
                dtype=dtype,
                store=options.stored or folder.with_name(f"{folder.name}-{mode}"),
                source=digest,
                trust_remote_code=False,
            )
    except SafetensorError as error:  # whole when they were looked at, damaged since
        raise files.damaged(folder, brief(error)) from error
    except (OSError, ValueError, KeyError, RuntimeError, ImportError, AttributeError) as error:
        raise _unloadable(folder, error) from error
    made_of = f"{digest}:{dtype}:{mode}"
    made = HubModel(model, processor, made_of=made_of, options=options)
    try:
        with _quietly():
            made.warm_up()
    except GenerationError as error:
        raise _unloadable(folder, error) from error
    return made


def _auto() -> Any:
    return import_module("transformers").AutoModelForImageTextToText


def _unloadable(folder: Path, error: Exception) -> ModelError:
    return ModelError(
        ROLE,
        f"the model in {str(folder)!r} cannot be loaded: {brief(error)}",
        "Run `mmqa models verify`, then pull it again; or choose another model.",
    )


def _require_seeing(settings: dict[str, Any], folder: Path) -> None:
    """The architecture is one of transformers' own that reads pictures and writes text."""
    from transformers.models.auto import modeling_auto

    kind = settings.get("model_type")
    if kind in modeling_auto.MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING_NAMES:
        return
    if settings.get("auto_map"):
        raise ModelError(
            ROLE,
            f"the model in {str(folder)!r} ({kind}) needs code of its own to be run",
            "Such code is never run; choose a model that transformers knows.",
        )
    names = ", ".join(settings.get("architectures") or ["unknown architecture"])
    raise ModelError(
        ROLE,
        f"the model in {str(folder)!r} ({kind}: {names}) does not read pictures and write text",
        "Choose one of the kind image-text-to-text, e.g. the preset small.",
    )


def _require_memory(folder: Path, device: str, number_bytes: int, mode: str) -> None:
    """There is room for the weights and for computing, before anything is loaded."""
    needed = files.needed_bytes(folder, number_bytes=number_bytes, mode=mode)
    free = _free_bytes(device)
    if needed <= free:
        return
    smaller = files.needed_bytes(folder, number_bytes=number_bytes, mode="nf4")
    remedy = "Close other programs, or choose a smaller preset"
    if mode != "nf4" and smaller <= free:
        remedy = f"Set quantization = nf4, which needs {smaller / 1e9:.1f} GB"
    raise ModelError(
        ROLE,
        f"the model in {str(folder)!r} needs about {needed / 1e9:.1f} GB of memory,"
        f" but {free / 1e9:.1f} GB are free{' on the GPU' if device == 'cuda' else ''}",
        f"{remedy}.",
    )


def _free_bytes(device: str) -> int:
    if device == "cpu":
        return int(psutil.virtual_memory().available)
    import torch

    return int(torch.cuda.mem_get_info()[0])


@contextmanager
def _quietly() -> Iterator[None]:
    """Without the bars and advice of transformers: only ``cli`` and ``ui`` talk to people."""
    logging: Any = import_module("transformers.utils.logging")
    shown, level = logging.is_progress_bar_enabled(), logging.get_verbosity()
    logging.disable_progress_bar()
    logging.set_verbosity_error()
    try:
        yield
    finally:
        logging.set_verbosity(level)
        if shown:
            logging.enable_progress_bar()
