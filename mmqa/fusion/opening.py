"""A folder that ``mmqa train fusion`` wrote → the fuser that it holds, by either method.

Knows: which method a file names. Refuses to know: what a fuser does with its weights.
"""

from __future__ import annotations

from pathlib import Path

from mmqa.fusion.attention import AttentionFuser
from mmqa.fusion.fitted import path_of, read
from mmqa.fusion.one_vector import OneVectorFuser
from mmqa.fusion.weighted import WeightedFuser


def load(folder: Path) -> OneVectorFuser:
    """The fuser in ``folder``.

    Raises:
        ModelMissingError: There are no weights.
        ModelDamagedError: They cannot be read.
    """
    weights = read(path_of(folder))
    return WeightedFuser(weights) if weights.method == "weighted" else AttentionFuser(weights)
