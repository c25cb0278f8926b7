"""The computed heads of recent prompts, so that a prompt which begins alike continues from there.

Knows: keys and values of attention for the head of a prompt, and how much memory they may take.
Refuses to know: what a prompt means, and how its tokens came about.

A prompt is always computed in the same steps, those between its cuts, whether a head is kept or
not; what is taken from here is what would be computed again, to the bit.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass
from itertools import pairwise

import torch

Layers = tuple[tuple[torch.Tensor, torch.Tensor], ...]
"""Keys and values of each layer, each (1, heads, positions, width)."""


@dataclass(frozen=True, slots=True)
class Prefix:
    """Where a prompt may be continued from.

    Attributes:
        keys: One for each position of the prompt: equal keys mean equal inputs. Token ids where
            there are only tokens; for a picture's positions its digest and the number of the
            position, say.
        cuts: Lengths of heads that other prompts are likely to share, rising, each shorter than the
            prompt.

    Raises:
        ValueError: The cuts do not rise, or one is not inside the prompt.
    """

    keys: tuple[Hashable, ...]
    cuts: tuple[int, ...]

    def __post_init__(self) -> None:
        bounds = (0, *self.cuts, len(self.keys))
        if any(a >= b for a, b in pairwise(bounds)):
            raise ValueError(f"cuts {self.cuts} do not rise within {len(self.keys)} positions")

    def head(self, cut: int) -> tuple[Hashable, ...]:
        """What stands before ``cut``, and in which steps it is computed."""
        steps = tuple(c for c in self.cuts if c <= cut)
        return (steps, *self.keys[:cut])


class Prefixes:
    """Heads computed before, the least recently used dropped first.

    Args:
        most_bytes: Memory that they may take together, in bytes; 0 keeps none.
    """

    def __init__(self, most_bytes: int) -> None:
        self._most_bytes = most_bytes
        self._kept: OrderedDict[tuple[Hashable, ...], Layers] = OrderedDict()

    @property
    def used_bytes(self) -> int:
        """Memory that the kept heads take."""
        return sum(size_bytes(layers) for layers in self._kept.values())

    def longest(self, prefix: Prefix) -> tuple[int, Layers]:
        """The longest head of the prompt that is kept: its length and layers; 0 and none."""
        for cut in reversed(prefix.cuts):
            head = prefix.head(cut)
            if head in self._kept:
                self._kept.move_to_end(head)
                return cut, self._kept[head]
        return 0, ()

    def keep(self, prefix: Prefix, cut: int, layers: Layers) -> None:
        """Keep a head; the tensors must never be written to again."""
        if size_bytes(layers) > self._most_bytes:
            return
        self._kept[prefix.head(cut)] = layers
        while self.used_bytes > self._most_bytes:
            self._kept.popitem(last=False)

    def forget(self) -> None:
        """Drop all."""
        self._kept.clear()


def size_bytes(layers: Layers) -> int:
    """Memory that the tensors of ``layers`` take."""
    return sum(t.nbytes for pair in layers for t in pair)
