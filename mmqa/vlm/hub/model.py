"""A vision-language model of a hub, ready to answer.

Knows: its processor, its context, and which prompts may run together.
Refuses to know: how it was loaded, how tokens are computed, and what evidence is.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from mmqa.interfaces import Cancelled
from mmqa.records import Message, Picture, Prompt
from mmqa.vlm.batching import groups, in_order
from mmqa.vlm.generation import Batch, Generation
from mmqa.vlm.hub.prompt import Laid, Layout
from mmqa.vlm.options import DEFAULTS, Decoding, LoadOptions
from mmqa.vlm.queue import Queue

if TYPE_CHECKING:
    from mmqa.vlm.decoder import Inputs


class HubModel:
    """A model with a processor for pictures; implements ``VisionLanguageModel``.

    Args:
        model: Of transformers, with ``generate``, in evaluation mode.
        processor: Its processor.
        made_of: Tells it from others: a digest of its files and of how it was loaded.
        options: Waiting, and the size of pictures.
    """

    sees = True

    def __init__(
        self, model: Any, processor: Any, *, made_of: str, options: LoadOptions = DEFAULTS
    ) -> None:
        self._model = model
        self._dtype = model.dtype
        self._layout = Layout(processor, options.picture_pixels)
        told = f"{made_of}:{options.picture_pixels}"
        self._fingerprint = hashlib.sha256(told.encode()).hexdigest()[:16]
        self._context_tokens = int(model.config.get_text_config().max_position_embeddings)
        # Heads of prompts are not kept: positions of these models depend on the pictures, and some
        # keep states of other shapes than keys and values.
        self._generation = Generation(
            model,
            processor.tokenizer,
            context_tokens=self._context_tokens,
            queue=Queue(options.queue_wait_s),
            prefix_bytes=0,
        )

    @property
    def fingerprint(self) -> str:
        """Changes with the weights, the way they were loaded, and the size of pictures."""
        return self._fingerprint

    @property
    def context_tokens(self) -> int:
        """Longest prompt plus answer, in tokens, those of pictures included."""
        return self._context_tokens

    @property
    def weight_bytes(self) -> int:
        """Memory that the weights take, in bytes."""
        from mmqa.vlm import quantization

        return quantization.weight_bytes(self._model)

    def count_tokens(self, messages: Sequence[Message], pictures: Sequence[Picture] = ()) -> int:
        """Length of the prompt in tokens, template and pictures included."""
        return self._layout.count(Prompt(tuple(messages), tuple(pictures)))

    def warm_up(self) -> None:
        """Answer about a small picture, so that the first question does not pay for lazy kernels.

        Raises:
            GenerationError: It cannot be asked about a picture.
        """
        square = Picture(np.full((64, 64, 3), 128, np.uint8))
        for _ in self.stream([Message("user", "Hello")], [square], max_tokens=2):
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
            pictures: In the order of their marks.
            max_tokens: Longest answer.
            stop: The answer ends before the first of these strings.
            temperature: 0 is greedy, else samples.
            seed: Of the sampling.
            cancelled: Asked while waiting and after each token; true ends the answer there.

        Raises:
            GenerationError: The prompt and the answer do not fit the context, the processor refuses
                a picture, no turn came free in time, memory ran out, or the model failed.
        """
        laid = self._layout.lay_out(Prompt(tuple(messages), tuple(pictures)))
        decoding = Decoding(max_tokens, tuple(stop), temperature, seed)
        return self._generation.stream(self._inputs([laid]), decoding, cancelled)

    def complete(
        self, prompts: Sequence[Prompt], *, max_tokens: int = 96, stop: Sequence[str] = ()
    ) -> list[str]:
        """The answers to n prompts, greedily; those of like length run together.

        Raises:
            GenerationError: As :meth:`stream`.
        """
        laid = [self._layout.lay_out(prompt) for prompt in prompts]
        together = self._together(laid)
        batches = [Batch(self._inputs([laid[n] for n in numbers])) for numbers in together]
        answers = self._generation.complete(batches, Decoding(max_tokens, tuple(stop)))
        return in_order(together, answers)

    def release(self) -> None:
        """Free the weights; it cannot be used afterwards."""
        self._generation.release()
        self._model = None

    def _together(self, prompts: Sequence[Laid]) -> list[list[int]]:
        """Which prompts run together: with pictures or without, and of like length."""
        seeing = [n for n, prompt in enumerate(prompts) if prompt.pictures]
        blind = [n for n, prompt in enumerate(prompts) if not prompt.pictures]
        return [
            [numbers[n] for n in group]
            for numbers in (seeing, blind)
            for group in groups([self._layout.length(prompts[n]) for n in numbers])
        ]

    def _inputs(self, prompts: Sequence[Laid]) -> Inputs:
        """Tensors, the pixels in the numbers that the model computes in."""
        made = self._layout.inputs(prompts)
        return {k: t.to(self._dtype) if t.is_floating_point() else t for k, t in made.items()}
