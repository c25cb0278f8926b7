"""Entries of model lists as real servers write them."""

from __future__ import annotations

from typing import Any

import pytest

from mmqa.errors import ModelError
from mmqa.vlm.served_errors import Failure
from mmqa.vlm.served_listing import Listed, chosen, read_listed

LLAMA_CPP = {
    "id": "/models/a.gguf",
    "owned_by": "llamacpp",
    "architecture": {"input_modalities": ["text"], "output_modalities": ["text"]},
    "meta": {"n_ctx": 512, "n_ctx_train": 8192},
}
VLLM = {"id": "Qwen/Qwen3-VL-2B-Instruct", "owned_by": "vllm", "max_model_len": 32768}
OLLAMA = {"id": "qwen3-vl:2b", "object": "model", "created": 1, "owned_by": "library"}
OPEN_ROUTER = {
    "id": "qwen/qwen3-vl",
    "context_length": 131072,
    "architecture": {"input_modalities": ["text", "image"]},
}
MISTRAL = {"id": "p", "max_context_length": 128000, "capabilities": {"vision": True}}


@pytest.mark.parametrize(
    ("entry", "listed"),
    [
        # the context of one request, not that of the training
        (LLAMA_CPP, Listed("/models/a.gguf", 512, False, True)),
        (VLLM, Listed("Qwen/Qwen3-VL-2B-Instruct", 32768, None, True)),
        (OLLAMA, Listed("qwen3-vl:2b", None, None, False)),
        (OPEN_ROUTER, Listed("qwen/qwen3-vl", 131072, True, False)),
        (MISTRAL, Listed("p", 128000, True, False)),
        ({"id": "a", "max_model_len": None, "meta": None, "capabilities": ["x"]}, Listed("a")),
    ],
)
def test_what_a_server_says_is_understood(entry: dict[str, Any], listed: Listed) -> None:
    assert read_listed(entry) == listed


def test_the_only_model_needs_no_name() -> None:
    assert chosen("", [Listed("a", 512)], "u") == Listed("a", 512)


@pytest.mark.parametrize("listed", [[], [Listed("a"), Listed("b")]])
def test_without_a_name_there_must_be_one_model(listed: list[Listed]) -> None:
    with pytest.raises(ModelError, match="Set served_model") as caught:
        chosen("", listed, "http://localhost/v1")
    assert (", ".join(model.name for model in listed) or "none") in caught.value.remedy


def test_a_name_that_is_not_listed_may_still_be_served() -> None:
    assert chosen("c", [Listed("a", 5), Listed("b", 6)], "u") == Listed("c")


def test_one_model_under_another_name_is_that_model() -> None:
    assert chosen("gpt-4", [Listed("a.gguf", 512, False)], "u") == Listed("gpt-4", 512, False)


def test_a_server_that_cannot_list_may_still_serve_what_is_named() -> None:
    broken = Failure("the server failed (500)", fatal=False)
    assert chosen("a", broken, "u") == Listed("a")
    with pytest.raises(ModelError, match="failed"):
        chosen("", broken, "u")
    with pytest.raises(ModelError, match="refuses the key"):
        chosen("a", Failure("the server refuses the key"), "u")
