"""Stands where a model of transformers would: what the rest asks of one, besides decoding.

Knows: the names that transformers gives to settings and embeddings. Refuses to know: how tokens
are computed (see ``decoder``), and where weights come from.
"""

from __future__ import annotations

from typing import Any

from torch import nn

from mmqa.vlm.decoding.decoder import BlockDecoder


class BlockModel:
    """A language model that this decoder computes.

    Args:
        decoder: Computes the tokens.
        config: The model's configuration, of transformers.
        generation_config: Its settings, which name end marks.
        weight_bytes: Memory that its weights take, in bytes; what it shares counts for the other.
        source: What the weights are, e.g. a digest.
    """

    dtype = "blocks of 8 bits"

    def __init__(
        self,
        decoder: BlockDecoder,
        config: Any,
        generation_config: Any,
        weight_bytes: int,
        source: str,
    ) -> None:
        self.decoder = decoder
        self.config = config
        self.generation_config = generation_config
        self.weight_bytes = weight_bytes
        self.source = source
        tokens, width = decoder.vocabulary.table.shape
        self._embeddings = nn.Embedding(
            tokens, width, _weight=decoder.vocabulary.table, _freeze=True
        )

    def get_input_embeddings(self) -> nn.Embedding:
        """Tokens → embeddings, in the type that the weights had."""
        return self._embeddings
