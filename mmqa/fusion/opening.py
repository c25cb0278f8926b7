"""A folder that ``mmqa train fusion`` wrote → the fuser that it holds, by either method.

Knows: which method a file names, and that the text encoder must be that of the training. Refuses to
know: what a fuser does with its weights.

Another *mapping* than that of the training is let through: pictures of a better mapping still lie
in the space of the text encoder, though the fuser may weigh them less than they deserve.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from mmqa.errors import ModelError
from mmqa.fusion.attention import AttentionFuser
from mmqa.fusion.fitted import path_of, read
from mmqa.fusion.one_vector import OneVectorFuser
from mmqa.fusion.weighted import WeightedFuser


def load(folder: Path, *, encoders: Mapping[str, str] | None = None) -> OneVectorFuser:
    """The fuser in ``folder``.

    Args:
        folder: Holds ``fusion.safetensors``.
        encoders: Role → fingerprint of what is in use; ``None``: not checked.

    Raises:
        ModelMissingError: There are no weights.
        ModelDamagedError: They cannot be read.
        ModelError: They were trained on vectors of another text encoder.
    """
    weights = read(path_of(folder))
    trained, used = (known.get("text_encoder") for known in (weights.encoders, encoders or {}))
    if trained and used and trained != used:
        raise ModelError(
            "fuser",
            f"the fuser in {str(folder)!r} was trained with the text encoder {trained!r}, "
            f"not {used!r}",
            "Use the preset that it was trained with, or train it again with `mmqa train fusion`.",
        )
    return WeightedFuser(weights) if weights.method == "weighted" else AttentionFuser(weights)
