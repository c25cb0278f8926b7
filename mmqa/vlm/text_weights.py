"""What lies in the folder of a text model, loaded: weights, tokenizer, settings.

Knows: the files, quantization and device, and what it means when they cannot be loaded.
Refuses to know: prompts and answers, and which way of computing is taken.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

from mmqa.errors import ModelError, ModelMissingError
from mmqa.vlm.device import number_type, place
from mmqa.vlm.folder_digest import folder_digest
from mmqa.vlm.options import LoadOptions
from mmqa.vlm.whole import Whole

ROLE = "language_model"


def read(folder: Path, *, threads: int, options: LoadOptions) -> tuple[Any, Any, str]:
    """The model in ``folder``, its tokenizer, and how it is quantized.

    Args:
        folder: Holds ``config.json``, safetensors and the tokenizer.
        threads: CPU threads, from 1; set for the whole process, as torch knows no other way.
        options: Quantization and device.

    Raises:
        ModelMissingError: There is no model in ``folder``.
        ModelError: What lies there cannot be loaded, not so, or not whole.
        ConfigError: The device is not there.
    """
    import torch

    torch.set_num_threads(threads)
    with opening(folder):
        tokenizer = tokenizer_in(folder)
        model, mode = model_in(folder, options)
    return model, tokenizer, mode


def tokenizer_in(folder: Path) -> Any:
    """The tokenizer in ``folder``."""
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(folder, local_files_only=True)


def model_in(folder: Path, options: LoadOptions) -> tuple[Any, str]:
    """The model in ``folder``, and how it is quantized; raises as ``from_pretrained``."""
    from transformers import AutoModelForCausalLM

    from mmqa.vlm import quantization

    device = place(options.device)
    weights = sum(file.stat().st_size for file in folder.glob("*.safetensors")) // 2
    mode = quantization.resolve(options.quantization, device=device, weights=weights)
    model = quantization.pretrained(
        Whole(AutoModelForCausalLM),
        folder,
        mode,
        device=device,
        dtype=number_type(device),
        store=options.stored or folder.with_name(f"{folder.name}-{mode}"),
        source="" if mode == "none" else folder_digest(folder),
    )
    return model, mode


@contextmanager
def opening(folder: Path) -> Iterator[None]:
    """While files of ``folder`` are loaded: failures are told as errors of the model.

    Raises:
        ModelMissingError: There is no model in ``folder``.
        ModelError: A file cannot be loaded.
    """
    if not (folder / "config.json").is_file():
        raise ModelMissingError(
            ROLE,
            f"there is no language model in {str(folder)!r}",
            "Run `mmqa models pull embedded`.",
        )
    from safetensors import SafetensorError

    try:
        with _quietly():
            yield
    except (OSError, ValueError, KeyError, RuntimeError, SafetensorError) as error:
        raise ModelError(
            ROLE,
            f"the language model in {str(folder)!r} cannot be loaded: {error}",
            "Run `mmqa models verify embedded`, then pull it again.",
        ) from error


@contextmanager
def _quietly() -> Iterator[None]:
    """Without the progress bar of transformers: only ``cli`` and ``ui`` talk to people."""
    logging: Any = import_module("transformers.utils.logging")
    shown = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        if shown:
            logging.enable_progress_bar()
