"""Attention pooling: z = normalize(Σ_m a_m · M_m(x_m)), a = softmax_m of uᵀ tanh(V · M_m(x_m)).

Knows: how a segment's own vectors decide their shares. Refuses to know: the layout and the score
(``one_vector``), and how the weights were fitted.

Ilse et al. 2018, "Attention-based Deep Multiple Instance Learning", eq. 8; the softmax runs over
the modalities that are present, so a missing one takes part in nothing. A caption that says little
can so give way to the picture, and a drawing of nothing in particular to its caption.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from mmqa.fusion.fitted import path_of, read
from mmqa.fusion.one_vector import OneVectorFuser
from mmqa.records import Floats


class AttentionFuser(OneVectorFuser):
    """The fuser ``attention``."""

    name = "attention"

    def _scores(self, mapped: Floats) -> Floats:
        scores: Floats = np.tanh(mapped @ self.weights.project.T) @ self.weights.weigh
        return scores


def load(folder: Path | None = None) -> AttentionFuser:
    """The fuser from a folder that ``mmqa train fusion`` wrote, or the one that ships.

    Raises:
        ModelMissingError: There are no weights.
        ModelDamagedError: They cannot be read.
    """
    return AttentionFuser(read(path_of(folder, "attention")))
