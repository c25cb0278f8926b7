"""The fuser as a torch module: what ``mmqa.fusion.one_vector`` computes, with gradients.

Knows: parameters, where they start, and how they become stored weights. Refuses to know: losses and
data.

Training starts from ``concat``'s calibration rather than from identity: for segments of one
modality the untrained module orders exactly as the calibrated score (⟨q, x⟩ − μ_m − h_m) / σ_m.
Vectors at unit length cannot hold 1/σ_m, so each map adds a bias along one direction v that
questions hardly use and that the question's map takes out: with ``|b_m| = √(1/s_m² − 1)``, z
becomes s_m·x beside v, and s_m = σ_min/σ_m. The offsets start at s_m·μ_m, the shares of hubness at
s_m.

What is trained are differences from this start; weight decay draws them back to it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import cast

import numpy as np
import torch
from torch import Tensor, nn

from mmqa.fusion.calibration import calibrate
from mmqa.fusion.fitted import ASKERS, AffineMap, FusionWeights, Method
from mmqa.records import Calibration, Features, Floats, Modality

TEMPERATURE = 0.05
"""Where the learned temperature starts."""

HIDDEN = 32
"""Rows l of V."""


class FusionModel(nn.Module):
    """Either method; see the module.

    Args:
        start: The weights that training starts from.
        rank: Of the maps' learned residual.
        seed: Of the residual's first half; the second is 0.
    """

    def __init__(self, start: FusionWeights, rank: int, seed: int = 0) -> None:
        super().__init__()
        self.method = start.method
        self.modalities = start.modalities
        self.start = start
        random = torch.Generator().manual_seed(seed)
        d, k = start.width, len(start.modalities)
        maps = [start.question, *(start.maps[m] for m in start.modalities)]
        for name in ("diagonal", "down", "up", "bias"):
            stacked = np.stack([getattr(one, name) for one in maps])
            self.register_buffer(f"{name}_0", torch.from_numpy(stacked), persistent=False)
        for name in ("hub_shares", "offsets"):
            self.register_buffer(
                f"{name}_0", torch.from_numpy(getattr(start, name)), persistent=False
            )
        self.diagonal = nn.Parameter(torch.zeros(k + 1, d))
        self.down = nn.Parameter(torch.randn(k + 1, d, rank, generator=random) / d**0.5)
        self.up = nn.Parameter(torch.zeros(k + 1, rank, d))
        self.bias = nn.Parameter(torch.zeros(k, d))
        self.hub_shares = nn.Parameter(torch.zeros(2, k))
        self.offsets = nn.Parameter(torch.zeros(2, k))
        self.log_scale = nn.Parameter(torch.tensor(-np.log(TEMPERATURE), dtype=torch.float32))
        if self.method == "weighted":
            self.logits = nn.Parameter(torch.from_numpy(start.logits.copy()))
        else:
            self.project = nn.Parameter(torch.randn(HIDDEN, d, generator=random) / d**0.5)
            self.weigh = nn.Parameter(torch.zeros(HIDDEN))

    def scale(self) -> Tensor:
        """One over the temperature, at most 100 (as in CLIP)."""
        return self.log_scale.exp().clamp(max=100.0)

    def segments(self, vectors: Tensor, present: Tensor, hubs: Tensor) -> tuple[Tensor, Tensor]:
        """z (n, d) and h (2, n) of n segments.

        Args:
            vectors: (n, k, d), zero where missing.
            present: bool (n, k).
            hubs: (2, n, k).
        """
        mapped = torch.stack(
            [self._linear(vectors[:, m], m + 1) for m in range(vectors.shape[1])], dim=1
        )
        mapped = (mapped + self.bias + self._started("bias")[1:]) * present[..., None]
        shares = torch.softmax(self._scores(mapped).masked_fill(~present, -1e9), dim=1) * present
        z = nn.functional.normalize((shares[..., None] * mapped).sum(dim=1), dim=1)
        hub_shares, offsets = self._hub()
        hubness = (shares * (hubs * hub_shares[:, None] + offsets[:, None])).sum(dim=2)
        return z, hubness

    def ask(self, questions: Tensor, by_pictures: Tensor) -> Tensor:
        """Questions (b, d) as they ask; ``by_pictures``, bool (b,): by the map of pictures."""
        words = self._linear(questions, 0)
        if "visual" not in self.modalities or not bool(by_pictures.any()):
            return words
        seen = self._linear(questions, 1 + self.modalities.index("visual"))
        return torch.where(by_pictures[:, None], seen, words)

    def weights(self) -> FusionWeights:
        """What is stored, but for fingerprint, encoders and statistics of pictures."""
        tables = {
            "diagonal": self.diagonal + self._started("diagonal"),
            "down": torch.cat([self._started("down"), self.down], dim=2),
            "up": torch.cat([self._started("up"), self.up], dim=1),
            "bias": torch.cat([self._started("bias")[:1], self.bias + self._started("bias")[1:]]),
        }
        maps = [
            AffineMap(**{name: _plain(table[n]) for name, table in tables.items()})
            for n in range(len(self.modalities) + 1)
        ]
        weighted = self.method == "weighted"
        empty = np.zeros(0, np.float32)
        hub_shares, offsets = self._hub()
        return FusionWeights(
            method=self.method,
            modalities=self.modalities,
            question=maps[0],
            maps=dict(zip(self.modalities, maps[1:], strict=True)),
            logits=_plain(self.logits) if weighted else empty,
            project=np.zeros((0, 0), np.float32) if weighted else _plain(self.project),
            weigh=empty if weighted else _plain(self.weigh),
            hub_shares=_plain(hub_shares),
            offsets=_plain(offsets),
        )

    def _scores(self, mapped: Tensor) -> Tensor:
        if self.method == "weighted":
            return self.logits.expand(mapped.shape[:2])
        return torch.tanh(mapped @ self.project.T) @ self.weigh

    def _linear(self, rows: Tensor, number: int) -> Tensor:
        moved = rows * (self.diagonal[number] + self._started("diagonal")[number])
        moved = moved + (rows @ self._started("down")[number]) @ self._started("up")[number]
        return moved + (rows @ self.down[number]) @ self.up[number]

    def _hub(self) -> tuple[Tensor, Tensor]:
        return (
            self.hub_shares + self._started("hub_shares"),
            self.offsets + self._started("offsets"),
        )

    def _started(self, name: str) -> Tensor:
        return cast(Tensor, getattr(self, f"{name}_0"))


def calibrated_start(
    method: Method,
    segments: Sequence[Features],
    bank: Floats,
    picture_bank: Floats,
    modalities: Sequence[Modality],
) -> FusionWeights:
    """The weights that training starts from: ``concat``'s calibration; see the module.

    Args:
        method: ``weighted`` or ``attention``.
        segments: What is fitted to; each modality must be among them.
        bank: float32 (b, d): words that nobody asked.
        picture_bank: float32 (p, d), p ≥ 0: pictures that nobody asked with.
        modalities: Those of the fuser, in order.
    """
    known = {m: _measured(m, segments, bank, picture_bank) for m in modalities}
    smallest = min(by_words.sigma for by_words, _ in known.values())
    scales = {m: smallest / known[m][0].sigma for m in modalities}
    direction = quiet_direction(bank)
    without = AffineMap(
        np.ones(bank.shape[1], np.float32),
        direction[:, None],
        -direction[None, :],
        np.zeros(bank.shape[1], np.float32),
    )
    maps = {m: _biased(without, direction, scales[m]) for m in modalities}
    shares = np.array([scales[m] for m in modalities], np.float32)
    levels = np.array([[known[m][a].mu for m in modalities] for a in range(len(ASKERS))])
    return FusionWeights(
        method=method,
        modalities=tuple(modalities),
        question=without,
        maps=maps,
        logits=np.zeros(len(modalities) if method == "weighted" else 0, np.float32),
        project=np.zeros((0, 0), np.float32),
        weigh=np.zeros(0, np.float32),
        hub_shares=np.stack([shares, shares]),
        offsets=(levels * shares).astype(np.float32),
    )


def quiet_direction(bank: Floats) -> Floats:
    """The unit direction (d,) that rows of the bank use least.

    >>> quiet_direction(np.array([[1.0, 0.1], [-1.0, 0.1]])).tolist()
    [0.0, 1.0]
    """
    _, vectors = np.linalg.eigh((bank.T @ bank).astype(np.float64))
    least = vectors[:, 0]
    turned: Floats = (least * np.sign(least[np.abs(least).argmax()])).astype(np.float32)
    return turned


def _biased(one: AffineMap, direction: Floats, scale: float) -> AffineMap:
    length = np.sqrt(max(1 / scale**2 - 1, 0.0))
    return AffineMap(one.diagonal, one.down, one.up, (length * direction).astype(np.float32))


def _measured(
    modality: Modality, segments: Sequence[Features], bank: Floats, picture_bank: Floats
) -> tuple[Calibration, Calibration]:
    """How unrelated words and unrelated pictures score in one modality."""
    some = [one for one in segments if modality in one.vectors]
    vectors = np.stack([one.vectors[modality] for one in some])
    by_words = calibrate(bank, vectors, _hubs([one.hubness for one in some], modality))
    if not len(picture_bank):
        return by_words, by_words
    hubs = _hubs([one.picture_hubness for one in some], modality)
    return by_words, calibrate(picture_bank, vectors, hubs)


def _hubs(hubs: Sequence[Mapping[Modality, float]], modality: Modality) -> Floats:
    return np.array([hub.get(modality, 0.0) for hub in hubs], np.float32)


def _plain(tensor: Tensor) -> Floats:
    array: Floats = tensor.detach().cpu().numpy().copy()
    return array
