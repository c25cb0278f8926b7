"""Prompts that run together: who with whom, and how they are laid side by side.

Knows: left padding, and that prompts of like length waste least.
Refuses to know: models, and what the prompts say.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch

from mmqa.vlm.decoder import Inputs

MOST_TOKENS = 4096
"""Of a batch, padding included: beyond, a CPU gains nothing more, and memory grows."""

MOST_ROWS = 32
"""Of a batch."""


def groups(
    lengths: Sequence[int], *, most_tokens: int = MOST_TOKENS, most_rows: int = MOST_ROWS
) -> list[list[int]]:
    """Which prompts run together: positions in ``lengths``, prompts of like length side by side.

    >>> groups([5, 90, 6, 80, 5], most_tokens=100)
    [[0, 4, 2], [3], [1]]
    """
    found: list[list[int]] = []
    for at in sorted(range(len(lengths)), key=lambda n: lengths[n]):
        fits = found and lengths[at] * (len(found[-1]) + 1) <= most_tokens
        if fits and len(found[-1]) < most_rows:
            found[-1].append(at)
        else:
            found.append([at])
    return found


def in_order(together: Sequence[Sequence[int]], answers: Sequence[str]) -> list[str]:
    """The answers to groups of prompts, group after group → in the order of the prompts.

    >>> in_order([[2, 0], [1]], ["third", "first", "second"])
    ['first', 'second', 'third']
    """
    order = [n for numbers in together for n in numbers]
    return [text for _, text in sorted(zip(order, answers, strict=True))]


def padded(rows: Sequence[Inputs], pad_token: int, *, shared: int = 0) -> dict[str, torch.Tensor]:
    """n prompts of one row each → one batch of n rows, padded on the left.

    Args:
        rows: Each with ``input_ids`` (1, t) or each with ``inputs_embeds`` (1, t, d), nothing else
            that matters.
        pad_token: Fills the padding of ``input_ids``; embeddings are padded with zeros.
        shared: All begin with the same so many positions; the padding stands after them.

    Returns:
        ``input_ids`` (n, T) or ``inputs_embeds`` (n, T, d), and ``attention_mask`` (n, T).
    """
    name = "inputs_embeds" if "inputs_embeds" in rows[0] else "input_ids"
    fill = 0.0 if name == "inputs_embeds" else pad_token
    longest = max(row[name].shape[1] for row in rows)
    batch = [_stretched(row[name], longest, fill, shared) for row in rows]
    ones = [torch.ones(row[name].shape[:2], dtype=torch.long) for row in rows]
    mask = [_stretched(one, longest, 0, shared) for one in ones]
    return {name: torch.cat(batch), "attention_mask": torch.cat(mask)}


def _stretched(row: torch.Tensor, longest: int, fill: float, shared: int) -> torch.Tensor:
    padding = row.new_full((1, longest - row.shape[1], *row.shape[2:]), fill)
    return torch.cat([row[:, :shared], padding, row[:, shared:]], dim=1)
