"""Fusers whose segment is one vector: z = normalize(Σ_m a_m · M_m(x_m)) over what is present.

Knows: the layout of what is stored, how it is asked, and what each modality brought to a score.
Refuses to know: how the shares a_m come about (``weighted``, ``attention``), and how anything was
fitted.

The score of segment s for question q, with unit vectors x_m and M_q the question's map::

    S(q, s) = (⟨M_q·q, z⟩ − μ − h) / σ,     h = Σ_m a_m · (β_m · h_m + c_m)

μ and σ are those of unrelated questions, in the one channel ``fused``: of words, measured on the
index as for ``concat``; of pictures, measured with the fit, as an index measures only words. h is
the hubness of s: that of its modalities (CSLS, Conneau et al. 2018, §2.3) as their shares, each
with a factor β_m and an offset c_m that were fitted with the maps: pictures and texts lie at
different heights (the modality gap), and c_m says how far apart. By pictures, the hubness among the
picture bank counts, with its own β and c. (The hubness of z itself among mapped questions of the
bank finds less on the development side, nDCG@10 0.715 against 0.721, and it takes the bank; none at
all finds 0.697.) Like ``concat``, it is linear::

    stored    [ z ; 1 ; h by words ; h by pictures ]
    asked     1/σ · [ M_q·q ; −μ ; −1 ; 0 ] by words,
              1/σ · [ M_visual·q ; −μ ; 0 ; −1 ] by pictures

Without a calibration the inner product alone counts: [ M_q·q ; 0 ; 0 ; 0 ].

What α, the router's weights, cannot do here: how much of z comes from which modality is decided
when a segment is stored, before there is a question. So *where* α looks is ignored, a question that
asks only one modality asks the whole vector, and explicit words like "in the picture" have no
effect; ``concat`` is the fuser that can be told where to look. Only the root mean square of the
weights counts, how loud a question is: the flow keeps it at 0.5 whatever α, so that scores stand on
the scale of ``concat``, beside words to the letter and above the least that counts as found.

A missing modality is left out of both sums: a segment with one modality is that modality's vector,
mapped; one without any is all zero and scores 0.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from mmqa.fusion.calibration import calibrate
from mmqa.fusion.fitted import FusionWeights, Method
from mmqa.records import Asker, Calibration, Channel, Features, Floats, Modality

_EXTRA = 3  # presence, hubness among texts, hubness among pictures


@dataclass(frozen=True, slots=True, eq=False)
class Sides:
    """n segments taken apart by k modalities.

    Attributes:
        present: bool (n, k).
        moved: float32 (n, k, d): a_m · M_m(x_m) / |Σ|; z is their sum.
        hubness: float32 (2, n, k): a_m · (β_m · h_m + c_m), by words and by pictures.
    """

    present: NDArray[np.bool_]
    moved: Floats
    hubness: Floats


class OneVectorFuser:
    """What ``weighted`` and ``attention`` share.

    Args:
        weights: What was fitted.
    """

    name: ClassVar[Method]

    def __init__(self, weights: FusionWeights) -> None:
        if weights.method != self.name:
            raise ValueError(f"weights of {weights.method!r} were given to {self.name!r}")
        self.weights = weights
        self.modalities = weights.modalities

    @property
    def fingerprint(self) -> str:
        """Digest of the weights' file."""
        return self.weights.fingerprint

    @property
    def encoders(self) -> Mapping[str, str]:
        """Role → fingerprint of what made the vectors that it was fitted to."""
        return self.weights.encoders

    @property
    def width(self) -> int:
        """Length of a fused vector: d + 3."""
        return self.weights.width + _EXTRA

    def fuse(self, features: Sequence[Features]) -> Floats:
        """n segments → float32 (n, width); a segment without vectors is all zero.

        Raises:
            ValueError: A vector has another length than d.
        """
        sides = self._sides(features)
        fused = np.zeros((len(features), self.width), np.float32)
        fused[:, :-_EXTRA] = sides.moved.sum(axis=1)
        fused[:, -_EXTRA] = sides.present.any(axis=1)
        fused[:, -2:] = sides.hubness.sum(axis=2).T
        return fused

    def fuse_question(
        self,
        features: Features,
        weights: Mapping[Modality, float],
        calibration: Mapping[Channel, Calibration],
        *,
        asked_by: Asker = "words",
    ) -> Floats:
        """A question → float32 (width,), linear in the question's vectors.

        Args:
            features: The question's vectors; where modalities are asked with different ones, their
                mean asks.
            weights: Modality → w ≥ 0; only their root mean square counts (see the module); 1 where
                there are none.
            calibration: Its ``fused`` says how unrelated segments score when words ask (and when a
                picture asks, if the fit does not know); without it the inner product alone counts.
            asked_by: Which map and which hubness count.

        Raises:
            ValueError: A vector has another length than d.
        """
        asked = np.zeros(self.width, np.float32)
        vectors = [self._checked(m, v) for m, v in features.vectors.items() if m in self.modalities]
        if not vectors:
            return asked
        mean: Floats = np.stack(vectors).mean(axis=0, keepdims=True)
        asked[:-_EXTRA] = self._asking(mean, asked_by)[0]
        known = calibration.get("fused")
        if asked_by == "pictures" and known is not None:
            known = self.weights.picture_calibration or known
        if known is not None:
            asked[-_EXTRA] = -known.mu
            asked[-2:] = (-1.0, 0.0) if asked_by == "words" else (0.0, -1.0)
            asked /= known.sigma
        return asked * np.float32(loudness(weights))

    def contributions(
        self, question: Floats, features: Sequence[Features]
    ) -> dict[Modality, Floats]:
        """Exact share of each modality in ``fuse(features) @ question``.

        That of modality m is ⟨q, a_m · M_m(x_m)⟩ / |Σ|, less its part of h, less an equal part of μ
        among the present ones.

        Args:
            question: float32 (width,), as from :meth:`fuse_question`.
            features: n segments.

        Returns:
            Modality → float32 (n,); their sum is the score; a missing modality brings exactly 0.
        """
        sides = self._sides(features)
        equal = sides.present / np.maximum(sides.present.sum(axis=1, keepdims=True), 1)
        shares = sides.moved @ question[:-_EXTRA]
        shares += equal * question[-_EXTRA]
        shares += sides.hubness[0] * question[-2] + sides.hubness[1] * question[-1]
        return {m: shares[:, place].astype(np.float32) for place, m in enumerate(self.modalities)}

    def calibrate(
        self, bank: Floats, features: Sequence[Features], *, asked_by: Asker = "words"
    ) -> dict[Channel, Calibration]:
        """How unrelated questions score, in the channel ``fused``; empty without any vector.

        Args:
            bank: float32 (b, d), unit rows: questions that nobody asked.
            features: Segments of an index.
            asked_by: Which map and which hubness count.
        """
        fused = self.fuse(features)
        fused = fused[fused[:, -_EXTRA] > 0]
        if not len(fused) or not len(bank):
            return {}
        hubness = fused[:, -2] if asked_by == "words" else fused[:, -1]
        return {"fused": calibrate(self._asking(bank, asked_by), fused[:, :-_EXTRA], hubness)}

    def shares(self, features: Sequence[Features]) -> Floats:
        """a of n segments, float32 (n, k): how much each modality makes up; 0 where missing."""
        present, vectors = self._taken(features)
        return self._shares(present, self._mapped(present, vectors))

    def _scores(self, mapped: Floats) -> Floats:
        """What softmax makes a_m of: (n, k) from M_m(x_m), (n, k, d)."""
        raise NotImplementedError

    def _sides(self, features: Sequence[Features]) -> Sides:
        present, vectors = self._taken(features)
        mapped = self._mapped(present, vectors)
        shares = self._shares(present, mapped)
        mapped *= shares[:, :, None]
        length = np.linalg.norm(mapped.sum(axis=1), axis=1)
        mapped /= np.where(length > 0, length, 1)[:, None, None]
        hubs = self._hubs(features) * self.weights.hub_shares[:, None, :]
        hubs += self.weights.offsets[:, None, :]
        return Sides(present, mapped, hubs * shares)

    def _taken(self, features: Sequence[Features]) -> tuple[NDArray[np.bool_], Floats]:
        """Presence (n, k) and vectors (n, k, d), zero where missing."""
        present = np.zeros((len(features), len(self.modalities)), np.bool_)
        vectors = np.zeros((*present.shape, self.weights.width), np.float32)
        for place, modality in enumerate(self.modalities):
            rows = [row for row, one in enumerate(features) if modality in one.vectors]
            if rows:  # at once: a search fuses some dozens of rows again
                some = [self._checked(modality, features[row].vectors[modality]) for row in rows]
                vectors[rows, place] = some
                present[rows, place] = True
        return present, vectors

    def _mapped(self, present: NDArray[np.bool_], vectors: Floats) -> Floats:
        mapped = np.zeros_like(vectors)
        for place, modality in enumerate(self.modalities):
            rows = np.flatnonzero(present[:, place])
            if len(rows):
                mapped[rows, place] = self.weights.maps[modality](vectors[rows, place])
        return mapped

    def _shares(self, present: NDArray[np.bool_], mapped: Floats) -> Floats:
        """Softmax of the scores over what is present, (n, k)."""
        scores = np.where(present, self._scores(mapped), -np.inf)
        highest = np.max(scores, axis=1, keepdims=True, initial=-1e30)
        raised = np.exp(scores - highest)
        total = raised.sum(axis=1, keepdims=True)
        shares: Floats = (raised / np.where(total > 0, total, 1)).astype(np.float32)
        return shares

    def _hubs(self, features: Sequence[Features]) -> Floats:
        """Hubness (2, n, k): among texts, among pictures."""
        kinds = ([one.hubness for one in features], [one.picture_hubness for one in features])
        hubs = [[[hub.get(m, 0.0) for m in self.modalities] for hub in kind] for kind in kinds]
        return np.array(hubs, np.float32).reshape(2, len(features), len(self.modalities))

    def _asking(self, rows: Floats, asked_by: Asker) -> Floats:
        words = asked_by == "words" or "visual" not in self.modalities
        return (self.weights.question if words else self.weights.maps["visual"]).linear(rows)

    def _checked(self, modality: Modality, vector: Floats) -> Floats:
        if vector.shape != (self.weights.width,):
            raise ValueError(
                f"a {modality} vector has shape {vector.shape}, not ({self.weights.width},)"
            )
        return vector


def loudness(weights: Mapping[Modality, float]) -> float:
    """Root mean square of the weights of all modalities; 1 where there are none.

    >>> loudness({"visual": 0.5, "text": 0.5, "speech": 0.5})
    0.5
    """
    squares = [weight**2 for weight in weights.values()]
    return float((sum(squares) / len(squares)) ** 0.5) if squares else 1.0
