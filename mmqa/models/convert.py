"""The door to the conversions: a role's ``conversion`` → the function that does it.

Knows: the names, loaded lazily, and what every folder carries: licences and ``role.json``.
Refuses to know: how one model is converted.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

from mmqa.errors import ConfigError, ModelError
from mmqa.models.preset import Role

CONVERSIONS: dict[str, str] = {
    "minilm-onnx/1": "mmqa.models.conversions.sentence:convert",
    "efficientnet-lite2-onnx/1": "mmqa.models.conversions.image:convert",
    "whisper-parts/1": "mmqa.models.conversions.speech:convert",
    "gguf-safetensors/1": "mmqa.models.conversions.language:convert",
    "installed-files/1": "mmqa.models.conversions.installed:convert",
    "hub-files/1": "mmqa.models.conversions.hub:convert",
}
"""``name/revision`` → ``module:function``, each called with (role, source, target)."""

QUIET = {
    "HF_HUB_DISABLE_PROGRESS_BARS": "1",
    "TOKENIZERS_PARALLELISM": "false",
    "TQDM_DISABLE": "1",
    "TRANSFORMERS_VERBOSITY": "error",
}

ROLE_FILE = "role.json"
"""In every role folder: ``{"preset", "role", "recipe"}``; a loader can say what it loads."""


def convert(preset: str, role: Role, source: Path, target: Path) -> None:
    """Turn what was extracted into ``source`` into the role folder ``target``, and check it.

    Raises:
        ConfigError: The preset names a conversion that does not exist.
        ModelError: The conversion failed, or its result is not equal to its source.
    """
    place = CONVERSIONS.get(role.conversion)
    if place is None:
        known = ", ".join(CONVERSIONS)
        raise ConfigError(f"no conversion is called {role.conversion!r}", f"Known: {known}.")
    module, _, name = place.partition(":")
    with _quiet():
        try:
            getattr(import_module(module), name)(role, source, target)
        except (StopIteration, RuntimeError, ValueError, ImportError, OSError) as error:
            reason = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
            raise ModelError(
                role.role,
                f"the {role.role} could not be converted: {reason}",
                "Check that the versions in pyproject.toml are installed, then pull again.",
            ) from error
    _keep_licences(source, target)
    facts = {"preset": preset, "role": role.role, "recipe": role.recipe}
    (target / ROLE_FILE).write_text(json.dumps(facts), encoding="utf-8")


def _keep_licences(source: Path, target: Path) -> None:
    """Licences ask to travel with the weights."""
    for path in sorted(source.glob("*.dist-info/**/LICEN[CS]E*")):
        package = path.relative_to(source).parts[0].partition("-")[0]
        (target / "licences").mkdir(exist_ok=True)
        shutil.copyfile(path, target / "licences" / f"{package}.txt")


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keep the libraries' own bars and advice off the terminal; errors still come as exceptions."""
    before = {name: os.environ.get(name) for name in QUIET}
    os.environ.update(QUIET)
    try:
        _silence_transformers()
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def _silence_transformers() -> None:
    if "transformers" in sys.modules:
        from transformers.utils import logging

        logging.set_verbosity_error()  # type: ignore[no-untyped-call]
        logging.disable_progress_bar()  # type: ignore[no-untyped-call]
