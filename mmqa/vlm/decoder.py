"""The seam between what is asked of a language model and what computes its next tokens.

Knows: the Protocol, and the decoder that drives ``generate`` of transformers, which any of its
models has. Refuses to know: text, end marks, stop strings, cancelling: ``put`` says when to end.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

import torch
from transformers import (
    DynamicCache,
    GenerationConfig,
    LogitsProcessor,
    LogitsProcessorList,
    StoppingCriteria,
    StoppingCriteriaList,
)
from transformers.cache_utils import DynamicLayer

from mmqa.vlm.options import Decoding
from mmqa.vlm.prefix import Layers, Prefix, Prefixes
from mmqa.vlm.sampling import Sampler

Inputs = Mapping[str, torch.Tensor]
"""What a model's ``generate`` takes: ``input_ids`` (b, t) or ``inputs_embeds`` (b, t, d), with
``attention_mask`` (b, t) where rows are padded, and whatever its processor adds."""

Put = Callable[[Sequence[int]], Sequence[bool]]
"""Takes the b tokens that follow, and says which rows are over; the tokens of a row that is over do
not matter any more."""


class Decoder(Protocol):
    """Produces the tokens that follow prompts, one after another."""

    def decode(
        self, inputs: Inputs, decoding: Decoding, put: Put, prefix: Prefix | None = None
    ) -> None:
        """Call ``put`` with each token until all rows are over, ``max_tokens`` times at most.

        Nothing more is computed once ``put`` says that all rows are over. Called in any thread, by
        one at a time, in inference mode.

        Args:
            inputs: b rows. With a prefix of several rows, all begin with its longest head, and the
                padding stands after that.
            decoding: ``max_tokens``, ``temperature`` and ``seed`` are heeded.
            put: Takes the tokens.
            prefix: Where the computation is split, and may continue from what is kept.
        """
        ...

    def forget(self) -> None:
        """Drop what is kept for later prompts."""
        ...


class TransformersDecoder:
    """Drives ``generate`` of a transformers model; implements :class:`Decoder`.

    Args:
        model: In evaluation mode.
        prefix_bytes: Memory for computed heads of prompts, in bytes; 0 keeps none.
    """

    def __init__(self, model: Any, *, prefix_bytes: int = 0) -> None:
        self._model = model
        self._prefixes = Prefixes(prefix_bytes)

    def decode(
        self, inputs: Inputs, decoding: Decoding, put: Put, prefix: Prefix | None = None
    ) -> None:
        """See :class:`Decoder`."""
        placed: dict[str, Any] = {
            name: tensor.to(self._model.device) for name, tensor in inputs.items()
        }
        if prefix is not None and prefix.cuts:
            placed["past_key_values"] = self._head(placed, prefix)
        sampler = Sampler(decoding.temperature, decoding.seed)
        self._model.generate(
            **placed,
            generation_config=_plain(decoding.max_tokens),
            logits_processor=LogitsProcessorList([_Sampling(sampler)]),
            stopping_criteria=StoppingCriteriaList([_Watching(put)]),
        )

    def forget(self) -> None:
        """See :class:`Decoder`."""
        self._prefixes.forget()

    def _head(self, inputs: Inputs, prefix: Prefix) -> DynamicCache:
        """The head up to the last cut, computed where it is not kept, for all rows."""
        done, kept = self._prefixes.longest(prefix)
        cache = DynamicCache(config=self._model.config)
        for number, (keys, values) in enumerate(kept):
            cache.update(keys, values, number)
        name = "inputs_embeds" if "inputs_embeds" in inputs else "input_ids"
        for cut in (cut for cut in prefix.cuts if cut > done):
            step = {name: inputs[name][:1, done:cut]}
            self._model(**step, past_key_values=cache, use_cache=True, logits_to_keep=1)
            if all(type(layer) is DynamicLayer for layer in cache.layers):
                self._prefixes.keep(prefix, cut, _layers(cache))
            done = cut
        rows = inputs[name].shape[0]
        if rows > 1:
            cache.batch_repeat_interleave(rows)
        return cache


def _layers(cache: Any) -> Layers:
    """What a cache holds now; it grows by making new tensors, so these stay as they are."""
    return tuple((layer.keys, layer.values) for layer in cache.layers)


def _plain(max_tokens: int) -> Any:
    """One token after another, with nothing of what a model's own settings may add."""
    settings: Any = GenerationConfig
    return settings(
        max_new_tokens=max_tokens,
        do_sample=False,
        num_beams=1,
        repetition_penalty=1.0,
        no_repeat_ngram_size=0,
        use_cache=True,
    )


class _Sampling(LogitsProcessor):
    """Makes the greedy choice of ``generate`` the sampler's."""

    def __init__(self, sampler: Sampler) -> None:
        self._sampler = sampler

    def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
        return self._sampler.scores(scores)


class _Watching(StoppingCriteria):
    """Hands each token on as soon as it is chosen, before anything further is computed."""

    def __init__(self, put: Put) -> None:
        self._put = put

    def __call__(self, input_ids: torch.Tensor, scores: Any, **kwargs: Any) -> torch.Tensor:
        over = self._put(input_ids[:, -1].tolist())
        return torch.tensor(over, dtype=torch.bool, device=input_ids.device)
