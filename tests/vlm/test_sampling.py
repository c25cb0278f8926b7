"""The next token: greedy, or sampled with a random source of its own."""

from __future__ import annotations

import torch

from mmqa.vlm.sampling import Sampler

LOGITS = torch.tensor([[1.0, 3.0, 2.0, -1.0]])


def draws(sampler: Sampler, n: int) -> list[int]:
    return [int(sampler.pick(LOGITS)) for _ in range(n)]


def test_without_temperature_the_largest_logit_wins() -> None:
    assert draws(Sampler(), 3) == [1, 1, 1]
    assert Sampler().scores(LOGITS) is LOGITS


def test_the_same_seed_draws_the_same_and_another_seed_others() -> None:
    assert draws(Sampler(2.0, 7), 30) == draws(Sampler(2.0, 7), 30)
    assert draws(Sampler(2.0, 7), 30) != draws(Sampler(2.0, 8), 30)


def test_draws_are_distributed_as_softmax_says() -> None:
    n, temperature = 40_000, 1.5
    rows = LOGITS.expand(n, -1)
    found = torch.bincount(Sampler(temperature, 1).pick(rows), minlength=4) / n
    expected = (LOGITS[0] / temperature).softmax(0)
    assert torch.allclose(found, expected, atol=4 * 0.5 / n**0.5)


def test_torchs_own_random_numbers_are_left_alone() -> None:
    before = torch.get_rng_state()
    draws(Sampler(1.0, 3), 5)
    assert torch.equal(torch.get_rng_state(), before)


def test_low_temperatures_come_near_to_greedy_in_any_number_type() -> None:
    assert int(Sampler(1e-3, 0).pick(LOGITS.bfloat16())) == 1
