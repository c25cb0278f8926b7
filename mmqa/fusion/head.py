"""The classifier on fused features: P(class | s) = softmax(W·h), h the sum or the concatenation.

Knows: both ways to make h, the softmax, what each modality adds to a class, and the one file that W
lies in. Refuses to know: what the classes mean, and how W was fitted (``mmqa.training.head``).

With unit vectors x_m, presence p_m ∈ {0, 1} and zeros where a modality is missing::

    sum              h = [ Σ_m p_m·x_m ; p ]        logit_c = Σ_m p_m · (⟨w_c, x_m⟩ + v_cm) + b_c
    concatenation    h = [ (p_m·x_m)_m ; p ]        logit_c = Σ_m p_m · (⟨w_cm, x_m⟩ + v_cm) + b_c

The sum has one row w_c for all modalities, so what one modality learns holds for the others; that
is right as far as they share a space. The concatenation has a row for each. Presence is part of h,
so that a missing modality is told from a vector that says nothing; with none at all the classes
have their share of the fitting set, softmax(b). Both are linear, so the part of each modality in a
logit is exact.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, TypeAlias, get_args

import numpy as np
from numpy.typing import NDArray

from mmqa import weights_file
from mmqa.records import Features, Floats, Modality

Joining: TypeAlias = Literal["sum", "concatenation"]
JOININGS: tuple[Joining, ...] = get_args(Joining)
FILE_NAME = "head.safetensors"

_REMEDY = "Train it again with `mmqa train head`."


@dataclass(frozen=True, slots=True, eq=False)
class HeadWeights:
    """W, taken apart by k modalities, c classes, d wide.

    Attributes:
        joining: How h is made.
        modalities: Order of the modalities below.
        classes: Names.
        rows: float32 (k, c, d): w_cm; of a sum all k are the same.
        presence: float32 (k, c): v_cm.
        bias: float32 (c,): b_c.
        encoders: Role → fingerprint of what made the vectors that it was fitted to.
        trained: What it was trained on and how well it does, for people; plain values.
        fingerprint: Digest of the file; empty before it is written.
    """

    joining: Joining
    modalities: tuple[Modality, ...]
    classes: tuple[str, ...]
    rows: Floats
    presence: Floats
    bias: Floats
    encoders: Mapping[str, str] = field(default_factory=dict)
    trained: Mapping[str, Any] = field(default_factory=dict)
    fingerprint: str = ""


class Head:
    """A classifier of segments, or of anything that has :class:`mmqa.records.Features`.

    Args:
        weights: What was fitted.

    >>> weights = HeadWeights(
    ...     "sum", ("text",), ("good", "bad"), np.array([[[2.0, 0.0], [0.0, 0.0]]], np.float32),
    ...     np.zeros((1, 2), np.float32), np.zeros(2, np.float32))
    >>> said = Features({"text": np.array([1.0, 0.0], np.float32)})
    >>> Head(weights).probabilities([said]).round(3).tolist()  # e² / (e² + 1)
    [[0.8809999823570251, 0.11900000274181366]]
    """

    def __init__(self, weights: HeadWeights) -> None:
        self.weights = weights

    @property
    def classes(self) -> tuple[str, ...]:
        """Names, in the order of all columns."""
        return self.weights.classes

    @property
    def fingerprint(self) -> str:
        """Digest of the weights' file."""
        return self.weights.fingerprint

    def contributions(self, features: Sequence[Features]) -> dict[Modality, Floats]:
        """What each modality adds to each logit: modality → float32 (n, c); 0 where missing.

        With ``weights.bias`` they sum to :meth:`logits` exactly.

        Raises:
            ValueError: A vector has another length than the fit.
        """
        found: dict[Modality, Floats] = {}
        for place, modality in enumerate(self.weights.modalities):
            added = np.zeros((len(features), len(self.classes)), np.float32)
            rows = [row for row, one in enumerate(features) if modality in one.vectors]
            if rows:
                vectors = np.stack([self._checked(modality, features[row]) for row in rows])
                added[rows] = vectors @ self.weights.rows[place].T + self.weights.presence[place]
            found[modality] = added
        return found

    def logits(self, features: Sequence[Features]) -> Floats:
        """W·h, float32 (n, c)."""
        total = np.tile(self.weights.bias, (len(features), 1))
        for added in self.contributions(features).values():
            total += added
        return total

    def probabilities(self, features: Sequence[Features]) -> Floats:
        """softmax(W·h), float32 (n, c), rows that sum to 1."""
        logits = self.logits(features)
        raised = np.exp(logits - logits.max(axis=1, keepdims=True))
        shares: Floats = raised / raised.sum(axis=1, keepdims=True)
        return shares

    def best(self, features: Sequence[Features]) -> list[tuple[str, float]]:
        """The most probable class of each, with its probability."""
        chances = self.probabilities(features)
        places: NDArray[np.int64] = chances.argmax(axis=1)
        return [
            (self.classes[place], float(chances[row, place])) for row, place in enumerate(places)
        ]

    def _checked(self, modality: Modality, one: Features) -> Floats:
        vector, width = one.vectors[modality], self.weights.rows.shape[2]
        if vector.shape != (width,):
            raise ValueError(f"a {modality} vector has shape {vector.shape}, not ({width},)")
        return vector


def load(folder: Path) -> Head:
    """The head that ``mmqa train head`` wrote into a folder.

    Raises:
        ModelMissingError: There is none.
        ModelDamagedError: It cannot be read.
    """
    return weights_file.read(
        folder / FILE_NAME,
        lambda *found: Head(_weights(*found)),
        role="head",
        name="classifier",
        remedy=_REMEDY,
    )


def write(weights: HeadWeights, folder: Path) -> Path:
    """Write ``head.safetensors`` whole or not at all; of a sum one row a class is stored.

    Returns:
        The file.
    """
    rows = weights.rows[:1] if weights.joining == "sum" else weights.rows
    tensors = {"rows": rows, "presence": weights.presence, "bias": weights.bias}
    settings = {
        "joining": weights.joining,
        "modalities": list(weights.modalities),
        "classes": list(weights.classes),
        "encoders": dict(sorted(weights.encoders.items())),
        "trained": dict(weights.trained),
    }
    plain = {name: np.ascontiguousarray(t, np.float32) for name, t in tensors.items()}
    return weights_file.write(folder / FILE_NAME, plain, settings)


def _weights(tensors: dict[str, Any], settings: dict[str, Any], digest: str) -> HeadWeights:
    modalities, classes = tuple(settings["modalities"]), tuple(settings["classes"])
    rows, presence, bias = tensors["rows"], tensors["presence"], tensors["bias"]
    k, c = len(modalities), len(classes)
    if settings["joining"] not in JOININGS:
        raise ValueError(f"h is joined by {settings['joining']!r}")
    if settings["joining"] == "sum":
        rows = np.broadcast_to(rows, (k, *rows.shape[1:]))
    if rows.shape[:2] != (k, c) or presence.shape != (k, c) or bias.shape != (c,):
        raise ValueError(f"the shapes {rows.shape}, {presence.shape}, {bias.shape} do not fit")
    return HeadWeights(
        joining=settings["joining"],
        modalities=modalities,
        classes=classes,
        rows=rows,
        presence=presence,
        bias=bias,
        encoders=dict(settings["encoders"]),
        trained=dict(settings["trained"]),
        fingerprint=digest,
    )
