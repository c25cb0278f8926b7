"""Logits → the next token.

Knows: the greedy choice, and sampling with a random source of its own.
Refuses to know: models, and the random source that torch shares with everybody.
"""

from __future__ import annotations

import torch


class Sampler:
    """Chooses tokens; the same seed chooses the same tokens from the same logits.

    A temperature T > 0 samples from softmax(logits / T) by the Gumbel-max trick (Gumbel 1954): the
    argmax of logits / T − log E, E drawn from Exp(1), is distributed so exactly. Its draws come
    from a generator of its own, so that nobody else's random numbers change, and on the CPU, so
    that they are the same on every device.

    Args:
        temperature: From 0; 0 is greedy.
        seed: Of the draws.
    """

    def __init__(self, temperature: float = 0.0, seed: int = 0) -> None:
        self._temperature = temperature
        self._generator = torch.Generator().manual_seed(seed)

    def scores(self, logits: torch.Tensor) -> torch.Tensor:
        """(b, v) logits → (b, v) scores whose argmax is the choice; the logits where greedy."""
        if self._temperature == 0.0:
            return logits
        drawn = torch.empty(logits.shape).exponential_(generator=self._generator)
        return logits.float() / self._temperature - drawn.log().to(logits.device)

    def pick(self, logits: torch.Tensor) -> torch.Tensor:
        """(b, v) logits → (b,) tokens."""
        return self.scores(logits).argmax(dim=-1)
