"""Weights of 8 bits are within half a step, and exact where they can be."""

from __future__ import annotations

import numpy as np
import torch

from mmqa.vlm.decoding.blocks import Blocks


def test_each_32_weights_share_a_scale_that_their_largest_sets():
    row = torch.zeros(1, 64)
    row[0, 3], row[0, 4], row[0, 40] = -2.54, 0.02, 12.7
    blocks = Blocks.of(row)
    np.testing.assert_allclose(blocks.scales, [[0.02, 0.1]], rtol=1e-6)
    assert blocks.numbers[0, 0, 3:6].tolist() == [128 - 127, 128 + 1, 128]
    assert blocks.numbers[0, 1, 8] == 128 + 127
    np.testing.assert_allclose(blocks.weights(), row, rtol=1e-6)


def test_no_weight_moves_by_more_than_half_a_step():
    weights = torch.randn(7, 96, generator=torch.Generator().manual_seed(1))
    blocks = Blocks.of(weights)
    steps = np.repeat(blocks.scales, 32, axis=1)
    assert (np.abs(blocks.weights() - weights.numpy()) <= 0.5001 * steps).all()


def test_rounding_again_changes_nothing():
    once = Blocks.of(torch.randn(4, 64, generator=torch.Generator().manual_seed(2)).bfloat16())
    again = Blocks.of(torch.from_numpy(once.weights()))
    assert np.array_equal(once.numbers, again.numbers)


def test_blocks_may_be_larger():
    row = torch.zeros(1, 64)
    row[0, 3], row[0, 40] = -2.54, 12.7
    blocks = Blocks.of(row, 64)
    np.testing.assert_allclose(blocks.scales, [[0.1]], rtol=1e-6)
    assert blocks.numbers[0, 0, [3, 40]].tolist() == [128 - 25, 128 + 127]


def test_a_block_of_zeros_stays_zero():
    assert not Blocks.of(torch.zeros(2, 32)).weights().any()
