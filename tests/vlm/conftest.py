"""A small random Llama and a tokenizer of single bytes, for every test of the runtime."""

from __future__ import annotations

from typing import Any

import pytest

BYTES = 256
END, PAD = BYTES, BYTES + 1


@pytest.fixture(scope="session")
def byte_tokenizer() -> Any:
    """Each byte of UTF-8 is a token, its own number; 256 ends, 257 pads."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    plain = [chr(n) for n in range(BYTES)]
    # ByteLevel writes bytes that are no printable letters as others, in order from U+0100
    others = iter(letter for letter in letters if letter not in plain)
    vocabulary = {(c if c in letters else next(others)): n for n, c in enumerate(plain)}
    raw = Tokenizer(models.BPE(vocab=vocabulary, merges=[]))
    raw.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    raw.decoder = decoders.ByteLevel()
    return PreTrainedTokenizerFast(tokenizer_object=raw, eos_token="<end>", pad_token="<pad>")


@pytest.fixture(scope="session")
def llama() -> Any:
    """Two layers, random, float32; tokens as those of ``byte_tokenizer``."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    torch.manual_seed(0)
    model = LlamaForCausalLM(
        LlamaConfig(
            vocab_size=BYTES + 2,
            hidden_size=32,
            intermediate_size=48,
            num_hidden_layers=2,
            num_attention_heads=4,
            num_key_value_heads=2,
            max_position_embeddings=512,
            bos_token_id=END,
            eos_token_id=END,
            pad_token_id=PAD,
            initializer_range=0.3,  # wide enough that the choices are clear
        )
    )
    return model.eval()
