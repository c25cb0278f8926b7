"""The mapping's weights as one safetensors file: its tensors, its settings, its words.

Knows: names, shapes and types of what is stored, and that the file is read with NumPy alone.
Refuses to know: how the numbers are used (``closed_form``) or fitted
(``mmqa.training.mapping``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mmqa import weights_file
from mmqa.records import Calibration, Channel, Floats

FILE_NAME = "embedded.safetensors"
FOLDER = Path(__file__).parent / "weights"
_BYTES = ("axes", "landmarks", "coefficients", "classes", "bank", "picture_bank")
_WHOLE = ("offset", "usual", "spread")
_NUMBERS = ("gamma", "temperature", "named_share", "drawn_share", "drawn_temperature")
_REMEDY = "Fit it again with `mmqa train mapping --closed-form`, or reinstall mmqa."


@dataclass(frozen=True, slots=True, eq=False)
class Weights:
    """Everything that the closed-form mapping was fitted to.

    Attributes:
        offset: float32 (z,), mean of the regression's inputs over the fitting set.
        axes: float32 (z, r), their principal axes, the later ones stretched.
        landmarks: float32 (m, r), the inputs that the kernel compares with.
        coefficients: float32 (m, d), what each landmark contributes.
        gamma: Width γ of the kernel exp(−γ·|x − y|²), > 0.
        classes: float32 (c, d), centred embeddings of the classifier's class names (ConSE).
        bank: float32 (n, d), unit rows: the fixed text bank, and the vectors of ``words``.
        picture_bank: float32 (p, d), unit rows: pictures of the fitting set, each mapped by a fit
            that did not see its concept.
        usual: float32 (c,), mean centred log probability of each class over drawings.
        spread: float32 (c,), its deviation, > 0.
        words: n words or short phrases that the bank's rows say.
        temperature: Softmax temperature of the class probabilities, > 0.
        named_share: Weight of ConSE times its length, beside the regression.
        drawn_share: Weight of ConSE as it is for drawings.
        drawn_temperature: Its softmax temperature, > 0.
        calibration: Channel → how unrelated segments score when a picture is the question.
        encoders: Role → fingerprint of the encoder that the fit used.
        fingerprint: Digest of the file; empty before it is written.
    """

    offset: Floats
    axes: Floats
    landmarks: Floats
    coefficients: Floats
    gamma: float
    classes: Floats
    bank: Floats
    picture_bank: Floats
    usual: Floats
    spread: Floats
    words: tuple[str, ...]
    temperature: float
    named_share: float
    drawn_share: float
    drawn_temperature: float
    calibration: Mapping[Channel, Calibration]
    encoders: Mapping[str, str] = field(default_factory=dict)
    fingerprint: str = ""


def read(folder: Path | None = None) -> Weights:
    """Read ``embedded.safetensors`` from ``folder``, or the one that ships with the package.

    Raises:
        ModelMissingError: There is no such file.
        ModelDamagedError: The file is no safetensors file, or lacks a tensor.
    """
    path = (folder or FOLDER) / FILE_NAME
    return weights_file.read(path, _weights, role="mapping", name="mapping", remedy=_REMEDY)


def write(weights: Weights, folder: Path) -> Path:
    """Write ``embedded.safetensors`` whole or not at all.

    The matrices are stored as int8 with a scale a row (cosine to the original above 0.9999; the
    recall in cross-validation stays within 0.003), so that the file stays below 6 MB.

    Returns:
        The file.
    """
    tensors = {name: getattr(weights, name).astype(np.float32) for name in _WHOLE}
    for name in _BYTES:
        tensors[name], tensors[f"{name}.scale"] = to_bytes(getattr(weights, name))
    tensors["words"] = np.frombuffer("\n".join(weights.words).encode(), dtype=np.uint8).copy()
    calibration = {m: [c.mu, c.sigma] for m, c in sorted(weights.calibration.items())}
    settings = {
        **{name: getattr(weights, name) for name in _NUMBERS},
        "calibration": calibration,
        "encoders": dict(sorted(weights.encoders.items())),
    }
    return weights_file.write(folder / FILE_NAME, tensors, settings)


def to_bytes(rows: Floats) -> tuple[NDArray[np.int8], Floats]:
    """Rows as int8 (n, d) and their scales float32 (n,); the largest entry of a row becomes ±127.

    >>> to_bytes(np.array([[0.0, 0.5, -1.0]], np.float32))[0].tolist()
    [[0, 64, -127]]
    """
    scale = np.maximum(np.abs(rows).max(axis=1), 1e-12).astype(np.float32) / 127
    return np.rint(rows / scale[:, None]).astype(np.int8), scale


def from_bytes(rows: NDArray[np.int8], scale: Floats) -> Floats:
    """What :func:`to_bytes` stored, as float32 (n, d)."""
    restored: Floats = rows.astype(np.float32) * scale[:, None]
    return restored


def _weights(tensors: dict[str, Any], settings: dict[str, object], digest: str) -> Weights:
    calibration = settings["calibration"]
    encoders = settings["encoders"]
    if not isinstance(calibration, dict) or not isinstance(encoders, dict):
        raise ValueError("the settings are not as expected")
    numbers = {name: float(str(settings[name])) for name in _NUMBERS}
    return Weights(
        **{name: tensors[name].astype(np.float32) for name in _WHOLE},
        axes=from_bytes(tensors["axes"], tensors["axes.scale"]),
        landmarks=from_bytes(tensors["landmarks"], tensors["landmarks.scale"]),
        coefficients=from_bytes(tensors["coefficients"], tensors["coefficients.scale"]),
        classes=from_bytes(tensors["classes"], tensors["classes.scale"]),
        bank=_unit(from_bytes(tensors["bank"], tensors["bank.scale"])),
        picture_bank=_unit(from_bytes(tensors["picture_bank"], tensors["picture_bank.scale"])),
        gamma=numbers["gamma"],
        temperature=numbers["temperature"],
        named_share=numbers["named_share"],
        drawn_share=numbers["drawn_share"],
        drawn_temperature=numbers["drawn_temperature"],
        words=tuple(tensors["words"].tobytes().decode().split("\n")),
        calibration={m: Calibration(float(c[0]), float(c[1])) for m, c in calibration.items()},
        encoders=encoders,
        fingerprint=digest,
    )


def _unit(rows: Floats) -> Floats:
    unit: Floats = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    return unit
