"""Whisper models in the form of CTranslate2: parts joined, files put side by side.

Knows: which files faster-whisper wants. Refuses to know: how speech is transcribed.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from mmqa.errors import ModelError
from mmqa.models.preset import Role

SILENCE_SAMPLES = 16_000


def convert(role: Role, source: Path, target: Path) -> None:
    """Write ``model.bin``, ``config.json``, ``tokenizer.json`` and the vocabulary into ``target``.

    A model that was split to fit a package's size limit lies in ``model.bin.part1``, ``…part2``.

    Raises:
        ModelError: faster-whisper cannot load the result.
    """
    for path in sorted(source.glob("**/*")):
        if path.suffix in {".json", ".txt"} or path.name == "model.bin":
            shutil.move(path, target / path.name)
    parts = sorted(source.glob("**/model.bin.part*"), key=lambda p: int(p.suffix[len(".part") :]))
    if parts:
        _join(parts, target / "model.bin")
    _check(role, target)


def _join(parts: list[Path], target: Path) -> None:
    with target.open("wb") as joined:
        for part in parts:
            with part.open("rb") as piece:
                shutil.copyfileobj(piece, joined, 1 << 20)


def _check(role: Role, target: Path) -> None:
    """Load it and let it look at a second of silence, so that a wrong join cannot pass."""
    import numpy as np
    from faster_whisper import WhisperModel

    try:
        model = WhisperModel(
            str(target), device="cpu", compute_type="int8", cpu_threads=2, local_files_only=True
        )
        list(model.transcribe(np.zeros(SILENCE_SAMPLES, np.float32), language="en", beam_size=1)[0])
    except (RuntimeError, ValueError, OSError) as error:
        raise ModelError(
            role.role, f"the speech model cannot be loaded: {error}", "Pull again."
        ) from error
