"""Trains a fuser into one vector, ``weighted`` or ``attention``, from questions and segments.

Knows: the loss, what is hidden from it, and when training stops. Refuses to know: where questions
come from, and how a step is made (``loop``).

The loss is symmetric InfoNCE (van den Oord et al. 2018, eq. 4; both directions as in CLIP, Radford
et al. 2021, §2.3), with a learned temperature τ, on what search computes::

    logit(q, s) = (⟨M_q·q, z_s⟩ − h_s) / τ

The wrong answers of a question are those of the other questions of its batch, and the hardest ones
of the whole collection, found anew before each epoch. Segments of the right answer's group are
never wrong. *Modality dropout*: in each batch each modality is taken away from each segment with
some chance, never the last one, so that every mixture of missing modalities is trained on; the one
that a question was made from goes more often, or copying words would be all there is to learn.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor, nn

from mmqa.fusion.attention import AttentionFuser
from mmqa.fusion.fitted import FusionWeights, Method, read, write
from mmqa.fusion.one_vector import OneVectorFuser
from mmqa.fusion.weighted import WeightedFuser
from mmqa.interfaces import Cancelled, Progress
from mmqa.records import MODALITIES, Floats
from mmqa.training import checkpoint, loop
from mmqa.training.fusion_data import FusionData
from mmqa.training.fusion_model import FusionModel, calibrated_start
from mmqa.training.fusion_report import FusionFit, of_concat
from mmqa.training.fusion_tables import FusionTables, ndcg
from mmqa.training.loop import RowNumbers, Settings


@dataclass(frozen=True, slots=True)
class FusionSettings:
    """What is particular to fusers; chosen on development data.

    Attributes:
        rank: Of each map's learned residual.
        dropout: Chance that a modality is taken away from a segment.
        source_dropout: The same for the modality that a question was made from.
        noise: Length of the noise that is added to a question of length 1.
        hard: Wrong answers a question brings along, found before each epoch.
        loop: How steps are made.
    """

    rank: int = 24
    dropout: float = 0.25
    source_dropout: float = 0.5
    noise: float = 0.1
    hard: int = 4
    loop: Settings = field(
        default_factory=lambda: Settings(epochs=20, batch=128, learning_rate=1e-3, patience=5)
    )


class FusionTraining:
    """A :class:`mmqa.training.loop.Trainable`.

    Args:
        model: What is trained.
        data: What is learned from, and what is kept back.
        settings: See there.
    """

    def __init__(self, model: FusionModel, data: FusionData, settings: FusionSettings) -> None:
        self.settings = settings
        self.model = model
        self.module = nn.ModuleDict({"model": model, "data": FusionTables(data, model.modalities)})
        self.fitted = np.flatnonzero(~data.kept_back)
        self.kept_back = np.flatnonzero(data.kept_back)
        self.hard = torch.zeros((len(data.questions), 0), dtype=torch.int64)

    @property
    def tables(self) -> FusionTables:
        """The data, on the device."""
        return cast(FusionTables, self.module["data"])

    @property
    def rows(self) -> int:
        """Questions that are learned from."""
        return len(self.fitted)

    def begin(self, epoch: int) -> None:
        """Find the hardest wrong answers of each question, as the model stands."""
        del epoch
        count = min(self.settings.hard, len(self.tables.vectors) - 1)
        fused = self._fused(self.tables.present)
        found = [
            self._scores(batch, fused)
            .masked_fill(self.tables.alike(batch), -torch.inf)
            .topk(count)[1]
            for batch in _pieces(self.fitted)
        ]
        self.hard = torch.zeros((len(self.tables.questions), count), dtype=torch.int64)
        self.hard[self.fitted] = torch.cat(found).cpu()

    def loss(self, batch: RowNumbers) -> Tensor:
        """Symmetric InfoNCE of these questions; the wrong answers found before count one way."""
        numbers = torch.from_numpy(self.fitted[batch])
        right = self.tables.one_right(numbers)
        among = torch.cat([right, self.hard[numbers].flatten().to(right.device)])
        present = self._hidden(among, numbers)
        z, hubness = self.model.segments(
            self.tables.vectors[among], present, self.tables.hubs[:, among]
        )
        asked, by_pictures = self._asked(numbers, self.settings.noise)
        logits = (asked @ z.T - hubness[by_pictures.long()]) * self.model.scale()
        own = torch.eye(len(numbers), len(among), dtype=torch.bool, device=logits.device)
        wrong = self.tables.alike(numbers, among) & ~own
        logits = logits.masked_fill(wrong, -torch.inf)
        goal = torch.arange(len(numbers), device=logits.device)
        forth = nn.functional.cross_entropy(logits, goal)
        back = nn.functional.cross_entropy(logits[:, : len(numbers)].T, goal)
        return (forth + back) / 2

    def validate(self) -> float:
        """nDCG@10 of the questions kept back: as it is, and with each modality withheld, even."""
        return float(np.mean(list(self.conditions().values())))

    def conditions(self) -> dict[str, float]:
        """nDCG@10 of the questions kept back, ``whole`` and ``without <modality>``."""
        present = self.tables.present
        found = {"whole": self._quality(present)}
        for place, modality in enumerate(self.model.modalities):
            less = present.clone()
            less[:, place] &= present.sum(dim=1) < 2  # the last one is never taken
            found[f"without {modality}"] = self._quality(less)
        return found

    def _quality(self, present: Tensor) -> float:
        fused = self._fused(present)
        gains = [
            ndcg(self._scores(batch, fused), self.tables.answers(batch))
            for batch in _pieces(self.kept_back)
        ]
        return float(torch.cat(gains).mean())

    def _fused(self, present: Tensor) -> tuple[Tensor, Tensor]:
        return self.model.segments(self.tables.vectors, present, self.tables.hubs)

    def _scores(self, numbers: Tensor, fused: tuple[Tensor, Tensor]) -> Tensor:
        z, hubness = fused
        asked, by_pictures = self._asked(numbers)
        return asked @ z.T - hubness[by_pictures.long()]

    def _asked(self, numbers: Tensor, noise: float = 0.0) -> tuple[Tensor, Tensor]:
        questions = self.tables.questions[numbers]
        if noise:
            drawn = torch.randn(questions.shape)
            drawn = nn.functional.normalize(drawn, dim=1).to(questions.device)
            questions = nn.functional.normalize(questions + noise * drawn, dim=1)
        by_pictures = self.tables.by_pictures[numbers]
        return self.model.ask(questions, by_pictures), by_pictures

    def _hidden(self, among: Tensor, numbers: Tensor) -> Tensor:
        """Presence (n, k) after modality dropout; the first rows answer the questions."""
        present = self.tables.present[among]
        chance = torch.full(present.shape, self.settings.dropout)
        sources = self.tables.sources[numbers].cpu()
        given = torch.nonzero(sources >= 0)[:, 0]
        chance[given, sources[given]] = self.settings.source_dropout
        kept = present & (torch.rand(present.shape) >= chance).to(present.device)
        return torch.where(kept.any(dim=1, keepdim=True), kept, present)


def _pieces(numbers: RowNumbers, size: int = 128) -> Iterator[Tensor]:
    for start in range(0, len(numbers), size):
        yield torch.from_numpy(numbers[start : start + size])


def train_fusion(
    data: FusionData,
    bank: Floats,
    picture_bank: Floats,
    *,
    method: Method,
    path: Path,
    encoders: Mapping[str, str],
    settings: FusionSettings | None = None,
    notes: Mapping[str, Any] | None = None,
    work: Path | None = None,
    resume: bool = False,
    progress: Progress | None = None,
    cancelled: Cancelled | None = None,
) -> FusionFit:
    """Train, and write the weights; the checkpoint is taken away at the end.

    Args:
        data: What is learned from.
        bank: float32 (b, d): words that nobody asked, for the start.
        picture_bank: float32 (p, d): pictures that nobody asked with.
        method: ``weighted`` or ``attention``.
        path: File of the weights.
        encoders: Role → fingerprint of what made the vectors.
        settings: See there.
        notes: Kept with the weights, for people.
        work: Folder of the checkpoint and the log; that of ``path`` unless given.
        resume: Go on from the checkpoint.
        progress: Told of each step.
        cancelled: Asked after each step.

    Raises:
        UsageError: The checkpoint is of another run, or CUDA is asked for and missing.
    """
    chosen = settings or FusionSettings()
    modalities = [m for m in MODALITIES if any(m in one.vectors for one in data.segments)]
    start = calibrated_start(method, data.segments, bank, picture_bank, modalities)
    training = FusionTraining(FusionModel(start, chosen.rank, chosen.loop.seed), data, chosen)
    with torch.no_grad():
        before = training.conditions()
    work = work or path.parent
    particulars = replace(chosen, loop=Settings())
    outcome = loop.train(
        training,
        chosen.loop,
        data=f"{data.digest()} {method} {particulars}",
        folder=work,
        resume=resume,
        label=f"train {method}",
        progress=progress,
        cancelled=cancelled,
    )
    with torch.no_grad():
        after = training.conditions()
    said = {
        **(notes or {}),
        "questions": training.rows,
        "segments": len(data.segments),
        "ndcg@10": {name: round(value, 4) for name, value in after.items()},
    }
    weights = replace(training.model.weights(), encoders=dict(encoders), trained=said)
    written = read(write(_with_pictures(weights, data, picture_bank), path))
    checkpoint.remove(work)
    return FusionFit(
        path=path,
        method=method,
        fingerprint=written.fingerprint,
        size_bytes=path.stat().st_size,
        segments=len(data.segments),
        questions=training.rows,
        kept_back=len(training.kept_back),
        concat=of_concat(data, bank),
        before=before,
        after=after,
        outcome=outcome,
    )


def _with_pictures(weights: FusionWeights, data: FusionData, bank: Floats) -> FusionWeights:
    """With how unrelated segments score when a picture asks."""
    known = fuser_of(weights).calibrate(bank, data.segments, asked_by="pictures")
    return replace(weights, picture_calibration=known.get("fused"))


def fuser_of(weights: FusionWeights) -> OneVectorFuser:
    """The fuser that runs by these weights."""
    return WeightedFuser(weights) if weights.method == "weighted" else AttentionFuser(weights)
