"""What training a classifier came to: accuracy on examples that it never saw.

Knows: the figures. Refuses to know: how anything is trained.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mmqa.evaluation.report import Figure, wilson
from mmqa.fusion.head import Head, HeadWeights, Joining
from mmqa.records import Features, Modality
from mmqa.training.labelled import Labelled, Side
from mmqa.training.loop import Outcome


@dataclass(frozen=True, slots=True)
class HeadFit:
    """What a training run did.

    Attributes:
        path: The weights that were written.
        fingerprint: Digest of the file.
        classes: Names.
        sizes: Side → examples.
        figures: Accuracy on the test side, as it is and with modalities withheld.
        outcome: Epoch by epoch.
        joining: How h is made.
        size_bytes: Size of the file.
        refused: Rows that could not be used, a sentence each.
    """

    path: Path
    fingerprint: str
    classes: tuple[str, ...]
    sizes: Mapping[str, int]
    figures: tuple[Figure, ...]
    outcome: Outcome
    joining: Joining
    size_bytes: int
    refused: tuple[str, ...] = ()

    @property
    def passed(self) -> bool:
        """Always: a fit promises no figure."""
        return True

    def to_json(self) -> dict[str, Any]:
        """Plain values, for ``--json``."""
        names = ("fingerprint", "joining", "size_bytes")
        return {
            "path": str(self.path),
            **{name: getattr(self, name) for name in names},
            "classes": list(self.classes),
            "sizes": dict(self.sizes),
            "figures": [figure.to_json() for figure in self.figures],
            "epochs": len(self.outcome.epochs) - 1,
            "best_epoch": self.outcome.best.number,
            "ended": self.outcome.ended,
            "device": self.outcome.device,
            "refused": list(self.refused),
        }

    def lines(self) -> list[str]:
        """Sentences for people."""
        out, sizes = self.outcome, self.sizes
        return [
            f"Trained {len(self.classes)} classes ({self.joining}) on {sizes['train']} examples; "
            f"{sizes['development']} chose epoch {out.best.number} of {len(out.epochs) - 1} "
            f"({out.ended}, on {out.device}); {sizes['test']} were kept for this:",
            *(f"  {figure.line()}" for figure in self.figures),
            *(f"  not used: {line}" for line in self.refused),
            f"Wrote {self.path} ({self.size_bytes / 1e3:.0f} kB, fingerprint {self.fingerprint}).",
        ]


def measured(weights: HeadWeights, data: Labelled) -> tuple[Figure, ...]:
    """Accuracy on the test side: as it is, by each modality alone, and without each."""
    tested = places(data.sides, "test")
    examples = [data.features[row] for row in tested]
    labels = [data.examples[row].label for row in tested]
    fitted = Counter(data.examples[row].label for row in places(data.sides, "train"))
    commonest = fitted.most_common(1)[0][0]
    chance = labels.count(commonest) / len(labels)
    head = Head(weights)
    figures = [_accuracy("accuracy", head, examples, labels, chance)]
    for modality in weights.modalities:
        there = [row for row, one in enumerate(examples) if modality in one.vectors]
        alone = [only(examples[row], [modality]) for row in there]
        said = [labels[row] for row in there]
        if there and len(weights.modalities) > 1:
            chance_there = said.count(commonest) / len(said)
            figures.append(_accuracy(f"{modality} alone", head, alone, said, chance_there))
    for modality in weights.modalities if len(weights.modalities) > 1 else ():
        others = [m for m in weights.modalities if m != modality]
        less = [only(one, others) for one in examples]
        figures.append(_accuracy(f"without {modality}", head, less, labels, chance))
    return tuple(figures)


def only(features: Features, modalities: Sequence[Modality]) -> Features:
    """Features with some modalities, the others withheld."""
    return Features({m: v for m, v in features.vectors.items() if m in modalities})


def _accuracy(
    name: str, head: Head, features: Sequence[Features], labels: Sequence[str], chance: float
) -> Figure:
    said = [label for label, _ in head.best(features)]
    right = sum(a == b for a, b in zip(said, labels, strict=True))
    low, high = wilson(right, len(labels))
    return Figure(name, right / len(labels), len(labels), low, high, chance=chance)


def places(sides: Sequence[Side], side: Side) -> NDArray[np.int64]:
    """Numbers of the examples of a side."""
    return np.array([row for row, one in enumerate(sides) if one == side], np.int64)
