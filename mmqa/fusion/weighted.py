"""Fitted weights: z = normalize(Σ_m w_m · M_m(x_m)) over the modalities that are present.

Knows: that the shares are the same for every segment with the same modalities. Refuses to know: the
layout and the score (``one_vector``), and how the weights were fitted.

w = softmax(logits), so w_m > 0; over what is present they are made to sum to 1 again, which z does
not feel.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from mmqa.fusion.fitted import path_of, read
from mmqa.fusion.one_vector import OneVectorFuser
from mmqa.records import Floats


class WeightedFuser(OneVectorFuser):
    """The fuser ``weighted``."""

    name = "weighted"

    def _scores(self, mapped: Floats) -> Floats:
        scores: Floats = np.broadcast_to(self.weights.logits, mapped.shape[:2])
        return scores


def load(folder: Path | None = None) -> WeightedFuser:
    """The fuser from a folder that ``mmqa train fusion`` wrote, or the one that ships.

    Raises:
        ModelMissingError: There are no weights.
        ModelDamagedError: They cannot be read.
    """
    return WeightedFuser(read(path_of(folder, "weighted")))
