"""``eval naming``: photographs that the language model of the configuration is to name.

Knows: where the vision encoder keeps its class names. Refuses to know: which photographs there are,
and what counts as a name.
"""

from __future__ import annotations

import json
from argparse import Namespace
from pathlib import Path

from mmqa.commands.output import settings
from mmqa.errors import ConfigError
from mmqa.evaluation import naming
from mmqa.evaluation.report import Report
from mmqa.interfaces import Progress
from mmqa.looking import Looker
from mmqa.models.cache import role_folder
from mmqa.parts import Parts

CLASSES = "classes.json"


def run(options: Namespace, tell: Progress) -> Report:
    """Ask of each photograph what it is.

    Raises:
        ConfigError: The vision encoder has no class names to compare with.
    """
    parts = Parts(settings(options))
    folder = role_folder(parts.config.preset, "image_encoder", parts.cache)
    return naming.run(
        parts.language_model,
        Looker(parts, parts.templates, ocr=parts.config.ocr),
        parts.image_encoder,
        class_names(folder),
        limit=options.limit,
        progress=tell,
    )


def class_names(folder: Path) -> list[str]:
    """The names of the encoder's classes, in order.

    Raises:
        ConfigError: There are none.
    """
    file = folder / CLASSES
    if not file.is_file():
        raise ConfigError(
            f"the vision encoder in {str(folder)!r} has no {CLASSES}, so no labels of its own",
            "Use a preset whose encoder has classes, e.g. --set preset=embedded.",
        )
    found: list[str] = json.loads(file.read_text(encoding="utf-8"))
    return found
