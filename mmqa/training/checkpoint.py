"""What a training run is after an epoch, as one file that is written whole and read back bit-equal.

Knows: the tensors of model, best model and optimizer as safetensors, everything else as JSON in the
same file's metadata. Refuses to know: what is trained, and when. No pickles.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save

from mmqa import weights_file
from mmqa.errors import ModelDamagedError, UsageError

FILE_NAME = "checkpoint.safetensors"
_FORMAT = 1

Tensors = dict[str, torch.Tensor]


@dataclass(frozen=True, slots=True)
class Epoch:
    """One epoch's line of the log; number 0 is the state before training, which has no loss.

    Attributes:
        number: From 1; 0 before training.
        loss: Mean over the epoch's rows; ``None`` before training.
        metric: What ``validate`` gave after it; higher is better.
        learning_rate: Of the epoch's last step.
    """

    number: int
    loss: float | None
    metric: float
    learning_rate: float = 0.0


@dataclass(frozen=True, slots=True, eq=False)
class State:
    """Everything that an uninterrupted run would know after an epoch.

    Attributes:
        model: Name → tensor of the model as it is.
        best: The same, when the metric was highest.
        optimizer: ``<parameter>.<name>`` → tensor of AdamW.
        epochs: All so far, number 0 first.
    """

    model: Tensors
    best: Tensors
    optimizer: Tensors
    epochs: tuple[Epoch, ...]


def write(state: State, identity: Mapping[str, Any], folder: Path) -> Path:
    """Write ``checkpoint.safetensors`` whole or not at all.

    Args:
        state: What is to be gone on from.
        identity: Settings and data, as JSON values; :func:`read` refuses others.
        folder: Made where it is missing.

    Returns:
        The file.
    """
    parts = {"model": state.model, "best": state.best, "optimizer": state.optimizer}
    tensors = {
        f"{part}/{name}": tensor.detach().cpu().contiguous().clone()
        for part, named in parts.items()
        for name, tensor in named.items()
    }
    facts = {
        "format": _FORMAT,
        "identity": dict(identity),
        "epochs": [asdict(epoch) for epoch in state.epochs],
    }
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / FILE_NAME
    weights_file.write_whole(path, save(tensors, metadata={"training": json.dumps(facts)}))
    return path


def read(folder: Path, identity: Mapping[str, Any]) -> State | None:
    """The state that was written, or ``None`` where none was.

    Raises:
        UsageError: It is of other settings or other data than ``identity`` says.
        ModelDamagedError: The file cannot be read.
    """
    path = folder / FILE_NAME
    if not path.is_file():
        return None
    try:
        with safe_open(path, framework="pt") as file:
            facts = json.loads(file.metadata()["training"])
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        found, epochs = facts["identity"], tuple(Epoch(**e) for e in facts["epochs"])
    except (SafetensorError, OSError, KeyError, TypeError, ValueError) as error:
        raise ModelDamagedError(
            "training",
            f"the checkpoint {str(path)!r} cannot be read: {error}",
            "Train without --resume; that writes it anew.",
        ) from error
    _require_same(path, found, identity)
    model, best, optimizer = (_part(tensors, p) for p in ("model", "best", "optimizer"))
    return State(model, best, optimizer, epochs)


def made(folder: Path) -> Path:
    """The folder of what is trained, made where it is missing.

    Raises:
        UsageError: It cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(
            f"{str(folder)!r} cannot hold what is trained: {error.strerror}",
            "Name another folder with --out.",
        ) from error
    return folder


def remove(folder: Path) -> None:
    """Take the checkpoint away, once what was trained is written."""
    (folder / FILE_NAME).unlink(missing_ok=True)


def _part(tensors: Tensors, part: str) -> Tensors:
    prefix = f"{part}/"
    return {n.removeprefix(prefix): t for n, t in tensors.items() if n.startswith(prefix)}


def _require_same(path: Path, found: Mapping[str, Any], wanted: Mapping[str, Any]) -> None:
    plain = json.loads(json.dumps(dict(wanted)))  # as what was read: tuples are lists
    other = [n for n in sorted({*found, *plain}) if found.get(n) != plain.get(n)]
    if other:
        said = "; ".join(f"{n} was {found.get(n)!r}, now {plain.get(n)!r}" for n in other)
        raise UsageError(
            f"the checkpoint {str(path)!r} is of another run: {said}",
            "Ask for what that run was asked for, or train without --resume.",
        )
