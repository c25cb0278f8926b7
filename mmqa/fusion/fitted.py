"""What a fuser into one vector was fitted to, as one safetensors file.

Knows: names, shapes and types of what is stored, and that the file is read with NumPy alone.
Refuses to know: how the numbers are used (``one_vector``) or fitted (``mmqa.training.fusion``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, TypeAlias, get_args

import numpy as np

from mmqa import weights_file
from mmqa.records import Asker, Calibration, Floats, Modality

Method: TypeAlias = Literal["weighted", "attention"]
METHODS: tuple[Method, ...] = get_args(Method)
ASKERS: tuple[Asker, ...] = ("words", "pictures")
"""Order of the rows of ``hub_shares`` and ``offsets``."""

FOLDER = Path(__file__).parent / "weights"
FILE_NAME = "fusion.safetensors"
"""Within a folder that ``mmqa train fusion`` wrote; what ships is called after its method."""

_REMEDY = 'Train it again with `mmqa train fusion`, or set fusion = "concat".'
_MAP_TENSORS = ("diagonal", "down", "up", "bias")


@dataclass(frozen=True, slots=True, eq=False)
class AffineMap:
    """x ↦ x · diag(diagonal) + x · down · up + bias: a d × d matrix near identity, kept small.

    Attributes:
        diagonal: float32 (d,), 1 before training.
        down: float32 (d, r).
        up: float32 (r, d), 0 before training.
        bias: float32 (d,), 0 before training, and always for questions: scores are linear in them.
    """

    diagonal: Floats
    down: Floats
    up: Floats
    bias: Floats

    def linear(self, rows: Floats) -> Floats:
        """M·x of each of (n, d) rows, without the bias."""
        residual: Floats = np.matmul(np.matmul(rows, self.down), self.up)
        moved: Floats = rows * self.diagonal + residual
        return moved

    def __call__(self, rows: Floats) -> Floats:
        """M·x + b of each of (n, d) rows.

        >>> halved = AffineMap(np.full(2, 0.5), np.zeros((2, 1)), np.zeros((1, 2)), np.ones(2))
        >>> halved(np.array([[2.0, 4.0]])).tolist()
        [[2.0, 3.0]]
        """
        moved: Floats = self.linear(rows) + self.bias
        return moved


def identity(width: int, rank: int = 1) -> AffineMap:
    """The map that changes nothing."""
    zeros = np.zeros((width, rank), np.float32)
    nothing = np.zeros(width, np.float32)
    return AffineMap(np.ones(width, np.float32), zeros, zeros.T.copy(), nothing)


@dataclass(frozen=True, slots=True, eq=False)
class FusionWeights:
    """Everything that a fuser into one vector was fitted to; d wide, k modalities.

    Attributes:
        method: ``weighted`` or ``attention``.
        modalities: Order of the rows below.
        question: Map of what words ask with.
        maps: Modality → map of its vectors; that of ``visual`` also takes a picture that asks.
        logits: float32 (k,): of ``weighted``, the logarithms of w_m; else empty.
        project: float32 (l, d): V of ``attention``; else empty.
        weigh: float32 (l,): u of ``attention``; else empty.
        hub_shares: float32 (2, k): how much of a modality's hubness counts, by :data:`ASKERS`.
        offsets: float32 (2, k): how much higher a modality's similarities lie than others'.
        picture_calibration: How unrelated segments score when a picture asks; ``None`` where that
            was not measured. An index measures only how unrelated words score.
        encoders: Role → fingerprint of the encoder, and of the mapping, that the fit used.
        trained: What it was trained on and how well it did, for people; plain values.
        fingerprint: Digest of the file; empty before it is written.
    """

    method: Method
    modalities: tuple[Modality, ...]
    question: AffineMap
    maps: Mapping[Modality, AffineMap]
    logits: Floats
    project: Floats
    weigh: Floats
    hub_shares: Floats
    offsets: Floats
    picture_calibration: Calibration | None = None
    encoders: Mapping[str, str] = field(default_factory=dict)
    trained: Mapping[str, Any] = field(default_factory=dict)
    fingerprint: str = ""

    @property
    def width(self) -> int:
        """Length d of one modality's vector."""
        return len(self.question.diagonal)


def path_of(folder: Path | None, method: Method | None = None) -> Path:
    """Where the weights lie: in a user's folder, or those of ``method`` that ship."""
    return folder / FILE_NAME if folder is not None else FOLDER / f"{method}.safetensors"


def read(path: Path) -> FusionWeights:
    """Read what :func:`write` wrote.

    Raises:
        ModelMissingError: There is no such file.
        ModelDamagedError: The file is no safetensors file, lacks a tensor, or its shapes do not
            belong together.
    """
    return weights_file.read(
        path,
        lambda *found: _checked(_weights(*found)),
        role="fuser",
        name="weights of the fusion",
        remedy=_REMEDY,
    )


def write(weights: FusionWeights, path: Path) -> Path:
    """Write the file whole or not at all; the fingerprint inside ``weights`` is not stored.

    Maps are stored as float16, which keeps files small; cosines stay within 0.001.
    """
    tensors = {
        f"{name}.{part}": getattr(one, part).astype(np.float16)
        for name, one in (("question", weights.question), *weights.maps.items())
        for part in _MAP_TENSORS
    }
    for name in ("logits", "project", "weigh", "hub_shares", "offsets"):
        tensors[name] = getattr(weights, name).astype(np.float32)
    known = weights.picture_calibration
    settings = {
        "method": weights.method,
        "picture_calibration": None if known is None else [known.mu, known.sigma],
        "modalities": list(weights.modalities),
        "encoders": dict(sorted(weights.encoders.items())),
        "trained": dict(weights.trained),
    }
    return weights_file.write(path, tensors, settings)


def _weights(tensors: dict[str, Any], settings: dict[str, Any], digest: str) -> FusionWeights:
    modalities: tuple[Modality, ...] = tuple(settings["modalities"])

    def one(name: str) -> AffineMap:
        return AffineMap(*(tensors[f"{name}.{part}"].astype(np.float32) for part in _MAP_TENSORS))

    known = settings["picture_calibration"]
    whole = ("logits", "project", "weigh", "hub_shares", "offsets")
    return FusionWeights(
        method=settings["method"],
        modalities=modalities,
        question=one("question"),
        maps={modality: one(modality) for modality in modalities},
        **{name: tensors[name].astype(np.float32) for name in whole},
        picture_calibration=None if known is None else Calibration(*known),
        encoders=dict(settings["encoders"]),
        trained=dict(settings["trained"]),
        fingerprint=digest,
    )


def _checked(weights: FusionWeights) -> FusionWeights:
    d, k = weights.width, len(weights.modalities)
    for one in (weights.question, *weights.maps.values()):
        r = one.down.shape[-1]
        shapes = (one.diagonal.shape, one.down.shape, one.up.shape, one.bias.shape)
        if shapes != ((d,), (d, r), (r, d), (d,)):
            raise ValueError(f"a map has the shapes {shapes}")
    if weights.method not in METHODS:
        raise ValueError(f"the method {weights.method!r} is unknown")
    if weights.hub_shares.shape != (2, k) or weights.offsets.shape != (2, k):
        raise ValueError("the shares of hubness are not two rows of one number a modality")
    if weights.method == "weighted" and weights.logits.shape != (k,):
        raise ValueError(f"the modality weights have the shape {weights.logits.shape}")
    if weights.method == "attention" and weights.project.shape != (len(weights.weigh), d):
        raise ValueError(f"the attention has the shape {weights.project.shape}")
    return weights
