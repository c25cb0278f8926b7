"""Names of parts → the code that builds them, loaded only when asked for.

Knows: which name stands for which ``module:attribute``; entry points of other packages come in by
the same door (group ``mmqa.<role>``). Refuses to know: what a part does, and any heavy import.
"""

from __future__ import annotations

from importlib import import_module
from importlib.metadata import entry_points
from typing import Any

from mmqa.errors import ConfigError

BUILT_IN: dict[str, dict[str, str]] = {
    "image_encoder": {"efficientnet": "mmqa.features.efficientnet:load"},
    "text_encoder": {"onnx": "mmqa.features.sentence:load"},
    "transcriber": {"faster-whisper": "mmqa.features.speech:load"},
    "text_recognizer": {"rapidocr": "mmqa.features.ocr:load"},
    "mapping": {
        "closed-form": "mmqa.mapping.closed_form:load",
        "folder": "mmqa.mapping.opening:load",
    },
    "prompt_words": {"vocabulary": "mmqa.mapping.prompt_words:load"},
    "fuser": {
        "concat": "mmqa.fusion.concat:load",
        "weighted": "mmqa.fusion.weighted:load",
        "attention": "mmqa.fusion.attention:load",
        "folder": "mmqa.fusion.opening:load",
    },
    "router": {
        "uniform": "mmqa.fusion.router:load_uniform",
        "trained": "mmqa.fusion.router:load",
        "folder": "mmqa.fusion.router:load",
    },
    "query_prompt": {
        "templates": "mmqa.prompts.ensembles:load",
        "expansion": "mmqa.prompts.expansion:load",
        "rewriting": "mmqa.prompts.rewriting:load",
    },
    "language_model": {
        "transformers-text": "mmqa.vlm.text_model:load",
        "mini": "mmqa.vlm.mini.loading:load",
        "transformers": "mmqa.vlm.hub.loading:load",
        "served": "mmqa.vlm.served:load",
    },
}


def names(role: str) -> tuple[str, ...]:
    """All names known for ``role``, sorted.

    >>> names("fuser")
    ('attention', 'concat', 'folder', 'weighted')
    """
    found = set(BUILT_IN.get(role, {}))
    found.update(point.name for point in entry_points(group=f"mmqa.{role}"))
    return tuple(sorted(found))


def load(role: str, name: str) -> Any:
    """The attribute that ``name`` stands for in ``role``: always a factory, never an instance.

    Raises:
        ConfigError: Nothing goes by that name.
    """
    target = BUILT_IN.get(role, {}).get(name)
    if target is not None:
        module, _, attribute = target.partition(":")
        return getattr(import_module(module), attribute)
    for point in entry_points(group=f"mmqa.{role}"):
        if point.name == name:
            return point.load()
    known = ", ".join(names(role)) or "none"
    raise ConfigError(f"no {role} is called {name!r}", f"Known: {known}.")
