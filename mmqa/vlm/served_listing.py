"""What a server says of its models, and which of them is meant.

Knows: how servers word it: vLLM, llama.cpp, OpenRouter, Mistral and others each add something of
their own to OpenAI's list. Refuses to know: how the list is fetched.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from mmqa.errors import ModelError
from mmqa.vlm.served_errors import Failure

ROLE = "language_model"
_CONTEXT_NAMES = ("max_model_len", "context_length", "context_window", "max_context_length")
"""vLLM; OpenRouter, LM Studio; Groq; Mistral."""


@dataclass(frozen=True, slots=True)
class Listed:
    """A model as the server lists it.

    Attributes:
        name: What requests call it.
        context_tokens: Longest prompt plus answer; ``None`` where the server does not say.
        sees: Whether it takes pictures; ``None`` where the server does not say.
        tokenizes: Whether the server has ``/tokenize`` (vLLM, llama.cpp).
    """

    name: str
    context_tokens: int | None = None
    sees: bool | None = None
    tokenizes: bool = False


def read_listed(model: Mapping[str, Any]) -> Listed:
    """One entry of the list.

    >>> read_listed({"id": "a", "owned_by": "vllm", "max_model_len": 8192})
    Listed(name='a', context_tokens=8192, sees=None, tokenizes=True)
    """
    lengths = [model.get(name) for name in _CONTEXT_NAMES]
    lengths.append(_part(model, "meta").get("n_ctx"))  # llama.cpp: of one request
    length = next((n for n in lengths if isinstance(n, int) and n > 0), None)
    tokenizes = model.get("owned_by") in {"vllm", "llamacpp"}
    return Listed(str(model.get("id", "")), length, _sees(model), tokenizes)


def _sees(model: Mapping[str, Any]) -> bool | None:
    """llama.cpp and OpenRouter list what goes in; Mistral lists what the model can do."""
    modalities = _part(model, "architecture").get("input_modalities")
    if isinstance(modalities, list):
        return "image" in modalities
    vision = _part(model, "capabilities").get("vision")
    return vision if isinstance(vision, bool) else None


def _part(model: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    part = model.get(name)
    return part if isinstance(part, Mapping) else {}


def chosen(name: str, listed: Sequence[Listed] | Failure, url: str) -> Listed:
    """The model that is meant, with what the server says of it.

    A server that cannot list its models (``transformers serve`` without a cache) may still serve
    the one that is named, and one that does not list a name may load it when it is asked.
    """
    if isinstance(listed, Failure):
        if listed.fatal or not name:
            raise ModelError(ROLE, listed.fact, listed.remedy)
        return Listed(name)
    if not name and len(listed) != 1:
        names = ", ".join(model.name for model in listed) or "none"
        raise ModelError(
            ROLE,
            f"the server at {url} lists {len(listed)} models, and served_model names none",
            f"Set served_model. It lists: {names}.",
        )
    found = next((model for model in listed if model.name == name), None)
    if found is None and len(listed) == 1:  # llama.cpp has one model and takes any name for it
        found = listed[0]
    return replace(found, name=name or found.name) if found else Listed(name)
