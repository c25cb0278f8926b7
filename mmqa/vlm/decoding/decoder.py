"""Produces the tokens that follow prompts; implements :class:`mmqa.vlm.decoder.Decoder`.

Knows: how prompts are read, in which steps, and how their answers are continued together.
Refuses to know: texts, end marks, and how a graph is run.

The prompts of a batch are read one by one: a processor is busy with thirty tokens as with a
thousand, and so nothing is padded. Their answers go on together, as each step reads all weights.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from torch import Tensor

from mmqa.records import Floats
from mmqa.vlm.decoder import Inputs, Put
from mmqa.vlm.decoding.running import Running
from mmqa.vlm.decoding.shape import Shape
from mmqa.vlm.decoding.vocabulary import Vocabulary
from mmqa.vlm.options import Decoding
from mmqa.vlm.prefix import Prefix, Prefixes
from mmqa.vlm.sampling import Sampler


class BlockDecoder:
    """Decodes with weights of 8 bits.

    Args:
        session: Of a body; see :mod:`mmqa.vlm.decoding.graph`.
        vocabulary: Its two ends.
        shape: Its sizes.
        prefix_bytes: Memory for computed heads of prompts, in bytes; 0 keeps none.
    """

    def __init__(
        self, session: Any, vocabulary: Vocabulary, shape: Shape, *, prefix_bytes: int = 0
    ) -> None:
        self.vocabulary = vocabulary
        self.shape = shape
        self._session = session
        self._prefixes = Prefixes(prefix_bytes)

    def decode(
        self, inputs: Inputs, decoding: Decoding, put: Put, prefix: Prefix | None = None
    ) -> None:
        """See :class:`mmqa.vlm.decoder.Decoder`."""
        prompts = self._prompts(inputs)
        capacity = max(map(len, prompts)) + decoding.max_tokens
        running = Running(self._session, self.shape, len(prompts), capacity)
        hidden = self._read(running, prompts, prefix)
        sampler = Sampler(decoding.temperature, decoding.seed)
        for left in reversed(range(decoding.max_tokens)):
            tokens = sampler.pick(self.vocabulary.logits(hidden))
            if all(put(tokens.tolist())) or not left:
                return
            hidden = running.extend(self.vocabulary.embed(tokens)[:, None].numpy())

    def forget(self) -> None:
        """See :class:`mmqa.vlm.decoder.Decoder`."""
        self._prefixes.forget()

    def _prompts(self, inputs: Inputs) -> list[Floats]:
        """The embeddings (t, w) of each row, without its padding."""
        embedded = inputs.get("inputs_embeds")
        rows: Sequence[Tensor] = list(inputs["input_ids"] if embedded is None else embedded)
        if "attention_mask" in inputs:
            masks = inputs["attention_mask"].bool()
            rows = [row[mask] for row, mask in zip(rows, masks, strict=True)]
        if embedded is None:
            rows = [self.vocabulary.embed(row) for row in rows]
        return [row.float().numpy() for row in rows]

    def _read(self, running: Running, prompts: Sequence[Floats], prefix: Prefix | None) -> Floats:
        """Read all prompts; hidden states (b, w) of their last tokens."""
        done = 0
        if prefix is not None and prefix.cuts:
            done = prefix.cuts[-1]
            self._read_head(running, prompts[0], prefix)
        ends = [
            running.row(number).extend(prompt[None, done:]) for number, prompt in enumerate(prompts)
        ]
        return np.concatenate(ends)

    def _read_head(self, running: Running, prompt: Floats, prefix: Prefix) -> None:
        """Let all prompts begin with the head up to the last cut, read where it is not kept."""
        done, kept = self._prefixes.longest(prefix)
        first = running.row(0)
        first.begin(kept)
        for cut in (cut for cut in prefix.cuts if cut > done):
            first.extend(prompt[None, done:cut])
            kept = first.head(cut)
            self._prefixes.keep(prefix, cut, kept)
            done = cut
        running.begin(kept)
