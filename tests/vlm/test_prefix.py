"""Heads of prompts that are kept: which, how many, how long."""

from __future__ import annotations

import pytest
import torch

from mmqa.vlm.prefix import Layers, Prefix, Prefixes, size_bytes


def layers(positions: int) -> Layers:
    """8 bytes a position: one layer, one head of width 1, float32."""
    return ((torch.zeros(1, 1, positions, 1), torch.zeros(1, 1, positions, 1)),)


@pytest.mark.parametrize("cuts", [(0,), (3, 3), (4, 2), (5,)])
def test_cuts_rise_within_the_prompt(cuts: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="do not rise"):
        Prefix(tuple(range(5)), cuts)


def test_the_longest_head_in_common_is_found() -> None:
    kept = Prefixes(1000)
    prompt = Prefix((1, 2, 3, 4, 5, 6), (2, 4))
    kept.keep(prompt, 2, layers(2))
    kept.keep(prompt, 4, layers(4))
    assert kept.longest(Prefix((1, 2, 3, 4, 9, 9, 9), (2, 4)))[0] == 4
    assert kept.longest(Prefix((1, 2, 7, 7, 7), (2, 4)))[0] == 2
    assert kept.longest(Prefix((8, 2, 3, 4, 5), (2, 4))) == (0, ())


def test_a_head_that_was_computed_in_other_steps_is_another() -> None:
    kept = Prefixes(1000)
    kept.keep(Prefix((1, 2, 3, 4, 5), (4,)), 4, layers(4))
    assert kept.longest(Prefix((1, 2, 3, 4, 5), (2, 4)))[0] == 0


def test_the_least_recently_used_goes_first_and_memory_is_bounded() -> None:
    kept = Prefixes(3 * size_bytes(layers(2)))
    prompts = [Prefix((n, n, n), (2,)) for n in range(4)]
    for prompt in prompts[:3]:
        kept.keep(prompt, 2, layers(2))
    kept.longest(prompts[0])
    kept.keep(prompts[3], 2, layers(2))
    assert [kept.longest(prompt)[0] for prompt in prompts] == [2, 0, 2, 2]
    assert kept.used_bytes == 48


def test_a_head_larger_than_all_the_memory_is_not_kept_and_drops_no_other() -> None:
    kept = Prefixes(40)
    kept.keep(Prefix((1, 2), (1,)), 1, layers(1))
    kept.keep(Prefix(tuple(range(9)), (8,)), 8, layers(8))
    assert kept.longest(Prefix((1, 2), (1,)))[0] == 1
    assert kept.used_bytes == 8


def test_what_is_forgotten_takes_no_memory() -> None:
    kept = Prefixes(1000)
    kept.keep(Prefix((1, 2), (1,)), 1, layers(1))
    kept.forget()
    assert kept.used_bytes == 0
