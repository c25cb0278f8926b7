"""The real weights of the preset ``embedded``, as they lie in the user's cache."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from mmqa.models.cache import cache_folder, role_folder
from mmqa.models.preset import load_preset
from mmqa.models.pull import is_pulled, pull
from mmqa.models.verify import verify

pytestmark = pytest.mark.weights


def folder(role: str) -> Path:
    return role_folder("embedded", role, cache_folder())


def session(role: str):  # type: ignore[no-untyped-def]
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(str(folder(role) / "model.onnx"), options)


def test_every_file_is_as_it_was_pulled_and_a_pull_finds_nothing_to_do() -> None:
    preset = load_preset("embedded")
    assert verify(preset, cache_folder()) == []
    assert is_pulled(preset, cache_folder())
    assert pull(preset, cache_folder()).seconds < 2


def embed(texts: list[str]) -> np.ndarray:
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(folder("text_encoder") / "tokenizer.json"))
    rows = tokenizer.encode_batch(texts)
    feed = {
        "input_ids": np.array([row.ids for row in rows], np.int64),
        "attention_mask": np.array([row.attention_mask for row in rows], np.int64),
    }
    return session("text_encoder").run(["embeddings"], feed)[0]


def test_sentences_become_unit_vectors_that_padding_does_not_change() -> None:
    alone = embed(["That is a happy person"])
    together = embed(["That is a happy person", "word " * 400])
    assert together.shape == (2, 384) and together.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(together, axis=1), 1, atol=1e-5)
    np.testing.assert_allclose(alone[0], together[0], atol=1e-5)


def test_similarities_are_those_that_the_model_card_publishes() -> None:
    """The widget example of sentence-transformers/all-MiniLM-L6-v2: 0.695, 0.943, 0.257."""
    vectors = embed(
        [
            "That is a happy person",
            "That is a happy dog",
            "That is a very happy person",
            "Today is a sunny day",
        ]
    )
    np.testing.assert_allclose(vectors[1:] @ vectors[0], [0.695, 0.943, 0.257], atol=2e-3)


@pytest.mark.parametrize(("size_px", "cells"), [(260, 9), (224, 7)])
def test_the_image_encoder_gives_pooled_vector_logits_and_grid(size_px: int, cells: int) -> None:
    pixels = np.random.default_rng(0).uniform(-1, 1, (2, 3, size_px, size_px)).astype(np.float32)
    pooled, logits, grid = session("image_encoder").run(
        ["pooled", "logits", "grid"], {"pixels": pixels}
    )
    assert pooled.shape == (2, 1280) and logits.shape == (2, 1000)
    assert grid.shape == (2, 1280, cells, cells)
    np.testing.assert_allclose(grid.mean((2, 3)), pooled, atol=1e-4)
    assert grid.min() >= 0 and grid.max() <= 6, "activations end in ReLU6, never in swish"


def test_class_names_stand_in_the_order_of_imagenet() -> None:
    names = json.loads((folder("image_encoder") / "classes.json").read_text(encoding="utf-8"))
    assert len(names) == 1000
    assert (names[0], names[207], names[999]) == ("tench", "Golden Retriever", "toilet paper")


def test_the_language_model_knows_how_a_conversation_is_written() -> None:
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(folder("language_model"), local_files_only=True)
    text = tokenizer.apply_chat_template(
        [{"role": "user", "content": "4.25 km"}], tokenize=False, add_generation_prompt=True
    )
    assert text.endswith("<|im_start|>user\n4.25 km<|im_end|>\n<|im_start|>assistant\n")
    assert tokenizer.decode(tokenizer("4.25 km").input_ids) == "4.25 km"


def test_the_language_model_is_stored_as_bfloat16_safetensors() -> None:
    from safetensors import safe_open

    with safe_open(folder("language_model") / "model.safetensors", framework="numpy") as tensors:
        kinds = {tensors.get_slice(name).get_dtype() for name in tensors.keys()}  # noqa: SIM118
    assert kinds == {"BF16"}
