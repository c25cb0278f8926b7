"""Files of a hub: nothing to convert, but looked at before anything vouches for them.

Knows: that weights must be safetensors whose headers can be read, with a configuration beside them.
Refuses to know: which architecture it is, and how it is loaded.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from safetensors import SafetensorError, safe_open

from mmqa.errors import ModelError
from mmqa.models.preset import Role


def convert(role: Role, source: Path, target: Path) -> None:
    """Put the files of ``source`` into ``target`` as well: by name, not by copying gigabytes.

    Raises:
        ModelError: There is no configuration, or a file of weights cannot be read.
    """
    if not (source / "config.json").is_file():
        raise ModelError(role.role, f"{role.repo} has no config.json", "Choose another repository.")
    for path in sorted(p for p in source.iterdir() if p.is_file()):
        if path.suffix == ".safetensors":
            _check(role, path)
        _place(path, target / path.name)


def _check(role: Role, path: Path) -> None:
    try:
        with safe_open(path, framework="numpy"):
            pass
    except (SafetensorError, OSError) as error:
        raise ModelError(
            role.role, f"{path.name} of {role.repo} cannot be read: {error}", "Pull again."
        ) from error


def _place(path: Path, target: Path) -> None:
    """A second name for the same bytes; a copy where the file system has no such thing."""
    try:
        os.link(path, target)
    except OSError:
        shutil.copyfile(path, target)
