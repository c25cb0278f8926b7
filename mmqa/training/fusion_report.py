"""What training a fuser came to, in figures and sentences, beside what ``concat`` finds.

Knows: which figures are told. Refuses to know: how anything is trained.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from mmqa.fusion.concat import ConcatFuser
from mmqa.fusion.fitted import Method
from mmqa.records import MODALITIES, Features, Floats, Modality
from mmqa.training.fusion_data import FusionData
from mmqa.training.fusion_tables import ndcg
from mmqa.training.loop import Outcome


@dataclass(frozen=True, slots=True)
class FusionFit:
    """What a training run did.

    Attributes:
        path: The weights that were written.
        method: ``weighted`` or ``attention``.
        fingerprint: Digest of the file.
        size_bytes: Size of the file.
        segments: What could be found.
        questions: Questions learned from.
        kept_back: Questions that chose when to stop.
        concat: nDCG@10 of those with the fuser ``concat``, evenly weighed, by condition.
        before: The same before training.
        after: And after it.
        outcome: Epoch by epoch.
    """

    path: Path
    method: Method
    fingerprint: str
    size_bytes: int
    segments: int
    questions: int
    kept_back: int
    concat: Mapping[str, float]
    before: Mapping[str, float]
    after: Mapping[str, float]
    outcome: Outcome

    @property
    def passed(self) -> bool:
        """Always: a fit promises no figure."""
        return True

    def to_json(self) -> dict[str, Any]:
        """Plain values, for ``--json``."""
        names = ("method", "fingerprint", "size_bytes", "segments", "questions", "kept_back")
        return {
            "path": str(self.path),
            **{n: getattr(self, n) for n in names},
            "concat": dict(self.concat),
            "before": dict(self.before),
            "after": dict(self.after),
            "epochs": len(self.outcome.epochs) - 1,
            "best_epoch": self.outcome.best.number,
            "ended": self.outcome.ended,
            "device": self.outcome.device,
        }

    def lines(self) -> list[str]:
        """Sentences for people."""
        out = self.outcome
        return [
            f"Trained {self.method} on {self.questions} questions to {self.segments} segments "
            f"({out.ended} after {len(out.epochs) - 1} epochs on {out.device}; best was epoch "
            f"{out.best.number}).",
            f"nDCG@10 of {self.kept_back} questions kept back, which also chose the epoch:",
            *(
                f"  {name}: {self.before[name]:.3f} before, {value:.3f} after; "
                f"concat {self.concat[name]:.3f}"
                for name, value in self.after.items()
            ),
            *self._advice(),
            f"Wrote {self.path} ({self.size_bytes / 1e6:.2f} MB, fingerprint {self.fingerprint}).",
        ]

    def _advice(self) -> list[str]:
        if self.after["whole"] > self.concat["whole"]:
            return []
        return ['On these questions concat finds more: keep fusion = "concat".']


def of_concat(data: FusionData, bank: Floats) -> dict[str, float]:
    """What ``concat`` reaches on the questions kept back, by the same conditions and measure."""
    fuser = ConcatFuser(bank.shape[1])
    known = fuser.calibrate(bank, data.segments)
    even: dict[Modality, float] = dict.fromkeys(MODALITIES, 0.5)
    asked = [q for q, kept in zip(data.questions, data.kept_back, strict=True) if kept]
    by_words = [q for q in asked if q.asked_by == "words"]
    questions = np.stack(
        [
            fuser.fuse_question(Features(dict.fromkeys(MODALITIES, q.vector)), even, known)
            for q in by_words
        ]
    )
    answers = torch.zeros((len(by_words), len(data.segments)), dtype=torch.bool)
    for row, q in enumerate(by_words):
        answers[row, list(q.segments)] = True
    conditions: dict[str, Sequence[Features]] = {"whole": data.segments}
    for modality in MODALITIES:
        conditions[f"without {modality}"] = [_without(one, modality) for one in data.segments]
    return {
        name: float(ndcg(torch.from_numpy(questions @ fuser.fuse(found).T), answers).mean())
        for name, found in conditions.items()
    }


def _without(features: Features, modality: Modality) -> Features:
    """A modality less, unless it is the last one."""
    left = {m: v for m, v in features.vectors.items() if m != modality} or features.vectors
    return replace(features, vectors=left)
