"""A chat model that reads text only, on this machine.

Knows: its chat template, the size of its own context, and what may compute its tokens.
Refuses to know: what evidence is, how a prompt came about, and pixels: pictures reach this model
only through the words that the prompt says about them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterator, Sequence
from pathlib import Path
from typing import Any

from mmqa.interfaces import Cancelled
from mmqa.records import Message, Picture, Prompt
from mmqa.vlm import text_decoder
from mmqa.vlm.batching import groups, in_order, padded
from mmqa.vlm.chat_template import ChatPrompt, lay_out
from mmqa.vlm.decoder import Inputs
from mmqa.vlm.folder_digest import folder_digest
from mmqa.vlm.generation import Batch, Generation
from mmqa.vlm.options import DEFAULTS, Decoding, LoadOptions
from mmqa.vlm.queue import Queue
from mmqa.vlm.text_weights import opening, read, tokenizer_in

__all__ = ["TextModel", "load", "opened", "read"]


def load(folder: Path, *, threads: int, options: LoadOptions = DEFAULTS) -> TextModel:
    """Load the model that ``save_pretrained`` wrote into ``folder``, warmed up.

    Args:
        folder: Holds ``config.json``, safetensors and the tokenizer with its chat template.
        threads: CPU threads, from 1; set for the whole process, as torch knows no other way.
        options: Quantization, device, waiting, memory for heads of prompts.

    Raises:
        ModelMissingError: There is no model in ``folder``.
        ModelError: What lies there cannot be loaded, or not so.
        ConfigError: The device is not there.
    """
    model, tokenizer, mode = opened(folder, threads=threads, options=options)
    text_model = TextModel(folder, model, tokenizer, options=options, quantized=mode)
    text_model.warm_up()
    return text_model


def opened(folder: Path, *, threads: int, options: LoadOptions) -> tuple[Any, Any, str]:
    """The model, its tokenizer, and how it is quantized: the fast one where ``auto`` may choose.

    Raises:
        ModelError, ConfigError: As :func:`load`.
    """
    with opening(folder):
        blocks = text_decoder.read_blocks(folder, threads=threads, options=options)
        if blocks is not None:
            return blocks, tokenizer_in(folder), text_decoder.MODE
    return read(folder, threads=threads, options=options)


class TextModel:
    """A causal language model with a chat template; implements ``VisionLanguageModel``.

    Args:
        folder: Where it was loaded from.
        model: A transformers model with ``generate``, in evaluation mode, or a ``BlockModel``.
        tokenizer: Its tokenizer, with a chat template.
        options: Waiting, memory for heads of prompts.
        quantized: ``none``, ``int8``, ``nf4`` or ``blocks``: what ``model`` is.
    """

    sees = False

    def __init__(
        self,
        folder: Path,
        model: Any,
        tokenizer: Any,
        *,
        options: LoadOptions = DEFAULTS,
        quantized: str = "none",
    ) -> None:
        self._folder = folder
        self._model = model
        self._tokenizer = tokenizer
        self._numbers = str(model.dtype) + ("" if quantized == "none" else quantized)
        self._fingerprint = ""
        self._context_tokens = int(model.config.max_position_embeddings)
        self._queue = Queue(options.queue_wait_s)
        self._generation = Generation(
            model,
            tokenizer,
            context_tokens=self._context_tokens,
            queue=self._queue,
            decoder=text_decoder.of(model),
            prefix_bytes=options.prefix_bytes,
        )

    @property
    def fingerprint(self) -> str:
        """Digest of every file and of the number type; computed when first asked for."""
        if not self._fingerprint:
            self._fingerprint = folder_digest(self._folder, self._numbers)
        return self._fingerprint

    @property
    def model(self) -> Any:
        """What it was made of; ``None`` once released."""
        return self._model

    @property
    def tokenizer(self) -> Any:
        """Its tokenizer."""
        return self._tokenizer

    @property
    def queue(self) -> Queue:
        """The turns; a model that shares its weights shares them."""
        return self._queue

    @property
    def context_tokens(self) -> int:
        """Longest prompt plus answer, in tokens."""
        return self._context_tokens

    @property
    def weight_bytes(self) -> int:
        """Memory that the weights take, in bytes."""
        return text_decoder.weight_bytes(self._model)

    def count_tokens(self, messages: Sequence[Message], pictures: Sequence[Picture] = ()) -> int:
        """Length of the prompt that ``messages`` make, in tokens, template included."""
        return len(lay_out(self._tokenizer, messages).tokens)

    def warm_up(self) -> None:
        """Generate two tokens, so that the first question does not pay for lazy kernels."""
        for _ in self.stream([Message("user", "Hello")], max_tokens=2):
            pass

    def stream(
        self,
        messages: Sequence[Message],
        pictures: Sequence[Picture] = (),
        *,
        max_tokens: int = 96,
        stop: Sequence[str] = (),
        temperature: float = 0.0,
        seed: int = 0,
        cancelled: Cancelled | None = None,
    ) -> Iterator[str]:
        """Yield the answer piece by piece, until the end mark or ``max_tokens``.

        Args:
            messages: The conversation, at least one message.
            pictures: Accepted and not looked at: ``sees`` is false.
            max_tokens: Longest answer.
            stop: The answer ends before the first of these strings.
            temperature: 0 is greedy, else samples.
            seed: Of the sampling.
            cancelled: Asked while waiting and after each token; true ends the answer there.

        Raises:
            GenerationError: The prompt and the answer do not fit the context, no turn came free in
                time, memory ran out, or the model failed.
        """
        prompt = lay_out(self._tokenizer, messages)
        decoding = Decoding(max_tokens, tuple(stop), temperature, seed)
        return self._generation.stream(_inputs(prompt), decoding, cancelled, prefix=prompt.prefix)

    def complete(
        self, prompts: Sequence[Prompt], *, max_tokens: int = 96, stop: Sequence[str] = ()
    ) -> list[str]:
        """The answers to n prompts, greedily; those that begin alike run together.

        Raises:
            GenerationError: As :meth:`stream`.
        """
        laid = [lay_out(self._tokenizer, prompt.messages) for prompt in prompts]
        together = _together(laid)
        batches = [self._batch([laid[n] for n in numbers]) for numbers in together]
        answers = self._generation.complete(batches, Decoding(max_tokens, tuple(stop)))
        return in_order(together, answers)

    def release(self) -> None:
        """Free the weights; it cannot be used afterwards."""
        self._generation.release()
        self._model = None

    def _batch(self, prompts: Sequence[ChatPrompt]) -> Batch:
        first = prompts[0]
        rows = [_inputs(prompt) for prompt in prompts]
        pad = int(self._tokenizer.pad_token_id or 0)
        inputs = rows[0] if len(rows) == 1 else padded(rows, pad, shared=first.head)
        return Batch(inputs, first.prefix)


def _inputs(prompt: ChatPrompt) -> Inputs:
    import torch

    tokens = torch.tensor([prompt.tokens])
    return {"input_ids": tokens, "attention_mask": torch.ones_like(tokens)}


def _together(prompts: Sequence[ChatPrompt]) -> list[list[int]]:
    """Which prompts run together: those with the same head, and of like length."""
    heads: dict[Hashable, list[int]] = defaultdict(list)
    for number, prompt in enumerate(prompts):
        heads[prompt.prefix.head(prompt.head)].append(number)
    return [
        [numbers[n] for n in group]
        for numbers in heads.values()
        for group in groups([len(prompts[n].tokens) for n in numbers])
    ]
