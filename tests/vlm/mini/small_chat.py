"""A tokenizer of whole words with SmolLM2's chat template, and a random Llama of its size."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from mmqa.records import Floats, ImageFeatures, Picture

WIDTH = 64
CONTEXT = 256
SPECIAL = ("<|endoftext|>", "<|im_start|>", "<|im_end|>")
SENTENCES = (
    "user assistant system You are a helpful AI assistant named SmolLM, trained by Hugging Face",
    "Be kind. Hello Looks like: thing thing, sign Text in it: Picture 1: 2: Question: ￼",
    "Answer briefly. Answer with a number. Answer yes or no. What colour is it? What shape is it?",
    "Is it red? Is it blue? Are both red? How many are there? red green blue yes no one two three",
)
WORDS = tuple(dict.fromkeys([*SPECIAL, *" ".join(SENTENCES).split()]))
TEMPLATE = (
    "{% for message in messages %}{% if loop.first and messages[0]['role'] != 'system' %}"
    "{{ '<|im_start|>system\nYou are a helpful AI assistant named SmolLM, trained by Hugging Face"
    "<|im_end|>\n' }}{% endif %}{{'<|im_start|>' + message['role'] + '\n' + message['content']"
    " + '<|im_end|>' + '\n'}}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)


def tokenizer() -> Any:
    """Each word is a token; what it does not know is ``<|endoftext|>``."""
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    vocabulary = {word: number for number, word in enumerate(WORDS)}
    raw = Tokenizer(models.WordLevel(vocabulary, unk_token=SPECIAL[0]))
    raw.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    found = PreTrainedTokenizerFast(
        tokenizer_object=raw,
        unk_token=SPECIAL[0],
        bos_token=SPECIAL[1],
        eos_token=SPECIAL[2],
        pad_token=SPECIAL[2],
    )
    found.chat_template = TEMPLATE
    return found


def llama(seed: int = 0) -> Any:
    """Two layers, float32, frozen; its words are far enough apart to be told from each other."""
    from transformers import LlamaConfig, LlamaForCausalLM

    torch.manual_seed(seed)
    model = LlamaForCausalLM(
        LlamaConfig(
            vocab_size=len(WORDS),
            hidden_size=WIDTH,
            intermediate_size=128,
            num_hidden_layers=2,
            num_attention_heads=4,
            num_key_value_heads=2,
            max_position_embeddings=CONTEXT,
            bos_token_id=1,
            eos_token_id=2,
            pad_token_id=0,  # the embedding of padding is zero, that of the end must not be
            tie_word_embeddings=True,
            initializer_range=0.15,
        )
    )
    return model.requires_grad_(False).eval()


def saved(folder: Path, seed: int = 0) -> Path:
    """Both, as a folder that can be loaded."""
    llama(seed).save_pretrained(folder)
    tokenizer().save_pretrained(folder)
    return folder


class ColourEye:
    """An image encoder that sees the mean colour of each cell of a 9 × 9 grid; counts its calls."""

    fingerprint = "colours"

    def __init__(self) -> None:
        self.looked = 0

    def encode(self, pictures: Sequence[Picture], *, grid: bool = False) -> ImageFeatures:
        self.looked += len(pictures)
        cells = torch.stack([_cells(picture) for picture in pictures]).numpy()
        pooled: Floats = cells.mean((2, 3))
        return ImageFeatures(pooled, grid=cells if grid else None)


def _cells(picture: Picture) -> torch.Tensor:
    pixels = torch.from_numpy(picture.pixels.copy()).permute(2, 0, 1).float() / 255
    return torch.nn.functional.adaptive_avg_pool2d(pixels, 9)
