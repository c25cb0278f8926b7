"""What lies in a model's folder, looked at before anything large is loaded.

Knows: configuration, safetensors headers, how much memory weights will take, and how a folder is
told from another. Refuses to know: how a model is built from it.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open

from mmqa.errors import ModelDamagedError, ModelError, ModelMissingError
from mmqa.vlm.folder_digest import folder_digest

ROLE = "language_model"
INDEX = "model.safetensors.index.json"
PICKLED = (".bin", ".pt", ".pth", ".ckpt")

BITS = {"none": 0.0, "int8": 8.0, "nf4": 4.5}
"""Of a quantized weight, with what is kept beside it; 0 where the number type says."""

ROOM = 1.15
"""What is needed per byte of weights: the prompt's keys and values, and what is being computed."""

UNQUANTIZED = ("embed", "visual", "vision", "lm_head", "projector", "connector", "merger")
"""Parts of names of weights that keep their bits."""


def settings(folder: Path) -> dict[str, Any]:
    """``config.json`` of a model whose weights are there, as safetensors.

    Raises:
        ModelMissingError: There is no model, or no weights.
        ModelError: The weights are pickled.
        ModelDamagedError: A file is missing or cannot be read.
    """
    path = folder / "config.json"
    if not path.is_file():
        raise ModelMissingError(
            ROLE,
            f"there is no language model in {str(folder)!r}",
            "Run `mmqa models pull PRESET`, or name the folder that holds its config.json.",
        )
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(found, dict):
            raise ValueError("it holds no table")
    except (ValueError, OSError) as error:
        raise damaged(path, str(error)) from error
    weight_files(folder)
    return found


def weight_files(folder: Path) -> list[Path]:
    """The safetensors files of the model, as its index names them, else all that are there.

    Raises:
        ModelMissingError: There are none.
        ModelError: There are pickled ones only.
        ModelDamagedError: One that the index names is missing.
    """
    index = folder / INDEX
    if index.is_file():
        try:
            names = set(json.loads(index.read_text(encoding="utf-8"))["weight_map"].values())
        except (ValueError, KeyError, AttributeError) as error:
            raise damaged(index, str(error)) from error
        missing = sorted(name for name in names if not (folder / name).is_file())
        if missing:
            raise damaged(folder / missing[0], "it is missing")
        return sorted(folder / name for name in names)
    found = sorted(folder.glob("*.safetensors"))
    if not found:
        raise _without_weights(folder)
    usual = [path for path in found if path.name == "model.safetensors"]
    return usual or found


def _without_weights(folder: Path) -> ModelError:
    pickled = sorted(p.name for p in folder.iterdir() if p.suffix in PICKLED)
    if pickled:
        return ModelError(
            ROLE,
            f"the model in {str(folder)!r} has pickled weights only ({pickled[0]})",
            "They can run any code and are never loaded; get the model with *.safetensors.",
        )
    return ModelMissingError(
        ROLE,
        f"the folder {str(folder)!r} has a config.json, but no weights (*.safetensors)",
        "Pull the preset again, or fetch the weights too.",
    )


def damaged(path: Path, why: str) -> ModelDamagedError:
    """The error that says why a file or folder of a model cannot be used, and what to do."""
    return ModelDamagedError(
        ROLE, f"{str(path)!r} cannot be used: {why}", "Run `mmqa models verify`, then pull again."
    )


def needed_bytes(folder: Path, *, number_bytes: int, mode: str) -> int:
    """Memory that the model will take, roughly, from the headers of its weights alone.

    Args:
        folder: With safetensors.
        number_bytes: Of one number that is not quantized, as it will be loaded.
        mode: ``none``, ``int8`` or ``nf4``.

    Raises:
        ModelDamagedError: A file of weights cannot be read.
    """
    bits = BITS[mode]
    total = 0.0
    for name, shape in _tensors(folder):
        quantized = bits and len(shape) == 2 and not any(part in name for part in UNQUANTIZED)
        total += math.prod(shape) * (bits / 8 if quantized else number_bytes)
    return int(total * ROOM)


def weights(folder: Path) -> int:
    """How many weights the model has.

    Raises:
        ModelDamagedError: A file of weights cannot be read.
    """
    return sum(math.prod(shape) for _, shape in _tensors(folder))


def _tensors(folder: Path) -> Iterator[tuple[str, list[int]]]:
    for path in weight_files(folder):
        try:
            with safe_open(path, framework="numpy") as file:
                for name in file.keys():  # noqa: SIM118 - no mapping
                    yield name, file.get_slice(name).get_shape()
        except (SafetensorError, OSError) as error:
            raise damaged(path, str(error)) from error


def brief(error: Exception) -> str:
    """What a library says, on one line, for the middle of a sentence."""
    return " ".join(str(error).split())[:400].rstrip(".")


def digest(folder: Path) -> str:
    """16 hex digits that tell this model from others.

    Of what was pulled, its recipe: commit and checksums were verified then. Of other folders, all
    files.
    """
    try:
        recipe = json.loads((folder / "role.json").read_text(encoding="utf-8"))["recipe"]
        return hashlib.sha256(str(recipe).encode()).hexdigest()[:16]
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return folder_digest(folder)
