"""Trains the classifier softmax(W·h) on examples with labels, and measures it on others.

Knows: cross-entropy, class weights, modality dropout, the figures. Refuses to know: what the
classes mean, where examples come from (``labelled``), and how a step is made (``loop``).

Three sides, fixed by content: what is fitted to, what chooses when to stop, what is measured on,
once, at the end. Beside the accuracy stand its interval, what always saying the commonest class
would reach, and the accuracy with each modality withheld.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import cast, get_args

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from mmqa.errors import UsageError
from mmqa.fusion import head as heads
from mmqa.fusion.head import HeadWeights, Joining
from mmqa.interfaces import Cancelled, Progress
from mmqa.records import Features, Floats, Modality
from mmqa.training import checkpoint, loop
from mmqa.training.head_report import HeadFit, measured, places
from mmqa.training.labelled import Labelled, Side
from mmqa.training.loop import RowNumbers, Settings

SCALE = 8.0
"""Vectors of length 1 are taken this long while W is fitted, so that steps and decay suit them."""

FEWEST = 10
"""Least examples that are fitted to, and least that are measured on."""


@dataclass(frozen=True, slots=True)
class HeadSettings:
    """What is particular to classifiers.

    Attributes:
        joining: ``sum`` or ``concatenation``.
        balanced: Whether each class counts as much as any other, however rare it is.
        dropout: Chance that a modality is taken away from an example, never the last one.
        smoothing: Share of the probability that is given to all classes alike.
        loop: How steps are made; ``weight_decay`` is the L2 penalty on W.
    """

    joining: Joining = "concatenation"
    balanced: bool = True
    dropout: float = 0.15
    smoothing: float = 0.02
    loop: Settings = field(
        default_factory=lambda: Settings(
            epochs=60, batch=64, learning_rate=5e-3, weight_decay=5.0, patience=15
        )
    )


class HeadTraining:
    """A :class:`mmqa.training.loop.Trainable`.

    Args:
        features: Of all examples.
        labels: int64 (n,), places in ``classes``.
        classes: Names.
        sides: Of each example; only ``train`` and ``development`` are used.
        settings: See there.
    """

    def __init__(
        self,
        features: Sequence[Features],
        labels: NDArray[np.int64],
        classes: Sequence[str],
        sides: Sequence[Side],
        settings: HeadSettings,
    ) -> None:
        self.settings, self.classes = settings, tuple(classes)
        self.modalities = tuple(
            m for m in get_args(Modality) if any(m in f.vectors for f in features)
        )
        self.fitted = places(sides, "train")
        self.chosen_by = places(sides, "development")
        shares = np.bincount(labels[self.fitted], minlength=len(classes)) / len(self.fitted)
        self.module = _Linear(*stacked(features, self.modalities), labels, shares, settings.joining)
        weights = 1 / (len(classes) * np.maximum(shares, 1e-9)) if settings.balanced else None
        self._class_weights = None if weights is None else torch.from_numpy(weights).float()

    @property
    def rows(self) -> int:
        """Examples that are fitted to."""
        return len(self.fitted)

    def begin(self, epoch: int) -> None:
        """Nothing to prepare."""

    def loss(self, batch: RowNumbers) -> Tensor:
        """Mean cross-entropy of these examples."""
        numbers = torch.from_numpy(self.fitted[batch])
        present = self.module.present[numbers]
        kept = present & (torch.rand(present.shape) >= self.settings.dropout).to(present.device)
        kept = torch.where(kept.any(dim=1, keepdim=True), kept, present)
        logits = self.module(numbers, kept)
        return self._entropy(logits, numbers, self.settings.smoothing)

    def validate(self) -> float:
        """Minus the mean cross-entropy of the examples that choose: smoother than accuracy."""
        numbers = torch.from_numpy(self.chosen_by)
        return -float(self._entropy(self.module(numbers, self.module.present[numbers]), numbers))

    def _entropy(self, logits: Tensor, numbers: Tensor, smoothing: float = 0.0) -> Tensor:
        weights = self._class_weights
        return nn.functional.cross_entropy(
            logits,
            self.module.labels[numbers],
            weight=None if weights is None else weights.to(logits.device),
            label_smoothing=smoothing,
        )

    def weights(self) -> HeadWeights:
        """What is stored, but for encoders and fingerprint."""
        count, rows = len(self.modalities), _plain(self.module.rows) * SCALE
        if self.settings.joining == "sum":
            rows = np.repeat(rows, count, axis=0)
        return HeadWeights(
            joining=self.settings.joining,
            modalities=self.modalities,
            classes=self.classes,
            rows=rows,
            presence=_plain(self.module.presence),
            bias=_plain(self.module.bias),
        )


class _Linear(nn.Module):
    """W·h, with the data as buffers."""

    vectors: Tensor
    present: Tensor
    labels: Tensor

    def __init__(
        self,
        vectors: Floats,
        present: NDArray[np.bool_],
        labels: NDArray[np.int64],
        shares: NDArray[np.float64],
        joining: Joining,
    ) -> None:
        super().__init__()
        for name, array in (("vectors", vectors), ("present", present), ("labels", labels)):
            self.register_buffer(name, torch.from_numpy(array), persistent=False)
        _, k, d = vectors.shape
        self.rows = nn.Parameter(torch.zeros(1 if joining == "sum" else k, len(shares), d))
        self.presence = nn.Parameter(torch.zeros(k, len(shares)))
        self.bias = nn.Parameter(torch.from_numpy(np.log(np.maximum(shares, 1e-4))).float())

    def forward(self, numbers: Tensor, present: Tensor) -> Tensor:
        """Logits (b, c) of these examples with these modalities."""
        seen = present.float()
        vectors = SCALE * self.vectors[numbers] * seen[..., None]
        rows = self.rows.expand(vectors.shape[1], -1, -1)
        return torch.einsum("bkd,kcd->bc", vectors, rows) + seen @ self.presence + self.bias


def train_head(
    data: Labelled,
    *,
    folder: Path,
    encoders: Mapping[str, str],
    settings: HeadSettings | None = None,
    resume: bool = False,
    progress: Progress | None = None,
    cancelled: Cancelled | None = None,
) -> HeadFit:
    """Train, measure on the test side, and write ``head.safetensors`` into ``folder``.

    Raises:
        UsageError: There are fewer than two classes, or too few examples on a side.
    """
    chosen = settings or HeadSettings()
    data = learnable(data)
    training = HeadTraining(*_table(data), data.sides, chosen)
    outcome = loop.train(
        training,
        chosen.loop,
        data=f"{digest(data)} {replace(chosen, loop=Settings())}",
        folder=folder,
        resume=resume,
        label="train head",
        progress=progress,
        cancelled=cancelled,
    )
    figures = measured(training.weights(), data)
    said = {figure.name: [round(figure.value, 4), figure.n] for figure in figures}
    weights = replace(training.weights(), encoders=dict(encoders), trained=said)
    path = heads.write(weights, folder)
    checkpoint.remove(folder)
    return HeadFit(
        path=path,
        fingerprint=heads.load(folder).fingerprint,
        classes=weights.classes,
        sizes=dict(Counter(data.sides)),
        figures=figures,
        outcome=outcome,
        joining=chosen.joining,
        size_bytes=path.stat().st_size,
        refused=data.refused,
    )


def learnable(data: Labelled) -> Labelled:
    """Without examples whose label no example that is fitted to has; they are told as refused."""
    fitted = {data.examples[row].label for row in places(data.sides, "train")}
    kept = [row for row, one in enumerate(data.examples) if one.label in fitted]
    lost = [one for one in data.examples if one.label not in fitted]
    return Labelled(
        tuple(data.examples[row] for row in kept),
        tuple(data.features[row] for row in kept),
        tuple(data.sides[row] for row in kept),
        (
            *data.refused,
            *(f"{one.where}: no example that is fitted to is {one.label!r}" for one in lost),
        ),
    )


def digest(data: Labelled) -> str:
    """Changes with anything that training depends on."""
    found = hashlib.sha256()
    for example, features, side in zip(data.examples, data.features, data.sides, strict=True):
        found.update(f"{example.label}\0{side}".encode())
        for modality, vector in sorted(features.vectors.items()):
            found.update(modality.encode() + vector.tobytes())
    return found.hexdigest()[:16]


def stacked(
    features: Sequence[Features], modalities: Sequence[Modality]
) -> tuple[Floats, NDArray[np.bool_]]:
    """Vectors (n, k, d), zero where missing, and presence (n, k)."""
    width = next(len(v) for one in features for v in one.vectors.values())
    vectors = np.zeros((len(features), len(modalities), width), np.float32)
    present = np.zeros(vectors.shape[:2], np.bool_)
    for row, one in enumerate(features):
        for place, modality in enumerate(modalities):
            if modality in one.vectors:
                vectors[row, place], present[row, place] = one.vectors[modality], True
    return vectors, present


def _table(data: Labelled) -> tuple[Sequence[Features], NDArray[np.int64], list[str]]:
    """Features, labels as numbers, class names; checked."""
    sizes = Counter(data.sides)
    if min(sizes["train"], sizes["test"]) < FEWEST or not sizes["development"]:
        raise UsageError(
            f"{len(data.sides)} examples are too few: {sizes['train']} to fit to, "
            f"{sizes['development']} to choose by, {sizes['test']} to measure on",
            f"Give more; {FEWEST} to fit to and {FEWEST} to measure on are the least.",
        )
    labels = [one.label for one in data.examples]
    classes = sorted({labels[row] for row in places(data.sides, "train")})
    if len(classes) < 2:
        raise UsageError(
            f"all examples that are fitted to have the label {classes[0]!r}",
            "Give examples of two classes or more.",
        )
    number = {name: place for place, name in enumerate(classes)}
    return data.features, np.array([number[label] for label in labels], np.int64), classes


def _plain(tensor: Tensor) -> Floats:
    return cast(Floats, tensor.detach().cpu().numpy().copy())
