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

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from mmqa.fusion.attention import AttentionFuser
from mmqa.fusion.concat import ConcatFuser
from mmqa.fusion.fitted import FusionWeights, Method, read, write
from mmqa.fusion.one_vector import OneVectorFuser
from mmqa.fusion.weighted import WeightedFuser
from mmqa.interfaces import Cancelled, Progress
from mmqa.records import MODALITIES, Features, Floats, Modality
from mmqa.training import checkpoint, loop
from mmqa.training.fusion_data import FusionData
from mmqa.training.fusion_model import FusionModel, calibrated_start
from mmqa.training.loop import Outcome, RowNumbers, Settings

CUTOFF = 10
"""Of nDCG, the metric that training stops by."""


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
        self.module = nn.ModuleDict({"model": model, "data": _Tables(data, model.modalities)})
        self.fitted = np.flatnonzero(~data.kept_back)
        self.kept_back = np.flatnonzero(data.kept_back)
        self.hard = torch.zeros((len(data.questions), 0), dtype=torch.int64)

    @property
    def tables(self) -> _Tables:
        """The data, on the device."""
        return cast(_Tables, self.module["data"])

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


class _Tables(nn.Module):
    """The data as buffers, so that they move to the device with the model."""

    vectors: Tensor
    present: Tensor
    hubs: Tensor
    groups: Tensor
    questions: Tensor
    by_pictures: Tensor
    sources: Tensor
    right: Tensor
    rights: Tensor

    def __init__(self, data: FusionData, modalities: Sequence[Modality]) -> None:
        super().__init__()
        for name, array in _arrays(data, modalities).items():
            self.register_buffer(name, torch.from_numpy(array), persistent=False)

    def one_right(self, numbers: Tensor) -> Tensor:
        """One segment that answers each question, drawn when there are several."""
        counts = self.rights[numbers].cpu()
        drawn = (torch.rand(len(numbers)) * counts).long().clamp(max=counts - 1)
        return self.right[numbers, drawn.to(self.right.device)]

    def alike(self, numbers: Tensor, among: Tensor | None = None) -> Tensor:
        """Which of the segments (all, or some) are of a group that answers; bool (b, n)."""
        groups = self.groups if among is None else self.groups[among]
        count = int(self.groups.max()) + 1
        return self._marked(self.groups[self.right[numbers]], count)[:, groups]

    def answers(self, numbers: Tensor) -> Tensor:
        """Which of all segments answer; bool (b, n)."""
        return self._marked(self.right[numbers], len(self.groups))

    @staticmethod
    def _marked(places: Tensor, count: int) -> Tensor:
        """bool (b, count), true in each row at its places (b, r)."""
        marks = torch.zeros((len(places), count), dtype=torch.bool, device=places.device)
        return marks.scatter_(1, places, torch.ones_like(places, dtype=torch.bool))


def _arrays(data: FusionData, modalities: Sequence[Modality]) -> dict[str, NDArray[Any]]:
    shape = (len(data.segments), len(modalities))
    width = len(data.questions[0].vector)
    vectors = np.zeros((*shape, width), np.float32)
    present = np.zeros(shape, np.bool_)
    hubs = np.zeros((2, *shape), np.float32)
    for row, one in enumerate(data.segments):
        for place, modality in enumerate(modalities):
            if modality in one.vectors:
                vectors[row, place] = one.vectors[modality]
                present[row, place] = True
                hubs[0, row, place] = one.hubness.get(modality, 0.0)
                hubs[1, row, place] = one.picture_hubness.get(modality, 0.0)
    names = list(modalities)
    most = max(len(q.segments) for q in data.questions)
    right = [[*q.segments, *q.segments[:1] * (most - len(q.segments))] for q in data.questions]
    return {
        "vectors": vectors,
        "present": present,
        "hubs": hubs,
        "groups": data.groups,
        "questions": np.stack([q.vector for q in data.questions]).astype(np.float32),
        "by_pictures": np.array([q.asked_by == "pictures" for q in data.questions]),
        "sources": np.array(
            [names.index(q.source) if q.source in names else -1 for q in data.questions], np.int64
        ),
        "right": np.array(right, np.int64),
        "rights": np.array([len(q.segments) for q in data.questions], np.int64),
    }


def _pieces(numbers: RowNumbers, size: int = 128) -> Iterator[Tensor]:
    for start in range(0, len(numbers), size):
        yield torch.from_numpy(numbers[start : start + size])


def ndcg(scores: Tensor, answers: Tensor, k: int = CUTOFF) -> Tensor:
    """nDCG@k (b,) of scores (b, n) where answers, bool (b, n), gain 1 (Järvelin & Kekäläinen 2002).

    >>> ndcg(torch.tensor([[3.0, 2.0, 1.0]]), torch.tensor([[False, True, False]])).item()
    0.6309297680854797
    """
    k = min(k, scores.shape[1])
    discounts = 1 / torch.log2(torch.arange(k, device=scores.device) + 2.0)
    gains = answers.gather(1, scores.topk(k, dim=1)[1]).float() @ discounts
    ideal = discounts.cumsum(0)[answers.sum(dim=1).clamp(max=k) - 1]
    return gains / ideal


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


def _with_pictures(weights: FusionWeights, data: FusionData, bank: Floats) -> FusionWeights:
    """With how unrelated segments score when a picture asks."""
    known = fuser_of(weights).calibrate(bank, data.segments, asked_by="pictures")
    return replace(weights, picture_calibration=known.get("fused"))


def fuser_of(weights: FusionWeights) -> OneVectorFuser:
    """The fuser that runs by these weights."""
    return WeightedFuser(weights) if weights.method == "weighted" else AttentionFuser(weights)
