"""A folder that ``mmqa train mapping`` wrote → the mapping that it holds, by whichever method.

Knows: which file means which kind of mapping, and that encoders must be those of the training.
Refuses to know: what a mapping does with its weights.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from mmqa.errors import ModelError, ModelMissingError
from mmqa.interfaces import CrossModalMapping
from mmqa.mapping import closed_form, learned, shipped


def load(
    folder: Path, *, threads: int = 1, encoders: Mapping[str, str] | None = None
) -> CrossModalMapping:
    """The mapping in ``folder``.

    Args:
        folder: Holds ``mapping.safetensors`` (trained on pairs), or ``embedded.safetensors`` alone
            (the closed form, fitted anew).
        threads: Not used: products of small matrices are quicker than waking threads.
        encoders: Role (``image_encoder``, ``text_encoder``) → fingerprint of the encoder in use; a
            mapping that was trained with another one is refused. ``None`` trusts the caller.

    Raises:
        ModelMissingError: There is no mapping in the folder.
        ModelDamagedError: It cannot be read.
        ModelError: It was trained with other encoders.
    """
    del threads
    if (folder / learned.FILE_NAME).is_file():
        trained = learned.load(folder)
        _require_same(folder, trained.learned.encoders, encoders or {})
        return trained
    if (folder / shipped.FILE_NAME).is_file():
        fitted = closed_form.load(folder)
        _require_same(folder, fitted.weights.encoders, encoders or {})
        return fitted
    raise ModelMissingError(
        "mapping",
        f"there is no mapping in {str(folder)!r}",
        "Name the folder that `mmqa train mapping` wrote, or leave mapping empty.",
    )


def _require_same(folder: Path, trained: Mapping[str, str], used: Mapping[str, str]) -> None:
    """Roles that either side does not know are not compared.

    An encoder may be known by several fingerprints, of its source and of its file here.
    """
    for role, fingerprint in used.items():
        if fingerprint not in trained.get(role, fingerprint).split():
            raise ModelError(
                "mapping",
                f"the mapping in {str(folder)!r} was trained with the {role.replace('_', ' ')} "
                f"{trained[role]}, and {fingerprint} is in use",
                "Choose the preset that it was trained with, or train it again.",
            )
