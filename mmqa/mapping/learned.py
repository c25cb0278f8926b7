"""A mapping that a user trained: the shipped one plus what their own pairs taught, in NumPy alone.

Knows: the formula, and what the file ``mapping.safetensors`` holds. Refuses to know: how numbers
were trained, and any deep-learning library.

With b the unit vector that the shipped mapping gives a picture, and x its features on principal
axes, the picture's vector is ``normalize(normalize(b + δ(x, b)) − c·p̄)``. Every δ is 0 before
training, so that a mapping starts as the shipped one and little data cannot ruin it:

- ``closed-form``: δ = K(x, L)·B, kernel ridge regression on what the shipped mapping left over;
- ``linear``: δ = [x, b]·A + a;
- ``mlp``: δ = relu([x, b]·A₁ + a₁)·A₂ + a₂.

Words ask pictures with ``normalize((q − c·t̄)·(I + D))``, a linear tower near the identity; pictures
ask words with its transpose. p̄ and t̄ are the means of the fitted pictures and texts: taking a share
c of them away closes the modality gap (Liang et al. 2022, "Mind the Gap", §4).

A folder holds ``mapping.safetensors`` and, unchanged, the file of the shipped mapping that it was
trained on, so that a newer mmqa with other shipped weights still maps as before.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np

from mmqa import weights_file
from mmqa.errors import ModelDamagedError, ModelError
from mmqa.mapping import closed_form, shipped
from mmqa.mapping.closed_form import ClosedFormMapping, inputs, kernel, normalize
from mmqa.records import Calibration, Channel, Floats, ImageFeatures

FILE_NAME = "mapping.safetensors"
REMEDY = "Train it again with `mmqa train mapping`, or set mapping to another folder."
_FORMAT = 1

Method = Literal["closed-form", "linear", "mlp"]
METHODS: tuple[Method, ...] = get_args(Method)

RESIDUAL: dict[Method, tuple[str, ...]] = {
    "closed-form": ("landmarks", "coefficients"),
    "linear": ("weight", "bias"),
    "mlp": ("weight_1", "bias_1", "weight_2", "bias_2"),
}
"""The tensors of δ, a method each."""
_SHARED = ("offset", "axes", "tower", "picture_mean", "text_mean", "picture_bank", "probe")
_CLOSE = 1e-3  # machines round differently; another formula is farther away than that


@dataclass(frozen=True, slots=True, eq=False)
class Learned:
    """Everything that was trained on top of the shipped mapping.

    Attributes:
        method: Which δ.
        base: Fingerprint of the shipped mapping's file.
        offset: float32 (z,), mean of the regression's inputs over the fitted pictures.
        axes: float32 (z, r), their principal axes.
        residual: Name → tensor of δ; see :data:`RESIDUAL`.
        gamma: Width γ of the kernel; unused but by ``closed-form``.
        tower: float32 (d, d), D of the text tower I + D.
        picture_mean: float32 (d,), mean of the fitted pictures' vectors.
        text_mean: float32 (d,), mean of the fitted texts' vectors.
        centring: Share c of the means that is taken away, 0–1.
        picture_bank: float32 (m, d), unit rows: mapped pictures that were not fitted to.
        calibration: Channel → how unrelated segments score when a picture is the question.
        encoders: Role → fingerprints of the encoder that training used, with spaces between them.
        facts: What is worth knowing about the training: sizes, figures, where the bank came from.
        probe: float32 (2, d), what :func:`probe` gave for the shipped mapping; empty where
            that is not to be checked.
        fingerprint: Digest of the file; empty before it is written.
    """

    method: Method
    base: str
    offset: Floats
    axes: Floats
    residual: Mapping[str, Floats]
    tower: Floats
    picture_mean: Floats
    text_mean: Floats
    picture_bank: Floats
    calibration: Mapping[Channel, Calibration]
    gamma: float = 1.0
    centring: float = 0.0
    encoders: Mapping[str, str] = field(default_factory=dict)
    facts: Mapping[str, Any] = field(default_factory=dict)
    probe: Floats = field(default_factory=lambda: np.zeros((0, 0), np.float32))
    fingerprint: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class LearnedMapping:
    """A :class:`mmqa.interfaces.CrossModalMapping`: the shipped mapping and what was learned.

    Attributes:
        base: The mapping that was trained on top of.
        learned: What was trained.
    """

    base: ClosedFormMapping
    learned: Learned

    @property
    def fingerprint(self) -> str:
        """Digest of the file, which names the shipped mapping below it."""
        return f"{self.learned.method}-{self.learned.fingerprint}"

    @property
    def bank(self) -> Floats:
        """The shipped mapping's text bank, float32 (n, d), unit rows."""
        return self.base.bank

    @property
    def picture_bank(self) -> Floats:
        """Mapped pictures that were not fitted to, float32 (m, d); ``facts`` say which."""
        return self.learned.picture_bank

    @property
    def picture_calibration(self) -> Mapping[Channel, Calibration]:
        """How unrelated segments score, hubness taken away, when a picture is the question."""
        return self.learned.calibration

    def map(self, features: ImageFeatures) -> Floats:
        """Map n pictures to float32 (n, d), each of unit length.

        Raises:
            ModelError: The features have no probabilities, or not the widths of the training.
        """
        based = self.base.map(features)
        z = inputs(features)
        if z.shape[1] != len(self.learned.offset):
            raise ModelError(
                "mapping",
                f"the image features are {z.shape[1]} wide, the mapping was trained on "
                f"{len(self.learned.offset)}",
                "Use the image encoder that it was trained with, or train it again.",
            )
        x: Floats = np.matmul(z - self.learned.offset, self.learned.axes)
        mapped = normalize(based + residual(self.learned, x, based))
        moved = normalize(mapped - self.learned.centring * self.learned.picture_mean)
        return moved.astype(np.float32)

    def hubness(self, vectors: Floats) -> Floats:
        """Half the mean similarity of each of (n, d) rows to its 10 nearest of the text bank."""
        return closed_form.hubness(vectors, self.bank)

    def picture_hubness(self, vectors: Floats) -> Floats:
        """The same among the picture bank: counts where a picture asks."""
        return closed_form.hubness(vectors, self.picture_bank)

    def ask_pictures(self, vectors: Floats) -> Floats:
        """Vectors of words (n, d) → as they ask mapped pictures: the text tower, unit rows."""
        centred = vectors - self.learned.centring * self.learned.text_mean
        return normalize(centred + centred @ self.learned.tower).astype(np.float32)

    def ask_words(self, vectors: Floats) -> Floats:
        """Mapped pictures (n, d) → as they ask vectors of words: the tower's transpose."""
        return normalize(vectors + vectors @ self.learned.tower.T).astype(np.float32)


def residual(learned: Learned, x: Floats, based: Floats) -> Floats:
    """δ of n pictures, float32 (n, d), from features on axes (n, r) and shipped vectors (n, d)."""
    tensors = learned.residual
    if learned.method == "closed-form":
        near = kernel(x, tensors["landmarks"], learned.gamma)
        return np.asarray(near @ tensors["coefficients"], np.float32)
    both = np.concatenate([x, based], axis=1)
    if learned.method == "linear":
        return np.asarray(both @ tensors["weight"] + tensors["bias"], np.float32)
    hidden = np.maximum(both @ tensors["weight_1"] + tensors["bias_1"], 0)
    return np.asarray(hidden @ tensors["weight_2"] + tensors["bias_2"], np.float32)


def load(folder: Path) -> LearnedMapping:
    """The mapping that :func:`write` wrote to ``folder``.

    Raises:
        ModelMissingError: One of the two files is not there.
        ModelDamagedError: One cannot be read, or the two do not belong together.
        ModelError: This mmqa computes the shipped mapping by another formula than the training's.
    """
    learned = read(folder)
    base = closed_form.load(folder)
    if base.weights.fingerprint != learned.base:
        raise ModelDamagedError(
            "mapping",
            f"{str(folder / shipped.FILE_NAME)!r} is not the mapping that {FILE_NAME} was trained "
            f"on ({base.weights.fingerprint} instead of {learned.base})",
            REMEDY,
        )
    if learned.probe.size and not np.allclose(probe(base), learned.probe, atol=_CLOSE):
        raise ModelError(
            "mapping",
            f"the mapping in {str(folder)!r} was trained by another version of mmqa, whose shipped "
            "mapping works by another formula",
            REMEDY,
        )
    return LearnedMapping(base, learned)


def probe(base: ClosedFormMapping) -> Floats:
    """What the shipped mapping makes of features that look like nothing, float32 (2, d).

    Its weights' digest says that the numbers are the same; this, that what is done with them is.
    """
    classes = len(base.weights.classes)
    width = len(base.weights.offset) - classes
    pooled = (np.arange(2 * width).reshape(2, width) * 37 % 101 / 50).astype(np.float32)
    chances = 1 / (1 + np.arange(2 * classes).reshape(2, classes) * 53 % 97)
    chances /= chances.sum(axis=1, keepdims=True)
    return base.map(ImageFeatures(pooled, chances.astype(np.float32)))


def read(folder: Path) -> Learned:
    """Read ``mapping.safetensors``.

    Raises:
        ModelMissingError: There is no such file.
        ModelDamagedError: It is no safetensors file, or lacks something.
    """
    path = folder / FILE_NAME
    return weights_file.read(path, _learned, role="mapping", name="trained mapping", remedy=REMEDY)


def write(learned: Learned, folder: Path, base: bytes) -> Path:
    """Write the folder: the shipped mapping first, then what was trained, each whole or not at all.

    Args:
        learned: What was trained.
        folder: Made where it is missing.
        base: Content of the shipped mapping's file.

    Returns:
        ``mapping.safetensors``.
    """
    tensors = {name: _stored(getattr(learned, name)) for name in _SHARED}
    tensors |= {f"residual.{name}": _stored(value) for name, value in learned.residual.items()}
    settings = {
        "format": _FORMAT,
        "method": learned.method,
        "base": learned.base,
        "gamma": learned.gamma,
        "centring": learned.centring,
        "calibration": {m: [c.mu, c.sigma] for m, c in sorted(learned.calibration.items())},
        "encoders": dict(sorted(learned.encoders.items())),
        "facts": dict(learned.facts),
    }
    folder.mkdir(parents=True, exist_ok=True)
    weights_file.write_whole(folder / shipped.FILE_NAME, base)
    return weights_file.write(folder / FILE_NAME, tensors, settings)


def _stored(values: Floats) -> Floats:
    return np.ascontiguousarray(values, dtype=np.float32)


def _learned(tensors: Mapping[str, Floats], settings: Mapping[str, Any], digest: str) -> Learned:
    method: Method = settings["method"]
    if settings["format"] != _FORMAT or method not in METHODS:
        raise ValueError(f"format {settings['format']}, method {method!r} are not known")
    return Learned(
        method=method,
        base=str(settings["base"]),
        **{name: tensors[name] for name in _SHARED},
        residual={name: tensors[f"residual.{name}"] for name in RESIDUAL[method]},
        gamma=float(settings["gamma"]),
        centring=float(settings["centring"]),
        calibration={
            m: Calibration(float(c[0]), float(c[1])) for m, c in settings["calibration"].items()
        },
        encoders=dict(settings["encoders"]),
        facts=dict(settings["facts"]),
        fingerprint=digest,
    )
