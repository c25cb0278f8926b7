"""Trains a mapping on a user's pairs, on top of the shipped one, and says whether it got better.

Knows: what is fitted to which side, and the artefact. Refuses to know: files of pairs, commands.

The *fit* side is fitted to. The *validation* side chooses the epoch (or the ridge), and its mapped
pictures become the picture bank and the calibration, as they stand for pictures that were not
fitted to. The *test* side is looked at once, at the end, before and after.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mmqa.errors import UsageError
from mmqa.evaluation.metrics import Interval
from mmqa.interfaces import Cancelled, Progress
from mmqa.mapping import learned as artefact
from mmqa.mapping import shipped
from mmqa.mapping.closed_form import ClosedFormMapping, inputs, normalize
from mmqa.mapping.learned import Learned, LearnedMapping, Method
from mmqa.records import Calibration, Channel, Floats
from mmqa.training import checkpoint, loop, residual_ridge
from mmqa.training.kernel_ridge import without
from mmqa.training.loop import Outcome
from mmqa.training.pair_figures import (
    Compared,
    Gallery,
    compared,
    compared_speech,
    gain,
    leave_one_out_hubness,
    vectors,
)
from mmqa.training.pair_split import SIDES, Side
from mmqa.training.pair_table import PairData
from mmqa.training.towers import Contrast, TowerInputs, Towers, TowerSettings

LEAST: Mapping[Side, int] = {"fit": 8, "validation": 4, "test": 4}
"""Different pictures that a side must have: with fewer, no figure would mean anything."""
LEAST_GAIN = 0.01
"""Share by which right answers must have become more probable; less is as good as nothing."""
ENOUGH_FOR_A_BANK = 100
"""With fewer validation pictures, the shipped picture bank stays beside them."""


@dataclass(frozen=True, slots=True)
class MappingSettings:
    """How to train a mapping; chosen on pairs out of Tux Paint's stamps and of openclipart.

    Attributes:
        method: ``closed-form``, ``linear`` or ``mlp``.
        loop: Of the training by steps; ``closed-form`` uses the seed alone.
        towers: Shape and loss of ``linear`` and ``mlp``.
        axes: Most principal axes of the features; never more than half the fitted pictures.
    """

    method: Method = "mlp"
    loop: loop.Settings = field(
        default_factory=lambda: loop.Settings(epochs=60, batch=64, learning_rate=3e-4, patience=10)
    )
    towers: TowerSettings = field(default_factory=TowerSettings)
    axes: int = 256


@dataclass(frozen=True, slots=True, eq=False)
class TrainedMapping:
    """A mapping, and how it did.

    Attributes:
        mapping: The trained one.
        compared: Figures of the test side, before and after.
        gain: Of 1 / rank on the test side, over the questions of both directions.
        start: How probable right answers are on the validation side (0–1), as it shipped.
        end: And as it was trained.
        outcome: Of the training by steps; ``None`` of the closed form.
        chosen: What the closed form chose, or the temperature that was learned.
    """

    mapping: LearnedMapping
    compared: tuple[Compared, ...]
    gain: Interval
    start: float
    end: float
    outcome: Outcome | None
    chosen: str

    @property
    def better(self) -> bool:
        """Whether the validation side says that training brought anything worth the name."""
        return self.end > (1 + LEAST_GAIN) * self.start

    @property
    def confirmed(self) -> bool:
        """Whether the test side says so too: the interval of its gain lies above 0."""
        return self.better and self.gain.low > 0


def train(
    data: PairData,
    base: ClosedFormMapping,
    settings: MappingSettings,
    *,
    encoders: Mapping[str, str] | None = None,
    folder: Path | None = None,
    resume: bool = False,
    progress: Progress | None = None,
    cancelled: Cancelled | None = None,
) -> TrainedMapping:
    """Train on the fit side, stop on the validation side, compare on the test side.

    Args:
        data: The pairs, encoded.
        base: The shipped mapping.
        settings: How.
        encoders: Role → fingerprint of the encoder that made ``data``; kept in the artefact.
        folder: Where checkpoints and the log go; nowhere unless given.
        resume: Go on from the checkpoint there.
        progress: Told of steps.
        cancelled: Asked after each step.

    Raises:
        UsageError: There are too few pairs, or the checkpoint is of another run.
    """
    require_enough(data)
    run = _Run(data, base, settings)
    if settings.method == "closed-form":
        found, outcome, chosen = run.closed_form()
    else:
        found, outcome, chosen = run.towers(folder, resume, progress, cancelled)
    found = replace(found, encoders=dict(encoders or {}))
    banked = LearnedMapping(base, _with_bank(found, base, data))
    figures, gained = _compared(data, base, banked)
    return TrainedMapping(
        mapping=banked,
        compared=figures,
        gain=gained,
        start=run.quality(base),
        end=run.quality(LearnedMapping(base, found)),
        outcome=outcome,
        chosen=chosen,
    )


def require_enough(data: PairData) -> None:
    """Raises UsageError where a side has too few different pictures to mean anything."""
    sizes = data.sizes()
    if any(sizes[side] < LEAST[side] for side in SIDES):
        said = ", ".join(f"{sizes[side]} {side}" for side in SIDES)
        raise UsageError(
            f"there are too few different pictures with words to train on and to hold back: {said}",
            f"At least {', '.join(f'{n} {s}' for s, n in LEAST.items())} are needed, which takes "
            "about 40 pairs. Pairs with the same words or pictures that look alike count once.",
        )


def write(trained: TrainedMapping, folder: Path, facts: Mapping[str, object]) -> Path:
    """Write the artefact, with the shipped mapping beside it; the checkpoint is taken away.

    Returns:
        ``mapping.safetensors``.
    """
    base = (shipped.FOLDER / shipped.FILE_NAME).read_bytes()
    if hashlib.sha256(base).hexdigest()[:16] != trained.mapping.base.weights.fingerprint:
        raise UsageError(
            "the shipped mapping is not the one that was trained on", "Train once more."
        )
    figures = {c.name: [c.before.mean, c.after.mean, c.n] for c in trained.compared}
    learned = replace(
        trained.mapping.learned,
        facts={**trained.mapping.learned.facts, **facts, "test side": figures},
    )
    path = artefact.write(learned, folder, base)
    checkpoint.remove(folder)
    return path


class _Run:
    """What both ways of training share."""

    def __init__(self, data: PairData, base: ClosedFormMapping, settings: MappingSettings) -> None:
        self.data, self.base, self.settings = data, base, settings
        self.based = base.map(data.pictures)
        z = inputs(data.pictures)
        self.fitted = np.unique(data.seen.on("fit").left)
        own = self.fitted[data.origin[self.fitted] == self.fitted]
        self.offset, self.axes = principal_axes(z[own], min(settings.axes, len(own) // 2))
        self.x: Floats = np.matmul(z - self.offset, self.axes)
        self.gallery = Gallery.of(data, "validation")

    def quality(self, mapping: ClosedFormMapping | LearnedMapping) -> float:
        """How probable right answers are on the validation side, against the shipped banks."""
        seen = vectors(mapping, self.data, self.gallery)
        hubs = self.base.picture_hubness(seen.texts)
        return replace(seen, text_hubs=hubs).likelihood(self.gallery.relevant)

    def plain(self, method: Method, residual: Mapping[str, Floats]) -> Learned:
        """An artefact without a text tower and centring."""
        width = self.based.shape[1]
        fit = self.data.seen.on("fit")
        return Learned(
            method=method,
            base=self.base.weights.fingerprint,
            offset=self.offset,
            axes=self.axes,
            residual=residual,
            tower=np.zeros((width, width), np.float32),
            picture_mean=self.based[self.fitted].mean(axis=0),
            text_mean=self.data.vectors[np.unique(fit.right)].mean(axis=0),
            picture_bank=self.base.picture_bank,
            calibration=self.base.picture_calibration,
            probe=artefact.probe(self.base),
        )

    def closed_form(self) -> tuple[Learned, None, str]:
        """Kernel ridge regression of what the shipped mapping leaves over."""
        targets, importance = self._targets()
        x = self.x[self.fitted]

        def check(delta: residual_ridge.Delta) -> float:
            based = self.based[self.gallery.pictures]
            mapped = normalize(based + delta(self.x[self.gallery.pictures]))
            return self._of(mapped)

        ridge = residual_ridge.fit(
            x,
            targets,
            importance,
            check=check,
            start=self.quality(self.base),
            seed=self.settings.loop.seed,
        )
        tensors = {"landmarks": ridge.landmarks, "coefficients": ridge.coefficients}
        found = self.plain("closed-form", tensors)
        turned: Floats = np.matmul(self.axes, ridge.axes)
        # x is centred but for copies and weights: (z − o)·A − o′ = (z − o − o′·A⁺)·A
        moved = self.offset + np.linalg.lstsq(self.axes.T, ridge.offset, rcond=None)[0]
        found = replace(found, offset=moved.astype(np.float32), axes=turned, gamma=ridge.gamma)
        return found, None, ridge.chosen

    def _of(self, mapped: Floats) -> float:
        seen = vectors(self.base, self.data, self.gallery)
        hubs = self.base.hubness(mapped)
        seen = replace(seen, pictures=mapped, asked_words=mapped, picture_hubs=hubs)
        return seen.likelihood(self.gallery.relevant)

    def _targets(self) -> tuple[Floats, Floats]:
        """What is to be added to each fitted picture (n, d), and how much it is trusted (n,)."""
        fit = self.data.seen.on("fit")
        places = np.searchsorted(self.fitted, fit.left)
        wanted = np.zeros((len(self.fitted), self.based.shape[1]), np.float32)
        importance = np.zeros(len(self.fitted), np.float32)
        np.add.at(wanted, places, fit.weight[:, None] * self.data.vectors[fit.right])
        np.maximum.at(importance, places, fit.weight)
        common = self.base.bank.mean(axis=0)
        return normalize(without(wanted, common)) - self.based[self.fitted], importance

    def towers(
        self,
        folder: Path | None,
        resume: bool,
        progress: Progress | None,
        cancelled: Cancelled | None,
    ) -> tuple[Learned, Outcome, str]:
        """Training by steps."""
        method, settings = self.settings.method, self.settings.towers
        found = self.plain(method, {})
        given = TowerInputs(self.x, self.based, found.picture_mean, found.text_mean)
        seed = self.settings.loop.seed
        towers = Towers(method, given, self.data.vectors, settings, seed)
        outcome = loop.train(
            Contrast(towers, self.data, self.base),
            self.settings.loop,
            data=self._digest(),
            folder=folder,
            resume=resume,
            progress=progress,
            cancelled=cancelled,
        )
        tower = towers.tower.detach().numpy().copy()
        found = replace(found, residual=towers.residual(), tower=tower, centring=settings.centring)
        return found, outcome, f"temperature {towers.temperature:.3f}"

    def _digest(self) -> str:
        """Of all that the run depends on beside the loop's settings."""
        facts = {
            "data": self.data.digest,
            "method": self.settings.method,
            "towers": asdict(self.settings.towers),
            "axes": self.settings.axes,
            "base": self.base.fingerprint,
        }
        return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()[:16]


def principal_axes(z: Floats, count: int) -> tuple[Floats, Floats]:
    """Mean (z,) of (n, z) rows, and their first axes (z, count), scaled so that rows have length 1.

    Args:
        z: n rows, from 2.
        count: From 1 to n − 1.
    """
    offset: Floats = z.mean(axis=0)
    centred = (z - offset).astype(np.float64)
    wide = z.shape[1] > len(z)  # the smaller of both squares has the same eigenvalues
    values, found = np.linalg.eigh(centred @ centred.T if wide else centred.T @ centred)
    values = np.maximum(values[::-1][:count], 1e-12)
    kept = found[:, ::-1][:, :count]
    kept = centred.T @ kept / np.sqrt(values) if wide else kept
    length = np.sqrt(values.sum() / len(z))
    return offset, (kept / length).astype(np.float32)


def _with_bank(found: Learned, base: ClosedFormMapping, data: PairData) -> Learned:
    """With the picture bank and the calibration of the validation side."""
    mapping = LearnedMapping(base, found)
    gallery = Gallery.of(data, "validation")
    seen = vectors(mapping, data, gallery)
    enough = len(gallery.pictures) >= ENOUGH_FOR_A_BANK
    bank = seen.pictures if enough else np.concatenate([seen.pictures, base.picture_bank])
    named = f"{len(gallery.pictures)} validation pictures"
    source = named if enough else f"{named} and the {len(base.picture_bank)} shipped ones"
    calibration = dict(base.picture_calibration)
    if enough:
        calibration |= _calibration(seen.pictures, seen.asked_words, seen.texts, gallery.relevant)
    facts = {**found.facts, "picture bank": source}
    return replace(found, picture_bank=bank, calibration=calibration, facts=facts)


def _calibration(
    pictures: Floats, asking: Floats, texts: Floats, relevant: NDArray[np.bool_]
) -> dict[Channel, Calibration]:
    """What a validation picture as the question scores against unrelated pictures and words."""
    own = np.eye(len(pictures), dtype=np.bool_)
    hubs = leave_one_out_hubness(pictures, pictures, own)
    together = (relevant.T.astype(np.float32) @ relevant.astype(np.float32)) > 0
    visual = _unrelated(pictures @ pictures.T - hubs[None, :], own | together)
    hubs = leave_one_out_hubness(texts, pictures, relevant)
    words = _unrelated(asking @ texts.T - hubs[None, :], relevant.T)
    return {"visual": visual, "text": words, "speech": words}


def _unrelated(scores: Floats, related: NDArray[np.bool_]) -> Calibration:
    found = scores[~related].astype(np.float64)
    return Calibration(round(float(found.mean()), 6), round(float(found.std()), 6))


def _compared(
    data: PairData, base: ClosedFormMapping, mapping: LearnedMapping
) -> tuple[tuple[Compared, ...], Interval]:
    gallery = Gallery.of(data, "test")
    before, after = (vectors(one, data, gallery).ranks(gallery.relevant) for one in (base, mapping))
    spoken = compared_speech(base, mapping, data, "test")
    return compared(before, after, gallery.relevant) + spoken, gain(before, after)
