"""The two ends of a language model: tokens → embeddings, hidden states → logits.

Knows: the table of embeddings and the output layer, which several bodies may share.
Refuses to know: what lies between them.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from mmqa.records import Floats


class Vocabulary:
    """Embeddings and output layer.

    Args:
        table: Embeddings (v, w) of any floating type; may lie in a mapped file.
        session: Of a head; see :mod:`mmqa.vlm.decoding.graph`.
    """

    def __init__(self, table: Tensor, session: Any) -> None:
        self.table = table
        self._session = session

    def embed(self, tokens: Tensor) -> Tensor:
        """Tokens (n,) → float32 (n, w)."""
        return self.table[tokens].float()

    def logits(self, hidden: Floats) -> Tensor:
        """Hidden states float32 (n, w) → float32 (n, v)."""
        return torch.from_numpy(self._session.run(["logits"], {"hidden": hidden})[0])
