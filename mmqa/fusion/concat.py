"""Calibrated concatenation: one inner product that is the calibrated sum over modalities.

Knows: how vectors, presence and hubness are laid out so that a plain inner product is the score.
Refuses to know: where vectors come from, and where they are stored.

The score of segment s for question q, with unit vectors x_m and q_m, presence p_m ∈ {0, 1}::

    S(q, s) = Σ_m w_m · p_m · (⟨q_m, x_m⟩ − μ_m − h_m) / σ_m

h_m is the hubness of s (CSLS, Conneau et al. 2018, §2.3), among texts when words ask and among
pictures (g_m) when a picture asks; μ_m and σ_m are those of unrelated pairs. It is linear in what
is stored, so each modality is one block of width d + 3:

    stored    [ p·x ; p ; p·h ; p·g ]
    asked     w/σ · [ q ; −μ ; −1 ; 0 ] by words,   w/σ · [ q ; −μ ; 0 ; −1 ] by pictures

All that depends on calibration stands on the question's side: measuring it anew never touches a
stored vector, and questions of another kind may bring statistics of their own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from mmqa.fusion.calibration import calibrate
from mmqa.records import (
    MODALITIES,
    Asker,
    Calibration,
    Channel,
    Features,
    Floats,
    Modality,
)

_EXTRA = 3  # presence, hubness among texts, hubness among pictures


class ConcatFuser:
    """The fuser ``concat``.

    Args:
        vector_width: Length d of one modality's vector.
        modalities: Order of the blocks; modalities not named here are ignored.

    >>> fuser = ConcatFuser(2)
    >>> stored = fuser.fuse([Features({"text": np.array([0.6, 0.8], np.float32)}, {"text": 0.1})])
    >>> asked = fuser.fuse_question(
    ...     Features({"text": np.array([1, 0], np.float32)}),
    ...     {"text": 1.0},
    ...     {"text": Calibration(mu=0.2, sigma=0.1)},
    ... )
    >>> round(float(stored[0] @ asked), 4)  # (0.6 - 0.2 - 0.1) / 0.1
    3.0
    """

    name = "concat"
    fingerprint = ""

    def __init__(self, vector_width: int, modalities: Sequence[Modality] = MODALITIES) -> None:
        self.vector_width = vector_width
        self.modalities = tuple(modalities)

    @property
    def width(self) -> int:
        """Length of a fused vector: (d + 3) for each modality."""
        return len(self.modalities) * (self.vector_width + _EXTRA)

    def fuse(self, features: Sequence[Features]) -> Floats:
        """n segments → float32 (n, width); the block of a missing modality is all zero.

        Raises:
            ValueError: A vector has another length than d.
        """
        fused = np.zeros((len(features), self.width), np.float32)
        for modality in self.modalities:
            rows = [row for row, one in enumerate(features) if modality in one.vectors]
            if rows:  # at once: a search fuses some dozens of rows again
                some = [features[row] for row in rows]
                block = fused[:, self._block(modality)]
                block[rows, :-3] = [self._checked(modality, one.vectors[modality]) for one in some]
                block[rows, -3] = 1.0
                block[rows, -2] = [one.hubness.get(modality, 0.0) for one in some]
                block[rows, -1] = [one.picture_hubness.get(modality, 0.0) for one in some]
        return fused

    def fuse_question(
        self,
        features: Features,
        weights: Mapping[Modality, float],
        calibration: Mapping[Channel, Calibration],
        *,
        asked_by: Asker = "words",
    ) -> Floats:
        """A question → float32 (width,).

        Args:
            features: The question's vectors; its hubness is not used.
            weights: Modality → w ≥ 0; a modality not named weighs nothing.
            calibration: How unrelated segments score for this kind of question; without an entry
                raw similarity less hubness counts (μ = 0, σ = 1).
            asked_by: Which hubness counts.

        Raises:
            ValueError: A vector has another length than d.
        """
        asked = np.zeros(self.width, np.float32)
        for modality, vector in features.vectors.items():
            weight = weights.get(modality, 0.0)
            if modality not in self.modalities or weight == 0.0:
                continue
            known = calibration.get(modality, Calibration(0.0, 1.0))
            block = asked[self._block(modality)]
            block[:-3] = self._checked(modality, vector)
            block[-3] = -known.mu
            block[-2:] = (-1.0, 0.0) if asked_by == "words" else (0.0, -1.0)
            block *= weight / known.sigma
        return asked

    def contributions(
        self, question: Floats, features: Sequence[Features]
    ) -> dict[Modality, Floats]:
        """Exact share of each modality in ``fuse(features) @ question``.

        Args:
            question: float32 (width,), as from :meth:`fuse_question`.
            features: n segments.

        Returns:
            Modality → float32 (n,); their sum is the score.
        """
        stored = self.fuse(features)
        return {
            modality: stored[:, self._block(modality)] @ question[self._block(modality)]
            for modality in self.modalities
        }

    def calibrate(
        self, bank: Floats, features: Sequence[Features], *, asked_by: Asker = "words"
    ) -> dict[Channel, Calibration]:
        """How unrelated questions score in each modality; one without vectors has no entry.

        Args:
            bank: float32 (b, d), unit rows: questions that nobody asked.
            features: Segments of an index.
            asked_by: Which hubness counts.
        """
        measured: dict[Channel, Calibration] = {}
        for modality in self.modalities:
            some = [one for one in features if modality in one.vectors]
            if some and len(bank):
                hubs = [one.hubness if asked_by == "words" else one.picture_hubness for one in some]
                hubness = np.array([hub.get(modality, 0.0) for hub in hubs], np.float32)
                vectors = np.stack([one.vectors[modality] for one in some])
                measured[modality] = calibrate(bank, vectors, hubness)
        return measured

    def _block(self, modality: Modality) -> slice:
        start = self.modalities.index(modality) * (self.vector_width + _EXTRA)
        return slice(start, start + self.vector_width + _EXTRA)

    def _checked(self, modality: Modality, vector: Floats) -> Floats:
        if vector.shape != (self.vector_width,):
            raise ValueError(
                f"a {modality} vector has shape {vector.shape}, not ({self.vector_width},)"
            )
        return vector


def load(width: int = 384) -> ConcatFuser:
    """The fuser for vectors of length ``width``, modalities visual, text and speech.

    >>> load().width
    1161
    """
    return ConcatFuser(width)
