"""What was fitted, as one file: tensors, and settings beside them as JSON.

Knows: safetensors, that a file is written whole or not at all, and what is said when one cannot be
read. Refuses to know: what the numbers mean (whoever asks says how to make something of them), and
any deep-learning library.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from mmqa.errors import ModelDamagedError, ModelMissingError

Tensors: TypeAlias = dict[str, NDArray[Any]]
Made = TypeVar("Made")


def read(
    path: Path,
    make: Callable[[Tensors, dict[str, Any], str], Made],
    *,
    role: str,
    name: str,
    remedy: str,
) -> Made:
    """Read a file that :func:`write` wrote.

    Args:
        path: The file.
        make: Tensors, settings and fingerprint (16 hex digits of the file's sha256) → what was
            fitted; may raise ``KeyError``, ``TypeError`` or ``ValueError`` where they do not fit.
        role: What it is for, for the error.
        name: What it is called, for the error.
        remedy: What to do where it cannot be read.

    Raises:
        ModelMissingError: There is no such file.
        ModelDamagedError: It is no safetensors file, or ``make`` found that something does not fit.
    """
    if not path.is_file():
        raise ModelMissingError(role, f"the {name} {str(path)!r} is missing", remedy)
    try:
        with safe_open(path, framework="numpy") as file:
            tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
            settings = json.loads(file.metadata()["settings"])
        return make(tensors, settings, hashlib.sha256(path.read_bytes()).hexdigest()[:16])
    except (SafetensorError, OSError, KeyError, TypeError, ValueError) as error:
        raise ModelDamagedError(
            role, f"the {name} {str(path)!r} cannot be read: {error}", remedy
        ) from error


def write(path: Path, tensors: Mapping[str, NDArray[Any]], settings: Mapping[str, Any]) -> Path:
    """Write tensors and settings, whole or not at all; the folder is made where it is missing.

    Returns:
        The file.
    """
    plain = {key: np.ascontiguousarray(value) for key, value in tensors.items()}
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, save(plain, metadata={"settings": json.dumps(dict(settings))}))
    return path


def write_whole(path: Path, content: bytes) -> None:
    """Write a file whole or not at all: beside it, to the disk, then in its place."""
    partial = path.with_name(path.name + ".part")
    with partial.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)
